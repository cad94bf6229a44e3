"""The reader of SimVG, PropVG and InstanceVG files."""
import json

import pytest

from segvg.annotations.readers import READERS, ReadOptions
from tests.annotations.readers.sources import annotation, brief, exprs_of, read

FILE = 'instances.json'
NONE = {'category_id': -1, 'bbox': [0, 0, 0, 0], 'empty': True, 'id': -1}
NULL = {'id': -1, 'bbox': None, 'segmentation': None}


def entry(annotations, *expressions, **changes):
    """An entry with annotations of either dialect."""
    return {'image_id': 101, 'height': 48, 'width': 64, 'annotations': annotations,
            'expressions': list(expressions) or ['both'], **changes}


def read_entries(tmp_path, records, **options):
    (tmp_path / 'grefcoco-toy').mkdir(exist_ok=True)
    (tmp_path / 'grefcoco-toy' / FILE).write_text(json.dumps(dict(val=records)))
    lines, findings = read('simvg_grefcoco', tmp_path / 'grefcoco-toy', **options)
    return lines, brief(findings)


def test_targets_of_both_dialects(tmp_path):
    one, two = annotation(), annotation(7002, bbox=[5, 5, 19, 29])
    box = [4, 4, 20, 30]
    records = [
        entry([[one, two], [NONE]], 'both', 'bus', bbox=[
            [box, [5, 5, 19, 29]], [[0, 0, 0, 0]]]),
        entry([one], 'he'), entry([NULL], 'car'),
        entry([{'id': None, 'bbox': None, 'segmentation': None}], 'dog'),
        [entry([two], 'she'), entry([NULL], 'nobody')]]
    lines, findings = read_entries(tmp_path, records)
    assert findings == []
    assert [(expr['id'], expr['targets']) for expr in exprs_of(lines)] == [
        ('val[0]#0', [0, 1]), ('val[0]#1', []), ('val[1]#0', [0]), ('val[2]#0', []),
        ('val[3]#0', []), ('val[4][0]#0', [1]), ('val[4][1]#0', [])]
    assert lines[0]['instances'][0] == dict(
        id=7001, bbox=[4, 4, 24, 34], category_id=1, iscrowd=0, area=600.0,
        segm={'poly': one['segmentation']})
    assert not any('ref_id' in expr for expr in exprs_of(lines))


ENCODINGS = dict(
    empty=[], real_and_none=[annotation(), NONE], null_and_real=[NULL, annotation()],
    none_and_real=[None, annotation()], empty_box=[annotation(empty=True)],
    category=[annotation(category_id=-1)], minus=[annotation(-1)],
    not_empty=[{**NONE, 'empty': False}], zero=[{**NONE, 'empty': 0}],
    box_of_1=[annotation(empty=1)], null_of_id=[{**NULL, 'id': 7001}],
    null_with_mask=[annotation(bbox=None)])


@pytest.mark.parametrize('name', ENCODINGS)
def test_unclear_whether_there_is_a_target(tmp_path, name):
    records = [entry([[annotation(), annotation(7002)], ENCODINGS[name]], 'two', 'one'),
               entry(ENCODINGS[name], 'it')]
    lines, findings = read_entries(tmp_path, records)
    assert {found for found in findings if found[3] == 'skip'} == {
        ('no_target_encoding', FILE, f'val[{i}].expressions[{1 - i}]', 'skip')
        for i in (0, 1)}
    assert [expr['text'] for expr in exprs_of(lines)] == ['two']


TARGET_FINDINGS = dict(
    text=('man', 'bad_type', '.expressions[0]', 'skip'),
    no_id=({'bbox': [4, 4, 20, 30]}, 'missing_field', '.expressions[0]', 'skip'),
    no_box=({'id': 5, 'segmentation': [[1]]}, 'missing_field', '.expressions[0]',
            'skip'),
    box_text=(annotation(bbox='4'), 'bad_type', '.expressions[0]', 'skip'),
    flat=(annotation(bbox=[4, 4, 0, 3], segmentation=None), 'box_degenerate',
          '.expressions[0]', 'skip'),
    away=(annotation(bbox=[94, 4, 4, 3], segmentation=None), 'box_outside',
          '.expressions[0]', 'skip'),
    other_image=(annotation(image_id=102), 'ann_image_mismatch', '.expressions[0]',
                 'skip'),
    crowd=(annotation(iscrowd=1), 'iscrowd_target', '.annotations[0]', 'keep'),
    crowd_text=(annotation(iscrowd='no'), 'bad_type', '.annotations[0].iscrowd',
                'keep'),
    empty_text=(annotation(empty='no'), 'bad_type', '.annotations[0].empty', 'keep'),
    area=(annotation(area=60), 'area_mismatch', '.annotations[0]', 'keep'),
    no_mask=(annotation(segmentation=None), 'mask_missing', '.annotations[0]', 'keep'),
    odd=(annotation(segmentation=[[1, 2, 3]]), 'mask_bad_polygon', '.annotations[0]',
         'keep'),
    other_object=(annotation(8000, bbox=[5, 4, 20, 30]), 'id_duplicate',
                  '.annotations[0]', 'keep'))


@pytest.mark.parametrize('name', TARGET_FINDINGS)
def test_finding_of_a_target_is_reported(tmp_path, name):
    record, code, at, action = TARGET_FINDINGS[name]
    lines, findings = read_entries(
        tmp_path, [entry([annotation(8000)], 'first'), entry([record], 'it')])
    assert (code, FILE, f'val[1]{at}', action) in findings
    assert len(exprs_of(lines)) == (2 if action == 'keep' else 1)


def test_object_listed_twice_counts_once(tmp_path):
    lines, findings = read_entries(tmp_path, [entry([annotation(), annotation()])])
    assert findings == [('target_duplicate', FILE, 'val[0].annotations[1]', 'keep')]
    assert exprs_of(lines)[0]['targets'] == [0]


@pytest.mark.parametrize(('changes', 'code', 'at', 'action'), [
    (dict(bbox=[[[4, 4, 20, 30]]]), 'bad_type', '.bbox', 'keep'),
    (dict(bbox=7), 'bad_type', '.bbox', 'keep'),
    (dict(bbox=[[], [[4, 4, 20, 30]]]), 'bad_type', '.bbox[0]', 'keep'),
    (dict(bbox=[['x'], [[4, 4, 20, 30]]]), 'bad_type', '.bbox[0][0]', 'keep'),
    (dict(bbox=[[[4, 4, 24, 34]], [[4, 4, 20, 30]]]), 'box_format_conflict',
     '.bbox[0][0]', 'keep'),
    (dict(annotations=[[annotation()]]), 'bad_type', '', 'skip'),
    (dict(annotations=[[annotation()], annotation()]), 'bad_type', '.expressions[0]',
     'skip'),
    (dict(annotations=None), 'bad_type', '', 'skip'),
    (dict(expressions=[]), 'ref_without_sentences', '', 'skip')])
def test_finding_of_an_entry_is_reported(tmp_path, changes, code, at, action):
    if changes.get('expressions') == []:
        changes['annotations'] = []
    record = {**entry([[annotation()]] * 2, 'he', 'this'), **changes}
    lines, findings = read_entries(tmp_path, [record])
    assert {found[:4] for found in findings if found[2] == f'val[0]{at}'} == {
        (code, FILE, f'val[0]{at}', action)}
    assert bool(lines) is (action == 'keep')


def test_words_are_compared_by_targets(tmp_path):
    records = [entry([annotation()], 'he'), entry([annotation()], 'He.'),
               entry([NULL], 'he'), entry([NULL], 'he'), entry([NULL], 'bus', 'Bus')]
    _, findings = read_entries(tmp_path, records)
    assert findings == [
        ('expr_duplicate_in_ref', FILE, 'val[1].expressions[0]', 'keep'),
        ('expr_ambiguous', FILE, 'val[2].expressions[0]', 'keep'),
        ('expr_ambiguous', FILE, 'val[3].expressions[0]', 'keep'),
        ('expr_duplicate_in_ref', FILE, 'val[4].expressions[1]', 'keep')]


def test_all_checks_of_an_entry_run_after_one_that_skips_it(tmp_path):
    record = entry([[], [annotation()]], ' ', 'he', image_id=None)
    lines, findings = read_entries(tmp_path, [record])
    assert {found[::2] for found in findings} == {
        ('bad_type', 'val[0]'), ('no_target_encoding', 'val[0].expressions[0]'),
        ('expr_empty', 'val[0].expressions[0]')}
    assert lines == []


def test_empty_list_of_entries_is_reported(tmp_path):
    assert read_entries(tmp_path, [[]])[1] == [
        ('ref_without_sentences', FILE, 'val[0]', 'skip')]


def test_files_have_sets_of_their_own(tmp_path):
    folder = tmp_path / 'grefcoco'
    folder.mkdir()
    for name in (FILE, 'instances_withid.json', 'coco_annotations.json', 'allobj.json'):
        (folder / name).write_text('{}')
    find = READERS['simvg_grefcoco']
    assert [found.name for found in find([tmp_path], ReadOptions())] == [
        'simvg_grefcoco', 'simvg_grefcoco_withid']
    (tmp_path / 'none').mkdir()
    with pytest.raises(FileNotFoundError, match='has no instances.json'):
        find([tmp_path / 'none'], ReadOptions())
