"""LabelMe: shapes as people draw them, and names of images as it stores them."""
import base64
import io

import numpy as np
import pytest
from PIL import Image

from segvg.annotations.readers import READERS, ReadOptions
from segvg.structures.masks import decode_segmentation
from tests.annotations.readers.sources import (
    brief,
    exprs_of,
    read,
    write_image,
    write_json,
)


def shape(points, label='left man', kind='rectangle', **changes):
    return dict(label=label, points=points, group_id=None, description='',
                shape_type=kind, flags={}, **changes)


@pytest.fixture
def labelme(tmp_path):
    """Write the file of an image and read the folder."""
    def call(*shapes, name='a.json', images=None, **changes):
        options = {key: changes.pop(key) for key in ('text_field', 'join_texts')
                   if key in changes}
        write_json(tmp_path / 'in' / name, {**dict(
            version='5.0.1', flags={}, shapes=list(shapes), imagePath='a.jpg',
            imageData=None, imageHeight=48, imageWidth=64), **changes})
        return read('labelme', tmp_path / 'in', images=images, **options)
    return call


def instance(lines):
    return lines[0]['instances'][0]


@pytest.mark.parametrize('points', [
    [[4, 4], [24, 34]], [[24, 34], [4, 4]], [[24, 4], [4, 34]],
    [[4, 4], [24, 4], [24, 34], [4, 34]]])
def test_rectangle_has_any_two_opposite_corners(labelme, points):
    lines, findings = labelme(shape(points))
    assert findings == [] and instance(lines)['bbox'] == [4, 4, 24, 34]
    assert 'segm' not in instance(lines)
    assert exprs_of(lines)[0]['text'] == 'left man' and lines[0]['split'] == 'train'


def test_polygon_is_a_mask(labelme):
    lines, findings = labelme(shape([[4, 4], [24, 4], [24, 34.5]], kind='polygon'))
    assert findings == [] and instance(lines)['bbox'] == [4, 4, 24, 34.5]
    assert instance(lines)['segm'] == {'poly': [[4, 4, 24, 4, 24, 34.5]]}


def test_circle_is_given_by_its_center_and_a_point(labelme):
    lines, findings = labelme(shape([[30, 20], [33, 24]], kind='circle'))
    assert findings == []
    assert instance(lines)['bbox'] == pytest.approx([25, 15, 35, 25])
    mask = decode_segmentation(instance(lines)['segm'], 48, 64)
    assert mask.sum() == pytest.approx(np.pi * 25, rel=0.1)


def picture(width, height):
    mask = Image.new('1', (width, height))
    mask.paste(1, (1, 0, width, height))
    stream = io.BytesIO()
    mask.save(stream, 'PNG')
    return base64.b64encode(stream.getvalue()).decode()


def test_mask_is_a_picture_between_two_points(labelme):
    lines, findings = labelme(shape([[4, 4], [8, 6]], kind='mask', mask=picture(5, 3)))
    assert findings == [] and instance(lines)['bbox'] == [5, 4, 9, 7]
    mask = decode_segmentation(instance(lines)['segm'], 48, 64)
    assert mask.sum() == 12 and mask[4:7, 5:9].all()


@pytest.mark.parametrize(('changed', 'words'), [
    (dict(points=[[4, 4], [9, 6]], mask=picture(5, 3)), 'its points say (6, 3)'),
    (dict(points=[[4, 4], [8, 60]], mask=picture(5, 57)), 'in an image of 64 x 48'),
    (dict(points=[[4, 4], [8, 6]], mask='no picture'), 'mask: '),
    (dict(points=[[4, 4], [8, 6]], mask=None), 'expected a picture as text')])
def test_mask_that_cannot_be_read_is_told(labelme, changed, words):
    lines, findings = labelme(shape(kind='mask', **changed))
    assert lines == [] and words in findings[0].value


@pytest.mark.parametrize(('bad', 'code', 'words'), [
    (shape([[4, 4], [24, 34]], kind='polygon'), 'mask_bad_polygon', '2 points'),
    (shape([[4, 4], [24, 34]], kind='line'), 'bad_type', "type 'line'"),
    (shape([[4, 4], [24, 'x']]), 'bad_type', 'points'),
    (shape([[4, 4], [24, 34]], label=None), 'bad_type', 'label'),
    (7, 'bad_type', 'int'), (shape([[4, 4], [4, 34]]), 'box_degenerate', '')])
def test_shape_that_cannot_be_used_is_told(labelme, bad, code, words):
    lines, findings = labelme(shape([[4, 4], [24, 34]]), bad)
    assert len(exprs_of(lines)) == 1
    assert brief(findings)[0] == (code, 'a.json', 'shapes[1]', 'skip')
    assert words in str(findings[0].value)


def test_description_goes_before_the_label_unless_said(labelme):
    one = {**shape([[4, 4], [24, 34]], label='man'), 'description': 'the left man'}
    other = shape([[30, 4], [60, 34]], label='dog')
    lines, _ = labelme(one, other)
    assert [expr['text'] for expr in exprs_of(lines)] == ['the left man', 'dog']
    assert exprs_of(lines)[0]['extra'] == {'label': 'man'}
    lines, _ = labelme(one, other, text_field='label')
    assert [expr['text'] for expr in exprs_of(lines)] == ['man', 'dog']
    lines, findings = labelme(one, other, text_field='description')
    assert len(exprs_of(lines)) == 1 and findings[-1].code == 'expr_empty'
    with pytest.raises(ValueError, match='--text-field is description or label'):
        labelme(one, text_field='name')


def test_shapes_of_a_group_are_one_object(labelme):
    parts = [{**shape(points, kind='polygon'), 'group_id': 1} for points in (
        [[4, 4], [10, 4], [10, 10]], [[20, 20], [30, 20], [30, 34]])]
    lines, findings = labelme(*parts)
    assert findings == [] and len(exprs_of(lines)) == 1
    assert instance(lines)['bbox'] == [4, 4, 30, 34]
    assert len(instance(lines)['segm']['poly']) == 2


def test_names_of_images_are_relative_to_the_file(labelme, tmp_path):
    write_image(tmp_path / 'in/val/photos/a.jpg')
    lines, findings = labelme(shape([[4, 4], [24, 34]]), name='val/json/x.json',
                              imagePath='..\\photos\\a.jpg', imageWidth=None,
                              images=tmp_path / 'in')
    assert findings == [] and lines[0]['split'] == 'val'
    assert lines[0]['image']['file'] == 'val/photos/a.jpg'


def test_broken_file_costs_only_itself(labelme, tmp_path):
    (tmp_path / 'in').mkdir()
    (tmp_path / 'in/b.json').write_text('{"shapes": [')
    (tmp_path / 'in/c.json').write_text('[]')
    lines, findings = labelme(shape([[4, 4], [24, 34]]))
    assert len(exprs_of(lines)) == 1
    assert brief(findings) == [('bad_container', 'b.json', '', 'skip'),
                               ('bad_type', 'c.json', '', 'skip')]
    with pytest.raises(FileNotFoundError, match='does not exist'):
        READERS['labelme']([tmp_path / 'none'], ReadOptions())
