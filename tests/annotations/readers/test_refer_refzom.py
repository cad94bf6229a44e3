"""The Ref-ZOM dialect: marks beside lists of targets."""
import pytest

from segvg.annotations.readers import READERS, ReadOptions
from tests.annotations.readers.sources import (
    annotation,
    brief,
    exprs_of,
    image,
    read,
    ref,
    sentence,
    write_refer,
)

REFS = 'refs(final).p'
OBJECTS = [annotation(), annotation(7002)]


def zom(ref_id=1, ann_id=7001, source='one', **changes):
    """A ref of Ref-ZOM."""
    return {**ref(ref_id, ann_id, split='train'), 'source': source, **changes}


def read_zom(tmp_path, refs, **options):
    folder = write_refer(tmp_path / 'own', refs, [image()], OBJECTS, partition='final')
    lines, findings = read('refzom', folder, **options)
    return lines, brief(findings)


def test_ids_are_one_or_a_list(tmp_path):
    refs = [zom(1), zom(2, [7002]), zom(3, [7002, 7001], 'many'), zom(4, [], 'zero'),
            zom(5, [-1], 'zero'), zom(6, -1, 'zero')]
    for number, record in enumerate(refs):
        record['sentences'] = [sentence(number, f'text {number}')]
    lines, findings = read_zom(tmp_path, refs)
    assert findings == []
    assert [(expr['targets'], expr['source']) for expr in exprs_of(lines)] == [
        ([0], 'one'), ([1], 'one'), ([0, 1], 'many'), ([], 'zero'), ([], 'zero'),
        ([], 'zero')]


@pytest.mark.parametrize(('record', 'code', 'targets'), [
    (zom(ann_id=[7001, 7002]), 'zom_source_conflict', [0, 1]),
    (zom(source='many'), 'zom_source_conflict', [0]),
    (zom(source='zero'), 'zom_source_conflict', []),
    (zom(ann_id=[7009], source='zero'), 'zom_source_conflict', []),
    (zom(source='few'), 'zom_source_unknown', [0]),
    (zom(ann_id=[7001, 7002], source=None), 'zom_source_unknown', [0, 1]),
    (zom(ann_id=[7001, 7001]), 'target_duplicate', [0]),
    (zom(category_id=3), 'category_mismatch', [0]),
    (zom(file_name='COCO_train2014_000000000101_7.jpg'), 'file_name_suffix', [0])])
def test_mark_and_list_that_disagree_are_kept(tmp_path, record, code, targets):
    lines, findings = read_zom(tmp_path, [record])
    assert findings == [(code, REFS, 'refs[0]', 'keep')]
    assert exprs_of(lines)[0]['targets'] == targets


@pytest.mark.parametrize(('record', 'codes'), [
    (zom(ann_id=[]), ['no_target_encoding']),
    (zom(ann_id=[], source='many'), ['no_target_encoding']),
    (zom(ann_id=[], source='few'), ['no_target_encoding', 'zom_source_unknown']),
    (zom(ann_id=[-1, 7001]), ['no_target_encoding']),
    (zom(ann_id=[7001, 7009], source='many'), ['dangling_ann']),
    (zom(ann_id='man'), ['bad_type']),
    ({key: value for key, value in zom().items() if key != 'source'},
     ['missing_field'])])
def test_ref_without_clear_targets_is_skipped(tmp_path, record, codes):
    lines, findings = read_zom(tmp_path, [record])
    assert sorted(found[0] for found in findings) == codes
    assert {found[2] for found in findings} == {'refs[0]'} and lines == []


def test_name_of_the_release_is_found(tmp_path):
    folder = write_refer(tmp_path / 'ref-zom', [zom()], partition='final')
    (folder / REFS).rename(folder / 'Ref-ZOM(final).p')
    assert [found.name for found in READERS['refzom']([tmp_path], ReadOptions())] == [
        'refzom_final']


def test_own_val_split_is_unexpected(tmp_path):
    folder = write_refer(tmp_path / 'ref-zom', [zom(split='val')], partition='final')
    _, findings = read('refzom', folder)
    assert brief(findings) == [('split_unexpected', REFS, 'refs[0].split', 'keep')]


def test_objects_of_zero_refs_are_other_objects(tmp_path):
    lines, _ = read_zom(tmp_path, [zom(source='zero'), zom(2, 7002)], all_objects=True)
    assert [(instance['id'], instance.get('ref'))
            for instance in lines[0]['instances']] == [(7002, None), (7001, False)]
