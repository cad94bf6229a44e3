"""The gRefCOCO dialect: lists of targets, and how they say that there are none."""
import json

import pytest

from segvg.annotations.files.errors import AnnotationFileError
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

REFS, INSTANCES = 'grefs(unc).json', 'instances.json'
OBJECTS = [annotation(), annotation(7002, category_id=3), annotation(7003, 102)]


def gref(ref_id=1, ann_id=(7001,), category_id=(1,), **changes):
    """A ref of gRefCOCO; tuples become lists."""
    listed = [list(value) if isinstance(value, tuple) else value
              for value in (ann_id, category_id)]
    return {**ref(ref_id, listed[0]), 'category_id': listed[1], **changes}


def read_grefs(tmp_path, refs, annotations=OBJECTS, **options):
    folder = write_refer(tmp_path / 'own', [], [image(), image(102)], annotations)
    (folder / REFS).write_text(json.dumps(refs), encoding='utf-8')
    lines, findings = read('grefcoco', folder, **options)
    return lines, brief(findings)


def test_targets_are_none_one_or_many(tmp_path):
    refs = [gref(1), gref(2, (7002, 7001), (3, 1)), gref(3, (-1,), (-1,)),
            gref(4, (-1,), (-1,), no_target=True), gref(5, (), (), no_target=True),
            gref(6, (-1,), -1, no_target=True), gref(7, no_target=False),
            gref(8, (7001, 7002), (3, 1), sentences=[
                sentence(80, 'both', sent='two'), sentence(81, 'all')])]
    for number, record in enumerate(refs[:-1]):
        record['sentences'] = [sentence(number, f'text {number}')]
    lines, findings = read_grefs(tmp_path, refs)
    assert findings == []
    assert [(expr['id'], expr['targets']) for expr in exprs_of(lines)] == [
        (0, [0]), (1, [0, 1]), (2, []), (3, []), (4, []), (5, []), (6, [0]),
        (80, [0, 1]), (81, [0, 1])]
    assert 'extra' not in exprs_of(lines)[3] and exprs_of(lines)[7]['sent'] == 'two'


REF_FINDINGS = dict(
    scalar=(gref(ann_id=7001), 'ann_id_scalar', '', 'keep'),
    twice=(gref(ann_id=(7001, 7001)), 'target_duplicate', '', 'keep'),
    minus_and_real=(gref(ann_id=(-1, 7001)), 'no_target_encoding', '', 'skip'),
    real_and_mark=(gref(no_target=True), 'no_target_encoding', '', 'skip'),
    minus_without_mark=(gref(ann_id=(-1,), category_id=(-1,), no_target=False),
                        'no_target_encoding', '', 'skip'),
    empty=(gref(ann_id=(), category_id=()), 'no_target_encoding', '', 'skip'),
    mark_of_text=(gref(no_target='yes'), 'bad_type', '.no_target', 'keep'),
    lost=(gref(ann_id=(7001, 7009)), 'dangling_ann', '', 'skip'),
    other_image=(gref(ann_id=(7001, 7003)), 'ann_image_mismatch', '', 'skip'),
    no_image=(gref(ann_id=(-1,), category_id=-1, image_id=109), 'dangling_image', '',
              'skip'),
    category=(gref(ann_id=(7001, 7002), category_id=(1,)), 'category_mismatch', '',
              'keep'),
    category_scalar=(gref(category_id=1), 'bad_type', '.category_id', 'keep'),
    ids_of_text=(gref(ann_id=['man']), 'bad_type', '', 'skip'),
    no_ids=(gref(ann_id=None), 'bad_type', '', 'skip'),
    file=(gref(file_name='COCO_train2014_000000000109_4.jpg'), 'file_name_mismatch', '',
          'keep'),
    split=(gref(split='later'), 'split_unknown', '', 'skip'),
    silent=(gref(sentences=[]), 'ref_without_sentences', '', 'skip'))


@pytest.mark.parametrize('name', REF_FINDINGS)
def test_finding_is_reported_at_the_ref(tmp_path, name):
    record, code, at, action = REF_FINDINGS[name]
    lines, findings = read_grefs(tmp_path, [record])
    assert findings == [(code, REFS, f'refs[0]{at}', action)]
    assert len(exprs_of(lines)) == (action == 'keep')


def test_scalar_minus_one_is_no_target(tmp_path):
    lines, findings = read_grefs(tmp_path, [gref(ann_id=-1, category_id=-1)])
    assert findings == [('ann_id_scalar', REFS, 'refs[0]', 'keep')]
    assert exprs_of(lines)[0]['targets'] == []


def test_refs_may_share_an_object_and_names_end_in_any_number(tmp_path):
    refs = [gref(1, file_name='COCO_train2014_000000000101_3.jpg'), gref(
        2, sentences=[sentence(20, 'he')], file_name='COCO_train2014_000000000101.jpg')]
    assert read_grefs(tmp_path, refs)[1] == []


def test_text_of_json_is_no_latin1(tmp_path):
    refs = [gref(sentences=[sentence(1, 'caf\xe9')])]
    lines, findings = read_grefs(tmp_path, refs)
    assert findings == [] and exprs_of(lines)[0]['text'] == 'caf\xe9'


def test_same_words_for_other_targets_are_ambiguous(tmp_path):
    refs = [gref(1, (7002, 7001), (3, 1)), gref(2, (7001, 7002), (1, 3)),
            gref(3, (-1,), (-1,)), gref(4, (-1,), (-1,))]
    _, findings = read_grefs(tmp_path, refs)
    assert findings == [('expr_ambiguous', REFS, f'refs[{i}].sentences[0]', 'keep')
                        for i in (2, 3)]


@pytest.mark.parametrize(('changes', 'code'), [
    (dict(bbox=[4, 4, 0, 5]), 'box_degenerate'),
    (dict(bbox=[70, 4, 4, 5]), 'box_outside'),
    (dict(bbox=[4, 4, float('nan'), 5]), 'box_not_finite'),
    (dict(bbox=[4]), 'bad_type')])
def test_one_useless_object_costs_the_whole_ref(tmp_path, changes, code):
    lines, findings = read_grefs(
        tmp_path, [gref(ann_id=(7001, 7002))], [annotation(), annotation(
            7002, category_id=1, **changes)])
    assert (code, REFS, 'refs[0]', 'skip') in findings and lines == []


def test_crowd_among_the_targets_is_kept(tmp_path):
    lines, findings = read_grefs(tmp_path, [gref()], [annotation(iscrowd=1)])
    assert findings == [('iscrowd_target', INSTANCES, 'annotations[0]', 'keep')]
    assert lines[0]['instances'][0]['iscrowd'] == 1


def test_pickle_is_read_too_and_files_can_be_given(tmp_path):
    folder = write_refer(tmp_path / 'grefcoco', [])
    (folder / 'refs(unc).p').rename(folder / 'grefs(unc).p')
    find = READERS['grefcoco']
    assert [found.name for found in find([tmp_path], ReadOptions())] == ['grefcoco_unc']
    assert read('grefcoco', folder / 'grefs(unc).p') == ([], [])
    with pytest.raises(FileNotFoundError, match=r'grefs\(<partition>\)\.json or '):
        find([write_refer(tmp_path / 'other', [])], ReadOptions())


def test_json_of_another_shape_cannot_be_read(tmp_path):
    with pytest.raises(AnnotationFileError, match='expected a list of refs, got dict'):
        read_grefs(tmp_path, {'refs': []})
