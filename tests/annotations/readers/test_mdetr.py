"""The reader of MDETR files: expressions, files, and every finding but of captions."""
import json

import pytest

from segvg.annotations.checks import Check
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import READERS, ReadOptions
from tests.annotations.readers.mdetr_sources import (
    CATEGORIES,
    FLICKR,
    GREFCOCO,
    MIXED,
    NAN,
    REFEXP,
    at,
    box,
    caption,
    entry,
    nothing,
    read_entries,
    without,
)
from tests.annotations.readers.sources import (
    COCO_FILE,
    brief,
    exprs_of,
    read,
    write_image,
    write_json,
)


def test_expressions_of_one_object_share_it(tmp_path):
    lines, findings = read_entries(
        tmp_path, REFEXP, [entry(), entry(7, 'he')],
        [box(), box(1, 7, tokens_positive=[[0, 2]])])
    assert findings == []
    assert lines == [dict(
        image=dict(id='coco:101', file=COCO_FILE, width=64, height=48, coco_id=101,
                   alt=lines[0]['image']['alt']),
        split='val', instances=[dict(id=7001, bbox=[4, 4, 24, 34], category_id=1,
                                     iscrowd=0, area=600)],
        exprs=[dict(id=0, text='left man', src=[0, 0], targets=[0],
                    phrases=[dict(span=[[5, 8]], targets=[0])],
                    extra=dict(dataset_name='refcoco', tokens_negative=[])),
               dict(id=7, text='he', src=[0, 1], targets=[0],
                    phrases=[dict(span=[[0, 2]], targets=[0])],
                    extra=dict(dataset_name='refcoco', tokens_negative=[]))])]


REFEXP_FINDINGS = dict(
    no_record=(3, box(), 'bad_type', 'images[0]', 'skip'),
    no_caption=(without(entry(), 'caption'), box(), 'missing_field', 'images[0]',
                'skip'),
    odd_caption=(entry(caption=3), box(), 'bad_type', 'images[0]', 'skip'),
    odd_size=(entry(width='wide'), box(), 'bad_type', 'images[0]', 'skip'),
    odd_original=(entry(original_id='x'), box(), 'bad_type', 'images[0].original_id',
                  'keep'),
    suffix=(entry(file_name='COCO_train2014_000000000101_77.jpg'), box(),
            'file_name_suffix', 'images[0].file_name', 'keep'),
    other_image=(entry(original_id=102), box(), 'file_name_mismatch',
                 'images[0].file_name', 'keep'),
    blank=(entry(caption=' '), box(tokens_positive=[]), 'expr_empty', 'images[0]',
           'skip'),
    punctuation=(entry(caption='...'), box(tokens_positive=[]),
                 'expr_empty_after_clean', 'images[0]', 'keep'),
    no_box=(entry(), without(box(), 'bbox'), 'missing_field', 'images[0]', 'skip'),
    short_box=(entry(), box(bbox=[1, 2, 3]), 'bad_type', 'images[0]', 'skip'),
    nan=(entry(), box(bbox=[1, 2, NAN, 4]), 'box_not_finite', 'images[0]',
         'skip'),
    flat=(entry(), box(bbox=[1, 2, 3, 0], area=0), 'box_degenerate', 'images[0]',
          'skip'),
    away=(entry(), box(bbox=[70, 2, 20, 30]), 'box_outside', 'images[0]', 'skip'),
    border=(entry(), box(bbox=[50, 4, 20, 30]), 'box_partly_outside',
            'annotations[0]', 'keep'),
    thin=(entry(), box(bbox=[5, 4, .5, 30], area=15), 'box_thin', 'annotations[0]',
          'keep'),
    area=(entry(), box(area=100), 'area_mismatch', 'annotations[0]', 'keep'),
    odd_area=(entry(), box(area='large'), 'bad_type', 'annotations[0].area', 'keep'),
    crowd=(entry(), box(iscrowd=1), 'iscrowd_target', 'annotations[0]', 'keep'),
    odd_crowd=(entry(), box(iscrowd=-1), 'bad_type', 'annotations[0].iscrowd', 'keep'),
    category=(entry(), box(category_id=9), 'category_unknown',
              'annotations[0].category_id', 'keep'),
    no_spans=(entry(), without(box(), 'tokens_positive'), 'missing_field',
              'images[0]', 'skip'),
    odd_spans=(entry(), box(tokens_positive='5-8'), 'bad_type',
               'annotations[0].tokens_positive', 'keep'),
    odd_span=(entry(), box(tokens_positive=[[0, 4], [5]]), 'bad_type',
              'annotations[0].tokens_positive[1]', 'keep'),
    late_span=(entry(), box(tokens_positive=[[5, 9]]), 'span_out_of_range',
               'annotations[0].tokens_positive[0]', 'keep'),
    empty_span=(entry(), box(tokens_positive=[[5, 5]]), 'span_empty',
                'annotations[0].tokens_positive[0]', 'keep'))


@pytest.mark.parametrize('name', REFEXP_FINDINGS)
def test_finding_of_an_expression(tmp_path, name):
    image, annotation, *finding = REFEXP_FINDINGS[name]
    lines, findings = read_entries(tmp_path, REFEXP, [image], [annotation])
    found = at(findings, REFEXP)
    assert tuple(finding) in found
    assert {place for _, place, _ in found} == {finding[1]} or name == 'no_record'
    assert len(exprs_of(lines)) == (finding[-1] == 'keep')


def test_annotation_that_belongs_to_no_entry_is_reported(tmp_path):
    _, findings = read_entries(tmp_path, REFEXP, [entry()], [
        box(), box(1, 5), without(box(2), 'image_id'), 'text', box(0, 0)])
    assert at(findings, REFEXP) == [
        ('dangling_image', 'annotations[1]', 'skip'),
        ('missing_field', 'annotations[2]', 'skip'),
        ('bad_type', 'annotations[3]', 'skip'),
        ('id_duplicate', 'annotations[4]', 'keep'),
        ('target_duplicate', 'annotations[4]', 'keep')]


def test_texts_of_an_image_are_compared(tmp_path):
    lines, findings = read_entries(
        tmp_path, REFEXP, [entry(), entry(1, 'Left man!'), entry(1, 'left man.')],
        [box(), box(1, 1, original_id=7002, bbox=[30, 4, 20, 30])])
    assert at(findings, REFEXP) == [
        ('expr_ambiguous', 'images[1]', 'keep'), ('id_duplicate', 'images[2]', 'keep'),
        ('expr_duplicate_in_ref', 'images[2]', 'keep'),
        ('expr_ambiguous', 'images[2]', 'keep')]
    assert [expr['id'] for expr in exprs_of(lines)] == [0, 1, '1#1']


def test_another_box_of_an_object_is_another_object(tmp_path):
    lines, findings = read_entries(
        tmp_path, REFEXP, [entry(), entry(1, 'he'), entry(2, 'who')],
        [box(), box(1, 1, bbox=[5, 4, 20, 30], tokens_positive=[]),
         box(2, 2, tokens_positive=[])])
    assert at(findings, REFEXP) == [('id_duplicate', 'annotations[1]', 'keep')]
    assert [instance['id'] for instance in lines[0]['instances']] == [7001, '7001#1']
    assert [expr['targets'] for expr in exprs_of(lines)] == [[0], [1], [0]]


NO_TARGET = dict(
    real_box=([nothing(bbox=[4, 4, 20, 30])], True),
    beside=([nothing(), box(1, original_id=8)], True),
    denied=([nothing(empty=False)], True), denied_by_0=([nothing(empty=0)], True),
    only_category=([without(nothing(bbox=[1, 1, 2, 2]), 'empty')], True),
    plain=([nothing()], False), number=([nothing(empty=1)], False),
    no_mark=([without(nothing(), 'empty')], False),
    twice=([nothing(), nothing(1)], False))


@pytest.mark.parametrize('name', NO_TARGET)
def test_marks_of_no_target(tmp_path, name):
    annotations, wrong = NO_TARGET[name]
    lines, findings = read_entries(tmp_path, GREFCOCO, [entry()], annotations)
    assert set(at(findings, GREFCOCO)) == (
        {('no_target_encoding', 'images[0]', 'skip')} if wrong else set())
    assert [(expr['targets'], expr['phrases']) for expr in exprs_of(lines)] == (
        [] if wrong else [([], [dict(span=[[5, 8]], targets=[])])])


def test_odd_mark_counts_as_none(tmp_path):
    lines, findings = read_entries(
        tmp_path, GREFCOCO, [entry(), entry(1, 'blue bus')],
        [box(empty='yes'), nothing(1, 1, empty=None)])
    assert at(findings, GREFCOCO) == [
        ('bad_type', f'annotations[{number}].empty', 'keep') for number in (0, 1)]
    assert [expr['targets'] for expr in exprs_of(lines)] == [[0], []]


def test_bad_box_costs_all_targets_of_an_expression(tmp_path):
    _, findings = read_entries(tmp_path, GREFCOCO, [entry(caption='both men')], [
        box(), box(1, original_id=7002, bbox=[1, 1, 5, 0], area=0)])
    assert at(findings, GREFCOCO) == [('box_degenerate', 'images[0]', 'skip')]


def test_files_of_a_folder_become_sets_with_splits_in_order(tmp_path):
    content = dict(images=[entry()], annotations=[box()], categories=CATEGORIES)
    for name in ('finetune_refcoco_testA', 'finetune_refcoco_val',
                 'finetune_refcoco_train', 'finetune_refcoco+_val', 'finetune_grefcoco_'
                 'val', 'final_refexp_val', 'final_mixed_train_no_coco', 'expected'):
        write_json(tmp_path / f'{name}.json', content)

    def names(kind):
        return [found.name for found in READERS[kind]([tmp_path], ReadOptions())]

    assert names('mdetr_refexp') == ['mdetr_refcoco_plus', 'mdetr_refcoco']
    assert names('mdetr_grefcoco') == ['mdetr_grefcoco']
    assert names('mdetr_mixed') == ['mdetr_mixed_no_coco', 'mdetr_refexp']
    with pytest.raises(FileNotFoundError, match='no file named final_flickr'):
        names('mdetr_flickr')
    lines, findings = read('mdetr_refexp', tmp_path)
    assert [line['split'] for line in lines] == ['val', 'train', 'val', 'testA']
    assert brief(findings) == [
        ('split_leak', f'finetune_refcoco_{split}.json', 'images[0]', 'keep')
        for split in ('val', 'testA')]


@pytest.mark.parametrize(('name', 'code', 'action'), [
    ('finetune_refcoco_later.json', 'split_unknown', 'skip'),
    ('finetune_refcoco_test.json', 'split_unexpected', 'keep'),
    ('finetune_refcoco_validation.json', 'split_alias', 'keep')])
def test_name_of_the_split_is_checked(tmp_path, name, code, action):
    lines, findings = read_entries(tmp_path, name, [entry()], [box()])
    assert findings == [(code, name, '', action)]
    assert len(lines) == (action == 'keep')


def test_images_are_looked_for_by_any_name(tmp_path):
    write_image(tmp_path / 'images/train2017/000000000101.jpg', 60, 48)
    images = [entry(), entry(1, 'he', file_name='COCO_train2014_000000000999.jpg',
                             original_id=999)]
    lines, findings = read_entries(tmp_path / 'a', REFEXP, images, [
        box(), box(1, 1, tokens_positive=[])], images=tmp_path / 'images')
    assert at(findings, REFEXP) == [('image_size_mismatch', 'images[0]', 'keep'),
                                    ('image_missing', 'images[1]', 'skip')]
    assert lines[0]['image']['file'] == 'train2017/000000000101.jpg'
    assert lines[0]['image']['width'] == 64


@pytest.mark.parametrize(('name', 'record', 'folder'), [
    (FLICKR, caption(), 'flickr30k_images'),
    (MIXED, entry(original_id=-1, file_name='1001.jpg'), 'VG_100K')])
def test_images_of_one_number_are_told_by_their_folders(tmp_path, name, record, folder):
    for place in ('VG_100K', 'flickr30k_images', 'saiapr_tc-12'):
        write_image(tmp_path / f'images/{place}/1001.jpg', 60, 40)
    lines, _ = read_entries(tmp_path / 'a', name, [record], [],
                            images=tmp_path / 'images')
    assert lines[0]['image']['file'] == f'{folder}/1001.jpg'


def test_masks_of_phrasecut_are_read(tmp_path):
    name = 'finetune_phrasecut_miniv.json'
    polygon = [4, 4, 24, 4, 24, 34, 4, 34]
    record = entry(file_name='2001.jpg', original_id=2001, task_id='2001__1')
    lines, findings = read_entries(tmp_path, name, [record], [
        box(segmentation=[polygon]), box(1, original_id=2, bbox=[1, 1, 5, 5], area=25,
                                         segmentation=[])])
    assert at(findings, name) == [('mask_missing', 'annotations[1]', 'keep')]
    assert lines[0]['image']['id'] == 'vg:2001'
    assert lines[0]['instances'][0]['segm'] == {'poly': [polygon]}
    assert lines[0]['exprs'][0]['extra']['task_id'] == '2001__1'


@pytest.mark.parametrize('content', [
    '[]', '{"images": {}, "annotations": []}', '{"images": []}', '{"images": [', ''])
def test_file_of_another_shape_cannot_be_read(tmp_path, content):
    (tmp_path / REFEXP).write_text(content)
    with pytest.raises(AnnotationFileError, match=REFEXP):
        read('mdetr_refexp', tmp_path)


def test_single_file_of_any_name_is_read(tmp_path):
    path = tmp_path / 'own_val.json'
    path.write_text(json.dumps(dict(images=[entry()], annotations=[box()],
                                    categories=5)))
    lines, findings = read('mdetr_refexp', path, check=Check.NONE)
    assert findings == [] and lines[0]['split'] == 'val'
    with pytest.raises(FileNotFoundError, match='does not exist'):
        read('mdetr_refexp', tmp_path / 'nothing')
