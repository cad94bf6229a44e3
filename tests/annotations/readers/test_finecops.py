"""FineCops-Ref: true expressions, the false ones paired with them, every finding."""
import pytest

from segvg.annotations.readers import READERS, ReadOptions
from tests.annotations.readers.sources import (
    COCO_FILE,
    brief,
    exprs_of,
    read,
    write_json,
)

FILE = 'test_expression_all_coco_format.json'


def entry(number=1, caption='the man', **changes):
    return {'id': number, 'file_name': COCO_FILE, 'width': 64, 'height': 48,
            'caption': caption, **changes}


def true(number=1, **changes):
    return {'id': number, 'image_id': number, 'bbox': [4, 4, 12, 30], 'area': 360,
            'iscrowd': 0, 'category_id': 1, 'level': 2, **changes}


def false(number=2, positive_id=1, **changes):
    return true(number, **{
        'negative_type': 'attribute', 'negative_level': 1, 'negative_cate': 'text',
        'positive_id': positive_id, **changes})


def without(record, name):
    return {key: value for key, value in record.items() if key != name}


def write(root, entries, annotations, name=FILE):
    write_json(root / name, dict(images=entries, annotations=annotations))


def read_pairs(root, entries, annotations, **options):
    write(root, entries, annotations)
    lines, findings = read('finecops', root, **options)
    return lines, brief(findings)


def test_a_false_expression_has_no_target_and_names_its_true_one(tmp_path):
    lines, findings = read_pairs(
        tmp_path, [entry(2, 'the green man'), entry()], [
            false(positive_id='1', tuple_type='1_hop'), true()])
    assert findings == []
    line, = lines
    assert (line['image']['id'], line['split']) == ('coco:101', 'test')
    assert line['instances'] == [
        dict(id='1', bbox=[4, 4, 16, 34], iscrowd=0, area=360)]
    assert line['exprs'] == [
        dict(id=1, text='the man', src=[0, 1], source='level 2', targets=[0]),
        dict(id=2, text='the green man', src=[0, 0], negative_of='1', targets=[],
             source='negative text attribute, level 1',
             extra=dict(tuple_type='1_hop'))]


def test_a_null_mark_is_a_true_expression(tmp_path):
    lines, findings = read_pairs(tmp_path, [entry()], [true(negative_type=None)])
    assert findings == [] and exprs_of(lines)[0]['targets'] == [0]


def test_expressions_are_paired_within_their_split(tmp_path):
    for split in ('val', 'test'):
        write(tmp_path, [entry()], [true()], f'{split}_positive_coco_format.json')
    write(tmp_path, [entry(2, 'the cup')], [false()],
          'test_negative_coco_format.json')
    write(tmp_path, [entry(2, 'the cup')], [false()],
          'train_negative_coco_format.json')
    lines, findings = read('finecops', tmp_path)
    assert [(line['split'], [(one['id'], one.get('negative_of'))
                             for one in line['exprs']]) for line in lines] == [
        ('val', [(1, None)]), ('test', [(1, None), (2, 1)])]
    assert ('dangling_sentence', 'train_negative_coco_format.json', 'images[0]',
            'skip') in brief(findings)


def test_a_pair_stays_one_where_the_id_was_taken(tmp_path):
    # the file of false expressions is read first, and numbers them from 1 as well
    write(tmp_path, [entry(1, 'the cup')], [false(1)], 'test_a_coco_format.json')
    write(tmp_path, [entry()], [true()], 'test_b_coco_format.json')
    lines, findings = read('finecops', tmp_path)
    assert brief(findings) == [
        ('id_duplicate', 'test_b_coco_format.json', 'images[0]', 'keep')]
    assert [(one['id'], one.get('negative_of')) for one in exprs_of(lines)] == [
        ('1#1', None), (1, '1#1')]


def test_a_name_without_a_split_is_all(tmp_path):
    write(tmp_path, [entry()], [true()], 'latest_coco_format.json')
    assert [line['split'] for line in read('finecops', tmp_path)[0]] == ['all']


# a second entry with its annotations, the code of its finding and where it stands
PLACE, ANN = 'images[1]', 'annotations[1]'
SKIPPED = dict(
    no_true_one=(entry(2), [false(positive_id=7)], 'dangling_sentence'),
    made_of_itself=(entry(2), [false(positive_id=2)], 'dangling_sentence'),
    no_pair=(entry(2), [without(false(), 'positive_id')], 'missing_field'),
    no_kind=(entry(2), [without(false(), 'negative_cate')], 'missing_field'),
    odd_mark=(entry(2), [false(negative_type=7)], 'bad_type'),
    no_annotation=(entry(2), [], 'target_count'),
    two_annotations=(entry(2), [true(2), true(2)], 'target_count'),
    no_level=(entry(2), [without(true(2), 'level')], 'missing_field'),
    short_box=(entry(2), [true(2, bbox=[4, 4, 12])], 'bad_type'),
    flat_box=(entry(2), [true(2, bbox=[4, 4, 0, 30])], 'box_degenerate'),
    no_caption=(without(entry(2), 'caption'), [true(2)], 'missing_field'),
    blank=(entry(2, ' '), [true(2)], 'expr_empty'),
    sizeless=(without(entry(2), 'width'), [true(2)], 'missing_field'),
    no_record=('text', [], 'bad_type'))


@pytest.mark.parametrize('name', SKIPPED)
def test_entry_is_skipped(tmp_path, name):
    second, annotations, code = SKIPPED[name]
    lines, findings = read_pairs(tmp_path, [entry(), second], [true(), *annotations])
    assert (code, FILE, PLACE, 'skip') in findings
    assert [one['id'] for one in exprs_of(lines)] == [1]


def test_a_false_expression_goes_with_its_true_one(tmp_path):
    lines, findings = read_pairs(
        tmp_path, [entry(), entry(2, 'the cup'), entry(3, 'the ball')], [
            true(bbox=[4, 4, 0, 30], area=0), false(), true(3)])
    assert findings == [('box_degenerate', FILE, 'images[0]', 'skip'),
                        ('dangling_sentence', FILE, PLACE, 'skip')]
    assert [one['id'] for one in exprs_of(lines)] == [3]


@pytest.mark.parametrize(('annotation', 'code', 'place', 'action'), [
    (true(7), 'dangling_image', ANN, 'box_dropped'),
    (without(true(2), 'image_id'), 'missing_field', ANN, 'box_dropped'),
    ('text', 'bad_type', ANN, 'box_dropped')])
def test_annotation_of_no_entry_is_dropped(tmp_path, annotation, code, place, action):
    lines, findings = read_pairs(tmp_path, [entry()], [true(), annotation])
    assert findings == [(code, FILE, place, action)]
    assert len(exprs_of(lines)) == 1


@pytest.mark.parametrize(('changes', 'code', 'place'), [
    (dict(area=9), 'area_mismatch', ANN), (dict(iscrowd='x'), 'bad_type',
                                           f'{ANN}.iscrowd'),
    (dict(bbox=[60, 4, 12, 30]), 'box_partly_outside', ANN)])
def test_finding_that_costs_nothing(tmp_path, changes, code, place):
    lines, findings = read_pairs(tmp_path, [entry(), entry(2, 'he')],
                                 [true(), true(2, **changes)])
    assert findings == [(code, FILE, place, 'keep')]
    assert len(exprs_of(lines)) == 2


def test_folder_without_such_a_file_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match='has no file named .*_coco_format'):
        READERS['finecops']([tmp_path], ReadOptions())


@pytest.mark.parametrize('name', ['valid', 'dev', 'validation'])
def test_other_names_of_val_are_val(tmp_path, name):
    file = f'mine_{name}_coco_format.json'
    write(tmp_path, [entry()], [true()], file)
    lines, findings = read('finecops', tmp_path)
    assert [line['split'] for line in lines] == ['val']
    assert brief(findings) == [('split_alias', file, '', 'keep')]
