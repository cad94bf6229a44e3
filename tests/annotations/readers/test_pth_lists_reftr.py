"""The reader of .pth lists, on those of RefTR: masks, captions with phrases."""
import os
from pathlib import Path

import numpy as np
import pytest
import torch

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import READERS, ReadOptions
from segvg.annotations.readers.pth_lists import parse_reftr
from tests.annotations.readers.sources import (
    COCO_FILE,
    brief,
    exprs_of,
    read,
    write_image,
    write_pth,
)

FILE, MASK = 'anns/refcoco/refcoco_unc_val.pth', 'masks/refcoco/7001.npy'
CAPTIONS = 'annotations/flickr/flickr_val.pth'
BOX = [4, 4, 24, 34]
CAPTION = 'A man and two dogs near a lake'


def array(x1=4, y1=4, x2=24, y2=34, size=(48, 64)):
    """A mask of a rectangle."""
    mask = np.zeros(size, dtype=bool)
    mask[y1:y2, x1:x2] = True
    return mask


@pytest.fixture
def root(tmp_path):
    """A source with one sound mask, and images of 64 x 48 pixels."""
    for name in (f'mscoco/train2014/{COCO_FILE}', 'flickr30k_images/1001.jpg'):
        write_image(tmp_path / 'images' / name)
    save_mask(tmp_path / 'lists', array())
    return tmp_path


def save_mask(root, content, name=MASK):
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    np.save(root / name, content)


def read_rows(root, rows, file=FILE, **options):
    write_pth(root / 'lists' / file, rows)
    lines, findings = read('reftr_pth', root / 'lists', images=root / 'images',
                           **options)
    return lines, brief(findings)


def row(text='left man', mask='7001.npy', bbox=BOX, file=COCO_FILE):
    return (file, mask, bbox, text)


def caption(starts=(0, 10), boxes=((0, 0, 19, 29), (24, 9, 48, 18)),
            phrases=('A man', 'two dogs'), text=CAPTION, file='1001.jpg'):
    return (file, list(starts), list(map(list, boxes)), list(phrases), None, text)


def test_rows_of_one_object_share_its_instance(root):
    rows = [row(), row('he'), row('it', bbox=torch.tensor(BOX))]
    lines, findings = read_rows(root, rows)
    assert findings == []
    instance, = lines[0]['instances']
    assert instance.pop('segm')['rle']['size'] == [48, 64]
    assert instance == dict(id='7001', bbox=[4, 4, 24, 34], iscrowd=0)
    assert exprs_of(lines)[1] == dict(id=1, text='he', src=[0, 1], targets=[0])


ROW_FINDINGS = dict(
    text_row=('row', 'bad_type', '', 'skip'),
    five=((COCO_FILE, '7001.npy', BOX, 'man', []), 'bad_type', '', 'skip'),
    short_box=(row('x', bbox=[1, 2, 3]), 'bad_type', '', 'skip'),
    no_text=(row(None), 'bad_type', '', 'skip'),
    no_file=(row('x', file=''), 'bad_type', '', 'skip'),
    blank=(row(' '), 'expr_empty', '', 'skip'),
    dots=(row('..'), 'expr_empty_after_clean', '', 'keep'),
    again=(row('First!'), 'expr_duplicate_in_ref', '', 'keep'),
    other=(row('first', '', [1, 1, 9, 9]), 'expr_ambiguous', '', 'keep'),
    same_id=(row('x', bbox=[4, 4, 23, 34]), 'id_duplicate', '', 'keep'),
    lost=(row('x', file='COCO_train2014_000000000999.jpg'), 'image_missing', '',
          'skip'),
    turned=(row('x', bbox=[24, 4, 4, 34]), 'box_degenerate', '', 'skip'),
    away=(row('x', '', [70, 4, 74, 34]), 'box_outside', '', 'skip'),
    nan=(row('x', '', [float('nan'), 4, 74, 34]), 'box_not_finite', '', 'skip'),
    border=(row('x', '', [-1, 4, 24, 34]), 'box_partly_outside', '', 'keep'),
    thin=(row('x', '', [4, 4, 4.5, 34]), 'box_thin', '', 'keep'),
    latin1=(row(b'caf\xe9'), 'bytes_decoded_latin1', '', 'keep'),
    no_mask=(row('x', '7009.npy'), 'mask_missing', '', 'keep'),
    no_name=(row('x', None), 'mask_missing', '', 'keep'),
    leaves=(row('x', '../refcoco/7001.npy'), 'mask_missing', '', 'keep'),
    long=(row('x', 'y' * 5000), 'mask_missing', '', 'keep'),
    number=(row('x', 7001), 'bad_type', '[1]', 'keep'))


@pytest.mark.parametrize('name', ROW_FINDINGS)
def test_finding_is_reported_at_the_row(root, name):
    record, code, at, action = ROW_FINDINGS[name]
    lines, findings = read_rows(root, [row('first'), record])
    assert (code, FILE, f'[1]{at}', action) in findings
    assert len(exprs_of(lines)) == (1 if action == 'skip' else 2)


@pytest.mark.parametrize(('content', 'code'), [
    (array(size=(40, 60)), 'mask_size_mismatch'), (array(0, 0, 0, 0), 'mask_empty'),
    (np.zeros((48, 64, 1)), 'mask_size_mismatch'), (np.array('man'), 'bad_type'),
    (np.array([{}], dtype=object), 'unsafe_npy'),
    (array(40, 4, 60, 34), 'mask_box_disagree')])
def test_finding_of_a_mask_is_reported_once_at_its_file(root, content, code):
    save_mask(root / 'lists', content)
    lines, findings = read_rows(root, [row(), row('he')])
    assert findings == [(code, MASK, '', 'keep')]
    assert len(exprs_of(lines)) == 2
    assert ('segm' in lines[0]['instances'][0]) is (code == 'mask_box_disagree')
    if code != 'mask_box_disagree':
        lines, findings = read_rows(root, [row(), row('he')], need_mask=True)
        assert findings == [(code, FILE, f'[{i}]', 'skip') for i in (0, 1)]


def test_mask_of_any_numbers_is_what_is_not_zero(root):
    save_mask(root / 'lists', array().astype(np.uint8) * 2)
    lines, findings = read_rows(root, [row()])
    assert findings == [] and 'segm' in lines[0]['instances'][0]


def test_masks_are_found_from_a_file_in_the_working_folder(root, monkeypatch):
    write_pth(root / 'lists' / FILE, [row()])
    monkeypatch.chdir(root / 'lists/anns/refcoco')
    lines, findings = read('reftr_pth', Path('refcoco_unc_val.pth'),
                           images=root / 'images')
    assert findings == [] and 'segm' in lines[0]['instances'][0]


def test_folder_of_masks_that_is_missing_is_one_finding(root):
    os.rename(root / 'lists/masks', root / 'masks')
    lines, findings = read_rows(root, [row(), row('he', '7002.npy')])
    assert findings == [('mask_missing', FILE, '', 'keep')]
    assert len(exprs_of(lines)) == 2
    _, findings = read_rows(root, [row(), row('he', 7002)], need_mask=True)
    assert [found for found in findings if found[3] == 'skip'] == [
        ('mask_missing', FILE, f'[{i}]', 'skip') for i in (0, 1)]


def test_link_that_leads_out_of_the_masks_is_missing(root):
    save_mask(root, array(), 'out.npy')
    os.symlink(root / 'out.npy', root / 'lists/masks/refcoco/7002.npy')
    _, findings = read_rows(root, [row(mask='7002.npy')])
    assert findings == [('mask_missing', FILE, '[0]', 'keep')]


def test_caption_has_a_phrase_for_each_box(root):
    lines, findings = read_rows(root, [caption()], CAPTIONS)
    assert findings == []
    assert [instance['bbox'] for instance in lines[0]['instances']] == [
        [0, 0, 20, 30], [24, 9, 49, 19]]
    assert exprs_of(lines)[0] == dict(
        id=0, text=CAPTION, src=[0, 0], caption=True, targets=[0, 1], phrases=[
            dict(span=[[0, 5]], targets=[0]), dict(span=[[10, 18]], targets=[1])])
    assert lines[0]['image']['id'] == 'flickr30k:1001'


def test_phrases_with_one_box_share_its_instance(root):
    rows = [caption(boxes=[(0, 0, 19, 29)] * 2), caption(), caption()]
    lines, findings = read_rows(root, rows, CAPTIONS)
    assert findings == []  # captions may repeat
    assert [[phrase['targets'] for phrase in expr['phrases']]
            for expr in exprs_of(lines)] == [[[0], [0]], [[0], [1]], [[0], [1]]]


@pytest.mark.parametrize(('changes', 'found', 'phrases'), [
    (dict(starts=(0, 11)), [('span_text_mismatch', '', 'skip')], None),
    (dict(starts=(0, 90)), [('span_out_of_range', '[1][1]', 'keep'),
                            ('span_text_mismatch', '', 'skip')], None),
    (dict(starts=(0, -20)), [('span_out_of_range', '[1][1]', 'keep'),
                             ('span_text_mismatch', '', 'skip')], None),
    (dict(phrases=('A man', '')), [('span_empty', '[1][1]', 'keep')], [[0]]),
    (dict(boxes=[(0, 0, 19, 29), (90, 0, 94, 5)]),
     [('box_outside', '[2][1]', 'box_dropped')], [[0], []]),
    (dict(boxes=[(9, 0, 2, 29), (9, 0, 2, 5)]),
     [('box_degenerate', '[2][0]', 'box_dropped'),
      ('box_degenerate', '[2][1]', 'box_dropped'),
      ('caption_without_boxes', '', 'keep')], [[], []]),
    (dict(starts=(), boxes=(), phrases=()), [('caption_without_boxes', '', 'keep')],
     []),
    (dict(starts=(0,)), [('bad_type', '', 'skip')], None),
    (dict(starts=(0, '10')), [('bad_type', '', 'skip')], None),
    (dict(phrases=('A man', 5)), [('bad_type', '', 'skip')], None),
    (dict(boxes=[(1, 2, 3), (1, 2, 3, 4)]), [('bad_type', '', 'skip')], None),
    (dict(text=' ', starts=(), boxes=(), phrases=()), [('expr_empty', '', 'skip')],
     None),
    (dict(file='999.jpg'), [('image_missing', '', 'skip')], None)])
def test_finding_of_a_caption_is_reported(root, changes, found, phrases):
    lines, findings = read_rows(root, [caption(**changes)], CAPTIONS)
    assert findings == sorted(
        [(code, CAPTIONS, f'[0]{at}', action) for code, at, action in found],
        key=findings.index)
    kept = [[phrase['targets'] for phrase in expr['phrases']]
            for expr in exprs_of(lines)]
    assert kept == ([] if phrases is None else [phrases])


def test_box_of_an_empty_phrase_stays(root):
    lines, _ = read_rows(root, [caption(phrases=('', 'two dogs'))], CAPTIONS)
    assert exprs_of(lines)[0]['targets'] == [0, 1]
    assert exprs_of(lines)[0]['phrases'] == [dict(span=[[10, 18]], targets=[1])]


def test_sets_are_folders_and_parts(root):
    for name in ('anns/refcocog/refcocog_umd_val', 'anns/refcocog/refcocog_google_val',
                 'anns/refcoco+/refcoco+_unc_testA', 'annotations_resc/unc/unc_val',
                 'annotations/flickr/flickr_train', 'vg/vg_all'):
        write_pth(root / 'lists' / f'{name}.pth', [])
    find = READERS['reftr_pth']
    assert sorted(found.name for found in find([root / 'lists'], ReadOptions())) == [
        'reftr_flickr', 'reftr_refcoco_plus_unc', 'reftr_refcocog_google',
        'reftr_refcocog_umd', 'resc_unc', 'resc_vg']
    umd, = find([root / 'lists/anns'], ReadOptions(partition='umd', dataset='own'))
    assert (umd.name, umd.dataset, umd.partition) == ('own', 'refcocog', 'umd')
    with pytest.raises(FileNotFoundError, match='no <set>_<part>_<split>.pth in'):
        find([root / 'images'], ReadOptions())
    with pytest.raises(FileNotFoundError, match='does not exist'):
        find([root / 'nothing'], ReadOptions())


def test_files_are_read_train_first(root):
    for split in ('testA', 'val', 'train', 'later'):
        write_pth(root / f'lists/anns/refcoco/refcoco_unc_{split}.pth', [row()])
    lines, findings = read('reftr_pth', root / 'lists', images=root / 'images')
    assert [line['split'] for line in lines] == ['train', 'val', 'testA']
    assert sorted(brief(findings)) == [
        ('split_leak', f'anns/refcoco/refcoco_unc_{split}.pth', '[0]', 'keep')
        for split in ('testA', 'val')] + [
        ('split_unknown', 'anns/refcoco/refcoco_unc_later.pth', '', 'skip')]


def test_file_that_is_not_a_list_cannot_be_read(root):
    with pytest.raises(AnnotationFileError, match='expected a list of rows, got dict'):
        read_rows(root, {'a': 1})


@pytest.mark.parametrize(('record', 'reason'), [
    (3, 'int, a tuple is expected'), ((1, 2), '2 values, 4 or 6 are expected'),
    ((1, 2, BOX, 4), 'image name 1, a string is expected'),
    (caption(starts=(0,)), '1 starts, 2 boxes and 2 phrases'),
    (caption(starts=(0, '10')), 'starts .*, integers are expected'),
    (caption(phrases=('A man', 5)), 'phrase 5, a string is expected')])
def test_parse_reftr_says_why_a_record_is_not_a_row(record, reason):
    with pytest.raises(ValueError, match=reason):
        parse_reftr(record, 'refcoco')
