"""The REFER reader: every finding that it can make, and what it keeps."""
import json
import pickle
import re

import numpy as np
import pytest

from segvg.annotations.checks import Check
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import READERS, ReadOptions
from tests.annotations.readers.sources import (
    COCO_FILE,
    annotation,
    brief,
    exprs_of,
    image,
    read,
    ref,
    sentence,
    write_refer,
)

REFS, INSTANCES = 'refs(unc).p', 'instances.json'


def read_refer(tmp_path, refs, images=None, annotations=None, dataset='own', root=None,
               **options):
    folder = write_refer(tmp_path / dataset, refs, images, annotations)
    lines, findings = read('refer_refcoco', folder, images=root, **options)
    return lines, brief(findings)


def test_sound_refs_become_one_line_per_image_and_split(tmp_path):
    refs = [ref(1, sentences=[sentence(10, 'Left man.', sent='left man'),
                              sentence(11, 'guy', tokens=['g', 'uy'], mood='calm')]),
            ref(2, ann_id=7002, sentences=[sentence(20, 'car')]),
            ref(3, ann_id=7001, split='train', sentences=[sentence(31, 'he')])]
    other = annotation(7002, bbox=[30, 10, 20, 20], category_id=3, area=400,
                       segmentation={'size': [48, 64], 'counts': [0, 3072]})
    lines, findings = read_refer(tmp_path, refs, annotations=[annotation(), other])
    assert [(line['split'], len(line['exprs'])) for line in lines] == [
        ('val', 3), ('train', 1)]
    line = lines[0]
    assert line['image'] == dict(
        id='coco:101', file=COCO_FILE, width=64, height=48, coco_id=101,
        alt=['000000000101.jpg', f'train2014/{COCO_FILE}',
             'train2017/000000000101.jpg', 'val2017/000000000101.jpg'])
    assert line['instances'][0] == dict(
        id=7001, bbox=[4.0, 4.0, 24.0, 34.0], category_id=1, iscrowd=0, area=600.0,
        segm={'poly': [[4, 4, 24, 4, 24, 34, 4, 34]]})
    assert set(line['instances'][1]['segm']['rle']) == {'size', 'counts'}
    assert isinstance(line['instances'][1]['segm']['rle']['counts'], str)
    assert line['exprs'] == [
        dict(id=10, text='Left man.', sent='left man', ref_id=1, src=[0, 0],
             targets=[0]),
        dict(id=11, text='guy', tokens=['g', 'uy'], extra={'mood': 'calm'}, ref_id=1,
             src=[0, 0], targets=[0]),
        dict(id=20, text='car', ref_id=2, src=[0, 1], targets=[1])]


REF_FINDINGS = dict(
    no_record=(['text'], 'bad_type', 'refs[0]', 'skip'),
    no_image_id=([{key: value for key, value in ref().items() if key != 'image_id'}],
                 'missing_field', 'refs[0]', 'skip'),
    ann_id_list=([ref(ann_id=[7001])], 'bad_type', 'refs[0]', 'skip'),
    ann_id_bool=([ref(ann_id=True)], 'bad_type', 'refs[0]', 'skip'),
    category_text=([ref(category_id='man')], 'bad_type', 'refs[0].category_id', 'keep'),
    split_unknown=([ref(split='later')], 'split_unknown', 'refs[0]', 'skip'),
    split_alias=([ref(split='validation')], 'split_alias', 'refs[0].split', 'keep'),
    split_leak=([ref(1, split='train'), ref(2, ann_id=7002), ref(3, ann_id=7003)],
                'split_leak', 'refs[1]', 'keep'),
    dangling_ann=([ref(ann_id=9)], 'dangling_ann', 'refs[0]', 'skip'),
    dangling_image=([ref(image_id=9)], 'dangling_image', 'refs[0]', 'skip'),
    other_image=([ref(image_id=102)], 'ann_image_mismatch', 'refs[0]', 'skip'),
    ref_id_twice=([ref(1), ref(1, ann_id=7002, sentences=[sentence(20, 'he')])],
                  'ref_id_duplicate', 'refs[1]', 'keep'),
    shared=([ref(1), ref(2, sentences=[sentence(20, 'he')])], 'ann_shared_by_refs',
            'refs[1]', 'keep'),
    sent_ids=([ref(sent_ids=[5])], 'sent_ids_mismatch', 'refs[0]', 'keep'),
    category=([ref(category_id=3)], 'category_mismatch', 'refs[0]', 'keep'),
    file_name=([ref(file_name='COCO_train2014_000000000999_7001.jpg')],
               'file_name_mismatch', 'refs[0]', 'keep'),
    suffix=([ref(file_name='COCO_train2014_000000000101_7.jpg')],
            'file_name_suffix', 'refs[0]', 'keep'),
    no_sentences=([ref(sentences=[])], 'ref_without_sentences', 'refs[0]', 'skip'))


@pytest.mark.parametrize('name', REF_FINDINGS)
def test_ref_finding_is_reported_at_the_ref(tmp_path, name):
    refs, code, at, action = REF_FINDINGS[name]
    objects = [annotation(), annotation(7002), annotation(7003)]
    lines, findings = read_refer(tmp_path, refs, [image(), image(102)], objects)
    assert (code, REFS, at, action) in findings
    if action == 'skip':
        assert lines == []
    elif len(refs) == 1:
        assert len(findings) == 1 and len(exprs_of(lines)) == 1


@pytest.mark.parametrize(('changes', 'code', 'action'), [
    (dict(raw=None), 'bad_type', 'skip'), (dict(sent_id='x'), 'bad_type', 'skip'),
    (dict(raw=' '), 'expr_empty', 'skip'),
    (dict(raw='?!'), 'expr_empty_after_clean', 'keep'),
    (dict(raw='caf\xe9'), 'bytes_decoded_latin1', 'keep'),
    (dict(sent_id=31), 'id_duplicate', 'keep'),
    (dict(raw='Man, here'), 'expr_duplicate_in_ref', 'keep'),
    (dict(raw='the  car'), 'expr_ambiguous', 'keep'),
    (dict(tokens='man'), 'bad_type', 'keep'), (dict(sent=None), 'bad_type', 'keep')])
def test_sentence_finding_is_reported_at_the_sentence(tmp_path, changes, code, action):
    refs = [ref(1, sentences=[sentence(29, 'The Car')]), ref(
        2, ann_id=7002, sentences=[sentence(31, 'man here'), sentence(**changes)])]
    lines, findings = read_refer(tmp_path, refs,
                                 annotations=[annotation(), annotation(7002)])
    found = [(name, file, at.removesuffix('.tokens').removesuffix('.sent'), done)
             for name, file, at, done in findings]
    assert (code, REFS, 'refs[1].sentences[1]', action) in found
    assert len(exprs_of(lines)) == (2 if action == 'skip' else 3)


@pytest.mark.parametrize('name', ['raw', 'sent', 'sent_id', 'tokens'])
def test_sentence_without_a_field_is_skipped(tmp_path, name):
    record = sentence()
    del record[name]
    lines, findings = read_refer(tmp_path, [ref(sentences=[record])])
    assert findings == [('missing_field', REFS, 'refs[0].sentences[0]', 'skip')]
    assert lines == []


def test_text_above_latin1_is_no_finding(tmp_path):
    refs = [ref(sentences=[sentence(raw='caf\xe9 ☕')])]
    lines, findings = read_refer(tmp_path, refs)
    assert findings == [] and exprs_of(lines)[0]['text'] == 'caf\xe9 ☕'


@pytest.mark.parametrize(('changes', 'code', 'place', 'action'), [
    (dict(bbox=[4, 4, float('nan'), 3]), 'box_not_finite', 'refs[0]', 'skip'),
    (dict(bbox=[4, 4, -2, 3]), 'box_degenerate', 'refs[0]', 'skip'),
    (dict(bbox=[64, 4, 5, 5]), 'box_outside', 'refs[0]', 'skip'),
    (dict(bbox=[4, 4, 20]), 'bad_type', 'refs[0]', 'skip'),
    (dict(image_id='x'), 'bad_type', 'refs[0]', 'skip'),
    (dict(bbox=[-0.06, 4, 24, 30]), 'box_partly_outside', None, 'keep'),
    (dict(bbox=[4, 4, 0.5, 30], segmentation=[], area=15), 'box_thin', None, 'keep'),
    (dict(area=700.0, bbox=[4, 4, 30, 30], segmentation=None), 'area_mismatch', None,
     'keep'),
    (dict(area='big'), 'bad_type', 'area', 'keep'),
    (dict(iscrowd=1), 'iscrowd_target', None, 'keep'),
    (dict(iscrowd=None), 'bad_type', 'iscrowd', 'keep'),
    (dict(category_id=77), 'category_unknown', 'category_id', 'keep'),
    (dict(segmentation=None), 'mask_missing', None, 'keep'),
    (dict(segmentation=[[60, 60, 62, 60, 62, 62]]), 'mask_empty', None, 'keep'),
    (dict(segmentation=[[4, 4, 24, 4, 24]]), 'mask_bad_polygon', None, 'keep'),
    (dict(segmentation={'size': [64, 48], 'counts': [3072]}), 'mask_size_mismatch',
     None, 'keep'),
    (dict(segmentation={'size': [48, 64], 'counts': '09'}), 'mask_size_mismatch',
     None, 'keep'),
    (dict(segmentation={'size': [48, 64]}), 'bad_type', None, 'keep'),
    (dict(segmentation='mask'), 'bad_type', None, 'keep'),
    (dict(segmentation=[[40, 4, 60, 4, 60, 34, 40, 34]]), 'mask_box_disagree', None,
     'keep')])
def test_object_finding_is_reported_once(tmp_path, changes, code, place, action):
    refs = [ref(1), ref(2, sentences=[sentence(20, 'he')])]
    lines, findings = read_refer(tmp_path, refs, annotations=[annotation(**changes)])
    if action == 'skip':
        assert [found for found in findings if found[0] == code] == [
            (code, REFS, f'refs[{i}]', 'skip') for i in (0, 1)]
        assert lines == []
    else:
        at = f'annotations[0].{place}' if place else 'annotations[0]'
        assert findings.count((code, INSTANCES, at, 'keep')) == 1
        assert len(exprs_of(lines)) == 2


def test_annotation_without_a_box_field_skips_the_ref(tmp_path):
    record = annotation()
    del record['bbox']
    _, findings = read_refer(tmp_path, [ref()], annotations=[record])
    assert findings == [('missing_field', REFS, 'refs[0]', 'skip')]


def test_polygon_part_without_area_goes_and_the_others_stay(tmp_path):
    good = [4, 4, 24, 4, 24, 34, 4, 34]
    lines, findings = read_refer(tmp_path, [ref()], annotations=[
        annotation(segmentation=[[1, 1, 5, 5], good])])
    assert findings == [('mask_bad_polygon', INSTANCES,
                         'annotations[0].segmentation[0]', 'keep')]
    assert lines[0]['instances'][0]['segm'] == {'poly': [good]}


def test_repeated_ids_of_instances_are_reported_and_the_first_counts(tmp_path):
    lines, findings = read_refer(
        tmp_path, [ref()], [image(), image(width=9)],
        [annotation(), annotation(bbox=[0, 0, 5, 5])])
    assert ('id_duplicate', INSTANCES, 'images[1]', 'keep') in findings
    assert ('id_duplicate', INSTANCES, 'annotations[1]', 'keep') in findings
    assert lines[0]['image']['width'] == 64
    assert lines[0]['instances'][0]['bbox'] == [4, 4, 24, 34]


@pytest.mark.parametrize(('changes', 'code'), [
    (dict(width=0), 'bad_type'), (dict(height='48 px'), 'bad_type')])
def test_image_without_a_size_skips_its_refs(tmp_path, changes, code):
    lines, findings = read_refer(tmp_path, [ref()], [image(**changes)])
    assert findings == [(code, REFS, 'refs[0]', 'skip')] and lines == []


def test_repeated_ids_get_a_suffix(tmp_path):
    refs = [ref(1), ref(1, ann_id=7002, sentences=[sentence(10, 'he')]),
            ref(1, ann_id=7003, sentences=[sentence(10, 'she')])]
    objects = [annotation(number) for number in (7001, 7002, 7003)]
    lines, _ = read_refer(tmp_path, refs, annotations=objects)
    assert [(expr['id'], expr['ref_id']) for expr in exprs_of(lines)] == [
        (10, 1), ('10#1', '1#1'), ('10#2', '1#2')]


def test_all_checks_of_a_record_run_after_one_that_skips_it(tmp_path):
    bad = ref(ann_id=9, image_id=9, split='later', sent_ids=[1],
              sentences=[sentence(10, ''), sentence(10, '?')])
    _, findings = read_refer(tmp_path, [bad])
    assert {code for code, *_ in findings} == {
        'dangling_ann', 'dangling_image', 'split_unknown', 'sent_ids_mismatch',
        'expr_empty', 'expr_empty_after_clean', 'id_duplicate'}


def test_ambiguity_sees_kept_expressions_only(tmp_path):
    refs = [ref(1, split='later'), ref(2, ann_id=7002)]
    _, findings = read_refer(tmp_path, refs,
                             annotations=[annotation(), annotation(7002)])
    assert 'expr_ambiguous' not in [code for code, *_ in findings]


def test_split_of_a_known_set_that_it_should_not_have_is_kept(tmp_path):
    lines, findings = read_refer(tmp_path, [ref(split='test')], dataset='refcoco')
    assert findings == [('split_unexpected', REFS, 'refs[0].split', 'keep')]
    assert lines[0]['split'] == 'test'


def test_tests_count_as_one_split_for_leaks(tmp_path):
    refs = [ref(1, split='testA'), ref(2, ann_id=7002, split='testB')]
    _, findings = read_refer(tmp_path, refs,
                             annotations=[annotation(), annotation(7002)])
    assert findings == []


def test_need_mask_skips_refs_whose_object_has_none(tmp_path):
    lines, findings = read_refer(tmp_path, [ref()], need_mask=True,
                                 annotations=[annotation(segmentation=[[1, 1, 2]])])
    assert findings == [('mask_bad_polygon', REFS, 'refs[0]', 'skip')] and lines == []


def test_all_objects_keeps_those_that_nobody_names(tmp_path):
    objects = [annotation(), annotation(7002, iscrowd=1), annotation(7003, 102),
               annotation(7004, bbox=[1, 1, 0, 1], area=0, segmentation=None)]
    lines, findings = read_refer(tmp_path, [ref(), ref(2, split='train', sentences=[
        sentence(20, 'he')])], [image(), image(102)], objects, all_objects=True)
    assert [[(instance['id'], instance.get('ref')) for instance in line['instances']]
            for line in lines] == [[(7001, None), (7002, False)]] * 2
    assert [found for found in findings if found[1] == INSTANCES] == [
        ('mask_missing', INSTANCES, 'annotations[3]', 'keep'),
        ('box_degenerate', INSTANCES, 'annotations[3]', 'box_dropped'),
        ('image_without_expressions', INSTANCES, 'images[1]', 'keep')]


def test_objects_nobody_names_are_not_checked(tmp_path):
    _, findings = read_refer(tmp_path, [ref()], [image(), image(102)], [
        annotation(), annotation(7002, bbox=None, segmentation='mask')])
    assert findings == []


def test_check_none_reports_only_what_costs_something(tmp_path):
    refs = [ref(1, sentences=[sentence(10, 'he'), sentence(11, 'he')], category_id=3),
            ref(2, ann_id=9)]
    lines, findings = read_refer(tmp_path, refs, check=Check.NONE)
    assert findings == [('dangling_ann', REFS, 'refs[1]', 'skip')]
    assert len(exprs_of(lines)) == 2


def test_partitions_of_a_folder_and_of_folders_below_are_found(tmp_path):
    for dataset, partition in (('refcoco+', 'unc'), ('refcocog', 'umd'),
                               ('refcocog', 'google')):
        write_refer(tmp_path / dataset, [ref()], partition=partition)
    find = READERS['refer_refcoco']
    assert [found.name for found in find([tmp_path], ReadOptions())] == [
        'refcoco_plus_unc', 'refcocog_google', 'refcocog_umd']
    assert [found.name for found in find(
        [tmp_path / 'refcocog'], ReadOptions(partition='umd'))] == ['refcocog_umd']
    with pytest.raises(FileNotFoundError,
                       match=r'no refs\(unc\)\.p or refs\(unc\)\.json in'):
        find([tmp_path / 'refcocog'], ReadOptions(partition='unc'))
    with pytest.raises(FileNotFoundError, match='give the folder that holds it'):
        find([tmp_path / 'nothing'], ReadOptions())


@pytest.mark.parametrize(('refs', 'content', 'message'), [
    ({}, None, 'expected a list of refs, got dict'),
    ([], '{"images": []}', 'expected an object with a list of annotations'),
    ([], '[]', 'expected an object with a list of images'),
    ([], '{"images": [', 'instances.json, byte 12: cannot be read')])
def test_file_of_another_shape_cannot_be_read(tmp_path, refs, content, message):
    folder = write_refer(tmp_path / 'own', refs)
    if content:
        (folder / INSTANCES).write_text(content)
    with pytest.raises(AnnotationFileError, match=message):
        read('refer_refcoco', folder)


def test_object_of_no_image_is_dropped_from_all_objects(tmp_path):
    lines, findings = read_refer(tmp_path, [ref()], annotations=[
        annotation(), annotation(7002, [101])], all_objects=True)
    assert findings == [('bad_type', INSTANCES, 'annotations[1]', 'box_dropped')]
    assert len(lines[0]['instances']) == 1


def test_own_files_with_text_for_numbers_and_names_of_windows_are_read(tmp_path):
    own = image(file_name='..\\media\\4\\shot_7.jpg', id='101')
    refs = [ref(file_name=own['file_name'], ann_id='7001', split='valid')]
    (line,), findings = read_refer(tmp_path, refs, [own], [annotation(image_id='101')])
    assert (line['image']['id'], line['split']) == ('file:media/4/shot_7.jpg', 'val')
    assert [found[0] for found in findings] == ['split_alias']


def test_images_of_own_sets_with_names_like_those_of_coco(tmp_path):
    refs, own = [ref()], [image(file_name='000000000007.jpg')]
    (line,), _ = read_refer(tmp_path, refs, own, images_are='own')
    assert line['image']['id'] == 'file:000000000007.jpg'
    assert 'coco_id' not in line['image']


def test_advice_for_numbers_of_numpy_leads_to_the_data(tmp_path):
    folder = write_refer(tmp_path / 'own', [ref(ann_id=np.int64(7001))])
    with pytest.raises(AnnotationFileError) as caught:
        read('refer_refcoco', folder)
    refs = pickle.loads((folder / REFS).read_bytes())
    code = re.search(r"json\.dump\(.*, open\('(.*)', 'w'\), default=(.*)\)$",
                     str(caught.value))
    assert code[2] == 'lambda number: number.item()'
    (folder / code[1]).write_text(json.dumps(
        refs, default=lambda number: number.item()))
    lines, findings = read('refer_refcoco', folder)
    assert findings == [] and lines[0]['instances'][0]['id'] == 7001
