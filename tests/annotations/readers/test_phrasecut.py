"""The reader of PhraseCut: tasks, instances with masks, and every finding."""
import pytest

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import READERS, ReadOptions
from tests.annotations.readers.sources import (
    brief,
    exprs_of,
    read,
    write_image,
    write_json,
)

FILE, IMAGES = 'refer_val.json', 'image_data_split.json'
SQUARE = [[5, 5], [15, 5], [15, 15], [5, 15]]
FAR_SQUARE = [[30, 20], [40, 20], [40, 30], [30, 30]]


def image(image_id=2001, **changes):
    return {'image_id': image_id, 'coco_id': None, 'width': 50, 'height': 40,
            'split': 'val', **changes}


def task(number=1, phrase='red car', **changes):
    """A task with one instance, a square of 10 pixels."""
    return {'task_id': f'2001__{number}', 'image_id': 2001, 'ann_ids': [number],
            'instance_boxes': [[5, 5, 10, 10]], 'Polygons': [[SQUARE]],
            'phrase': phrase, **changes}


def without(record, name):
    return {key: value for key, value in record.items() if key != name}


def read_tasks(root, tasks, listed=None, name=FILE, **options):
    write_json(root / name, tasks)
    write_json(root / IMAGES, [image()] if listed is None else listed)
    lines, findings = read('phrasecut', root, **options)
    return lines, brief(findings)


def test_instances_have_boxes_and_all_their_polygons(tmp_path):
    structure = dict(name='car', attributes=['red'], type='attribute')
    lines, findings = read_tasks(tmp_path, [
        task(ann_ids=[1, 2], instance_boxes=[[5, 5, 10, 10], [5, 5, 35, 25]],
             Polygons=[[SQUARE], [SQUARE, FAR_SQUARE]], phrase_structure=structure),
        task(2, 'the car', ann_ids=[1])])
    assert findings == []
    square = [5, 5, 15, 5, 15, 15, 5, 15]
    assert lines == [dict(
        image=dict(id='vg:2001', file='2001.jpg', width=50, height=40, coco_id=None),
        split='val',
        instances=[dict(id=1, bbox=[5, 5, 15, 15], iscrowd=0, segm={'poly': [square]}),
                   dict(id=2, bbox=[5, 5, 40, 30], iscrowd=0, segm={
                       'poly': [square, [30, 20, 40, 20, 40, 30, 30, 30]]})],
        exprs=[dict(id='2001__1', ref_id='2001__1', text='red car', src=[0, 0],
                    targets=[0, 1], extra=dict(phrase_structure=structure)),
               dict(id='2001__2', ref_id='2001__2', text='the car', src=[0, 1],
                    targets=[0])])]


SKIPPED = dict(
    no_record=('text', 'bad_type'),
    no_phrase=(without(task(2), 'phrase'), 'missing_field'),
    odd_phrase=(task(2, 7), 'bad_type'),
    no_boxes=(without(task(2), 'instance_boxes'), 'missing_field'),
    short_box=(task(2, instance_boxes=[[1, 2, 3]]), 'bad_type'),
    odd_ids=(task(2, ann_ids=['two']), 'bad_type'),
    lengths=(task(2, Polygons=[[SQUARE], [SQUARE]]), 'bad_type'),
    nothing=(task(2, ann_ids=[], instance_boxes=[], Polygons=[]),
             'no_target_encoding'),
    no_image=(task(2, image_id=7), 'dangling_image'),
    other_split=(task(2, image_id=2002), 'split_mismatch'),
    sizeless=(task(2, image_id=2003), 'missing_field'),
    blank=(task(2, ' '), 'expr_empty'),
    flat=(task(2, instance_boxes=[[5, 5, 0, 10]]), 'box_degenerate'),
    away=(task(2, instance_boxes=[[55, 5, 10, 10]]), 'box_outside'),
    nan=(task(2, instance_boxes=[[5, float('nan'), 10, 10]]), 'box_not_finite'))
LISTED = [image(), image(2002, split='train'), without(image(2003), 'width')]


@pytest.mark.parametrize('name', SKIPPED)
def test_task_is_skipped_whole(tmp_path, name):
    second, code = SKIPPED[name]
    lines, findings = read_tasks(tmp_path, [task(), second], LISTED)
    assert (code, FILE, '[1]', 'skip') in findings
    assert all(found[2].startswith('[1]') for found in findings)
    assert [expr['id'] for expr in exprs_of(lines)] == ['2001__1']


KEPT = dict(
    punctuation=(task(2, '!'), 'expr_empty_after_clean', ''),
    again=(task(1, 'he'), 'ref_id_duplicate', ''),
    same_words=(task(2, 'Red car.'), 'expr_ambiguous', ''),
    twice=(task(2, 'he', ann_ids=[2, 2], instance_boxes=[[5, 5, 10, 10]] * 2,
                Polygons=[[SQUARE]] * 2), 'target_duplicate', '.ann_ids[1]'),
    other_box=(task(2, 'he', ann_ids=[1], instance_boxes=[[5, 5, 9, 10]]),
               'id_duplicate', '.instance_boxes[0]'),
    border=(task(2, 'he', instance_boxes=[[5, 5, 50, 10]], Polygons=[[
        [[5, 5], [50, 5], [50, 15], [5, 15]]]]), 'box_partly_outside',
        '.instance_boxes[0]'),
    thin=(task(2, 'he', instance_boxes=[[5, 5, .5, 10]]), 'box_thin',
          '.instance_boxes[0]'),
    no_mask=(task(2, 'he', Polygons=[[]]), 'mask_missing', '.Polygons[0]'),
    odd_mask=(task(2, 'he', Polygons=['x']), 'bad_type', '.Polygons[0]'),
    short=(task(2, 'he', Polygons=[[SQUARE, SQUARE[:2]]]), 'mask_bad_polygon',
           '.Polygons[0][1]'),
    points=(task(2, 'he', Polygons=[[[[1, 2, 3], [4, 5, 6]]]]), 'mask_bad_polygon',
            '.Polygons[0]'),
    numbers=(task(2, 'he', Polygons=[[[5, 5, 9, 5]]]), 'mask_bad_polygon',
             '.Polygons[0]'),
    outside=(task(2, 'he', Polygons=[[[[60, 5], [70, 5], [70, 9]]]]), 'mask_empty',
             '.Polygons[0]'),
    elsewhere=(task(2, 'he', Polygons=[[FAR_SQUARE]]), 'mask_box_disagree', ''))


@pytest.mark.parametrize('name', KEPT)
def test_finding_that_costs_nothing(tmp_path, name):
    second, code, place = KEPT[name]
    lines, findings = read_tasks(tmp_path, [task(), second])
    assert (code, FILE, f'[1]{place}', 'keep') in findings
    assert all(found[2].startswith('[1]') for found in findings)
    assert len(exprs_of(lines)) == 2


def test_need_mask_skips_the_task(tmp_path):
    lines, findings = read_tasks(tmp_path, [task(), task(2, 'he', Polygons=[[]])],
                                 need_mask=True)
    assert findings == [('mask_missing', FILE, '[1]', 'skip')]
    assert len(exprs_of(lines)) == 1


def test_split_files_are_read_in_order(tmp_path):
    for number, name in enumerate(('test', 'miniv', 'train', 'input_val', 'later')):
        write_json(tmp_path / f'refer_{name}.json', [task(number + 2)])
    lines, findings = read_tasks(tmp_path, [task()], [without(image(), 'split')])
    assert [line['split'] for line in lines] == ['train', 'val', 'miniv', 'test']
    assert findings == [
        ('split_leak', FILE, '[0]', 'keep'),
        ('split_unknown', 'refer_later.json', '', 'skip'),
        ('split_leak', 'refer_test.json', '[0]', 'keep')]


def test_images_are_looked_for(tmp_path):
    write_image(tmp_path / 'images/2001.jpg', 50, 42)
    lines, findings = read_tasks(
        tmp_path / 'a', [task(), task(2, image_id=7)], [image(), image(7)],
        images=tmp_path)
    assert findings == [('image_size_mismatch', IMAGES, '[0]', 'keep'),
                        ('image_missing', FILE, '[1]', 'skip')]
    assert lines[0]['image']['file'] == 'images/2001.jpg'


def test_broken_or_absent_files_are_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match='expected to hold refer_<split>.json'):
        READERS['phrasecut']([tmp_path], ReadOptions())
    for content in ({}, [image()]):
        write_json(tmp_path / FILE, {})
        write_json(tmp_path / 'image_data_split3000.json', content)
        with pytest.raises(AnnotationFileError, match='expected a list'):
            read('phrasecut', tmp_path)


@pytest.mark.parametrize(('name', 'listed'), [
    ('dev', 'dev'), ('valid', 'val'), ('val', 'validation')])
def test_other_names_of_val_agree_with_each_other(tmp_path, name, listed):
    lines, findings = read_tasks(tmp_path, [task()], [image(split=listed)],
                                 f'refer_{name}.json')
    assert [line['split'] for line in lines] == ['val']
    assert {found[0] for found in findings} <= {'split_alias'}


def test_numbers_are_of_visual_genome_unless_the_images_are_own(tmp_path):
    for own, image_id in ((None, 'vg:2001'), ('own', 'file:2001.jpg')):
        lines, _ = read_tasks(tmp_path, [task()], images_are=own)
        assert [line['image']['id'] for line in lines] == [image_id]
