"""Exports of Label Studio: regions in percent, their texts, names of images."""
import json

import pytest

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers.own.label_studio import uploaded_image
from segvg.structures.masks import decode_segmentation
from tests.annotations.readers.own.test_brush import each, equal, head, pack
from tests.annotations.readers.sources import (
    brief,
    exprs_of,
    read,
    write_image,
    write_json,
)


def region(value, key='r1', kind='rectanglelabels', **changes):
    return dict(id=key, type=kind, from_name='label', to_name='image',
                original_width=64, original_height=48, image_rotation=0,
                value={**value, 'rectanglelabels': ['man']}, **changes)


def text(*texts, key='r1', name='caption'):
    return dict(id=key, type='textarea', from_name=name, to_name='image',
                value=dict(text=list(texts)))


BOX = dict(x=25, y=50, width=50, height=25, rotation=0)


@pytest.fixture
def studio(tmp_path):
    """Write an export of one image and read it."""
    def call(*items, data=None, images=None, tasks=None, **options):
        task = dict(id=1, data=data or {'image': '/data/upload/1/0a1b2c3d-a.jpg'},
                    annotations=[dict(id=1, was_cancelled=False, result=list(items))])
        path = write_json(tmp_path / 'export.json', [task] if tasks is None else tasks)
        return read('label_studio', path, images=images, **options)
    return call


def instance(lines):
    return lines[0]['instances'][0]


def test_percent_become_pixels_and_texts_are_joined_by_region(studio):
    lines, findings = studio(region(BOX), text('left man', 'he'),
                             region(dict(x=0, y=0, width=10, height=10), 'r2'),
                             text('dog', key='r2'))
    assert findings == []
    assert [found['bbox'] for found in lines[0]['instances']] == [
        [16, 24, 48, 36], [0, 0, 6.4, 4.8]]
    assert [(expr['text'], expr['targets']) for expr in exprs_of(lines)] == [
        ('left man', [0]), ('he', [0]), ('dog', [1])]


def test_rotated_rectangle_is_the_box_around_it(studio):
    # upper left corner at 32, 12; a quarter clockwise: 8 wide and 16 high, to the left
    lines, findings = studio(region(dict(x=50, y=25, width=25, height=50 / 3,
                                         rotation=90)), text('man'))
    assert findings == []
    assert instance(lines)['bbox'] == pytest.approx([24, 12, 32, 28])


def test_polygons_and_brushes_are_masks(studio):
    points = [[25, 25], [75, 25], [75, 75]]
    lines, findings = studio(region(dict(points=points), kind='polygonlabels'),
                             text('man'))
    assert findings == [] and instance(lines)['bbox'] == [16, 12, 48, 36]
    assert instance(lines)['segm'] == {'poly': [[16, 12, 48, 12, 48, 36]]}
    code = pack(' '.join([head(24), equal(8, 0), each([0, 0, 0, 9]), equal(12, 0)]))
    lines, findings = studio(region(dict(format='rle', rle=code), kind='brush')
                             | dict(original_width=3, original_height=2), text('man'))
    assert instance(lines)['bbox'] == [2, 0, 3, 1]
    assert decode_segmentation(instance(lines)['segm'], 2, 3).sum() == 1


@pytest.mark.parametrize(('item', 'code', 'words'), [
    (region({**BOX, 'x': 320}), 'bad_type', 'are these pixels'),
    (region({**BOX, 'width': 80}), 'bad_type', 'a point at 105, 75'),
    (region({**BOX, 'y': '5'}), 'bad_type', 'y: '),
    (region(dict(points=[[1, 1], [2, 2]]), kind='polygon'), 'bad_type', 'or more'),
    (region(dict(format='rle', rle=[1, 2]), kind='brush'), 'bad_type', 'too early'),
    (region({}, kind='brushlabels'), 'bad_type', 'a brush without rle'),
    (region(dict(x=1), kind='ellipselabels'), 'bad_type', 'a region of type ellipse'),
    (region(BOX) | dict(image_rotation=90), 'bad_type', 'turned by 90 degrees'),
    (region(dict(x=5, y=5, width=0, height=5)), 'box_degenerate', '')])
def test_region_that_cannot_be_used_is_told(studio, item, code, words):
    lines, findings = studio(region(BOX, 'good'), text('dog', key='good'), item,
                             text('man'))
    assert len(exprs_of(lines)) == 1
    assert brief(findings)[0] == (code, 'export.json', '[0].annotations[0].result[2]',
                                  'skip')
    assert words in str(findings[0].value)


def test_texts_and_regions_that_miss_each_other_are_told(studio):
    lines, findings = studio(region(BOX), text('dog', key='r2'), 7,
                             region(BOX, 'r3'), text('cat', key='r3'))
    assert [expr['text'] for expr in exprs_of(lines)] == ['cat']
    codes = {(found.code, found.at.rpartition('.')[2]) for found in findings}
    assert codes == {('ref_without_sentences', 'result[0]'), ('bad_type', 'result[2]'),
                     ('box_missing', 'result[1]')}


def test_field_of_sentences_is_said_where_it_is_unclear(studio):
    items = (region(BOX), text('man'), text('hombre', name='es'))
    with pytest.raises(AnnotationFileError, match='texts of caption and es: say'):
        studio(*items)
    lines, _ = studio(*items, text_field='es')
    assert exprs_of(lines)[0]['text'] == 'hombre'
    with pytest.raises(AnnotationFileError, match='there are label'):
        studio(region(BOX))
    lines, _ = studio(region(BOX), text_field='label')
    assert exprs_of(lines)[0]['text'] == 'man'


def test_tasks_without_answers_are_told(studio):
    good = dict(result=[region(BOX), text('man')])
    tasks = [dict(data={'image': 'a.jpg'}, annotations=found) for found in (
        [good], [], [{**good, 'was_cancelled': True}], [dict(result=[])], 'x')]
    lines, findings = studio(tasks=tasks)
    assert len(exprs_of(lines)) == 1
    assert [(found.code, found.value) for found in findings] == [
        ('image_without_expressions', 'no annotation'),
        ('image_without_expressions', 'the annotation was cancelled'),
        ('image_without_expressions', 'no region'), ('bad_type', "annotations: 'x'")]
    with pytest.raises(AnnotationFileError, match='not as JSON-MIN'):
        studio(tasks=[dict(image='a.jpg', caption=['man'])])


@pytest.mark.parametrize(('address', 'name', 'shorter'), [
    ('/data/upload/3/0a1b2c3d-my%20cat.jpg', 'data/upload/3/0a1b2c3d-my cat.jpg',
     ('upload/3/0a1b2c3d-my cat.jpg', '3/0a1b2c3d-my cat.jpg', '0a1b2c3d-my cat.jpg',
      'my cat.jpg')),
    ('/data/local-files/?d=photos/a.jpg', 'photos/a.jpg', ('a.jpg',)),
    ('s3://bucket/photos/a.jpg', 'photos/a.jpg', ('a.jpg',)),
    ('https://example.org/x/a.jpg?size=3', 'x/a.jpg', ('a.jpg',)),
    ('a.jpg', 'a.jpg', ()), ('photo#1.jpg', 'photo#1.jpg', ())])
def test_address_of_an_image_becomes_names(address, name, shorter):
    image = uploaded_image(address)
    assert (image.name, image.shorter) == (name, shorter)


def test_image_is_found_and_its_split_read(studio, tmp_path):
    write_image(tmp_path / 'photos/a.jpg')
    item = {key: value for key, value in region(BOX).items() if 'original' not in key}
    lines, findings = studio(item, text('man'), images=tmp_path / 'photos',
                             data={'pic': '/data/upload/1/0a1b2c3d-a.jpg',
                                   'split': 'val'}, columns=dict(image='pic'))
    assert findings == [] and lines[0]['image']['file'] == 'a.jpg'
    assert lines[0]['split'] == 'val' and instance(lines)['bbox'] == [16, 24, 48, 36]
    lines, findings = studio(item, text('man'), data={'pic': 'a.jpg'})
    assert lines == [] and 'say --columns image=NAME' in findings[0].value
    assert json.dumps(lines) == '[]'
