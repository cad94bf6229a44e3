"""The reader of ReferItGame: queries, boxes, MATLAB masks, and every finding."""

import numpy as np
import pytest
from scipy.io import savemat

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.mat import load_mat
from segvg.annotations.readers import READERS, ReadOptions
from tests.annotations.readers.sources import (
    brief,
    exprs_of,
    read,
    write_image,
    write_json,
)

FOLDER = 'splits/referit/'
QUERY, BOXES, SIZES = (f'{FOLDER}referit_{name}.json' for name in (
    'query_val', 'bbox', 'imsize'))


def mask(rows=slice(10, 31), columns=slice(4, 25)):
    """A matrix that is 0 in a region of an image of 48 x 36 pixels."""
    matrix = np.ones((36, 48), np.uint8)
    matrix[rows, columns] = 0
    return matrix


def write(root, queries=None, boxes=None, masks=None, sizes=None, split='val'):
    """Write a source with one region, its box and its mask."""
    queries = {'25_1': ['sky']} if queries is None else queries
    write_json(root / FOLDER / f'referit_query_{split}.json', queries)
    write_json(root / BOXES, {'25_1': [4, 10, 24, 30], **(boxes or {})})
    write_json(root / SIZES, {'25.jpg': [48, 36]} if sizes is None else sizes)
    (root / 'mask').mkdir(exist_ok=True)
    for name, matrix in {'25_1': mask(), **(masks or {})}.items():
        savemat(root / f'mask/{name}.mat', {'segimg_t': matrix})
    return root


def read_set(root, **options):
    lines, findings = read('referit_saiapr', root, **options)
    return lines, brief(findings)


def test_texts_of_a_region_are_expressions(tmp_path):
    lines, findings = read_set(write(tmp_path, {'25_1': ['sky ', 'caf\xe9']}))
    assert findings == []
    segm = lines[0]['instances'][0].pop('segm')
    assert segm['rle']['size'] == [36, 48]
    assert lines == [dict(
        image=dict(id='saiapr:25', file='25.jpg', width=48, height=36), split='val',
        instances=[dict(id='25_1', bbox=[4, 10, 25, 31], iscrowd=0)],
        exprs=[dict(id='25_1#0', ref_id='25_1', text='sky ', src=[0, 0], targets=[0]),
               dict(id='25_1#1', ref_id='25_1', text='caf\xe9', src=[0, 0],
                    targets=[0])])]


QUERIES = dict(
    odd_name=({'sky': ['he']}, {}, 'sky', 'bad_type', 'skip'),
    no_list=({'25_2': 'he'}, {}, '25_2', 'bad_type', 'skip'),
    no_texts=({'25_2': []}, {}, '25_2', 'ref_without_sentences', 'skip'),
    odd_text=({'25_2': [3]}, {}, '25_2[0]', 'bad_type', 'skip'),
    blank=({'25_2': [' ']}, {}, '25_2[0]', 'expr_empty', 'skip'),
    punctuation=({'25_2': ['?!']}, {}, '25_2[0]', 'expr_empty_after_clean', 'keep'),
    twice=({'25_2': ['he', 'He!']}, {}, '25_2[1]', 'expr_duplicate_in_ref', 'keep'),
    same_words=({'25_2': ['Sky.']}, {}, '25_2[0]', 'expr_ambiguous', 'keep'),
    no_box=({'25_3': ['he']}, {}, '25_3', 'box_missing', 'skip'),
    no_size=({'27_1': ['he']}, {'27_1': [1, 1, 2, 2]}, '27_1', 'dangling_image',
             'skip'),
    odd_size=({'26_1': ['he']}, {'26_1': [1, 1, 2, 2]}, '26_1', 'bad_type', 'skip'),
    odd_box=({'25_2': ['he']}, {'25_2': [1, 2]}, '25_2', 'bad_type', 'skip'),
    flat=({'25_2': ['he']}, {'25_2': [9, 9, 8, 20]}, '25_2', 'box_degenerate', 'skip'),
    away=({'25_2': ['he']}, {'25_2': [48, 9, 50, 20]}, '25_2', 'box_outside', 'skip'),
    nan=({'25_2': ['he']}, {'25_2': [4, 9, float('nan'), 20]}, '25_2',
         'box_not_finite', 'skip'))


@pytest.mark.parametrize('name', QUERIES)
def test_finding_of_a_query(tmp_path, name):
    queries, boxes, place, code, action = QUERIES[name]
    write(tmp_path, {'25_1': ['sky'], **queries}, {'25_2': [4, 10, 24, 30], **boxes},
          {'25_2': mask(), '26_1': mask(), '27_1': mask(), '25_3': mask()},
          {'25.jpg': [48, 36], '26.jpg': [48, 0]})
    lines, findings = read_set(tmp_path)
    assert (code, QUERY, place, action) in findings
    assert all(found[1] == QUERY and found[2].startswith(place[:4])
               for found in findings if found[0] != 'mask_box_disagree')
    texts = sum(len(value) for value in queries.values())
    assert len(exprs_of(lines)) == 1 + (texts if action == 'keep' else 0)


@pytest.mark.parametrize(('matrix', 'code'), [
    (mask(slice(0)), 'mask_empty'), (mask().T, 'mask_size_mismatch'),
    (mask().astype(float), 'bad_type'), (np.zeros((2, 2, 2), np.uint8), 'bad_type'),
    (mask(slice(0, 9)), 'mask_box_disagree')])
def test_finding_of_a_mask_is_at_its_file(tmp_path, matrix, code):
    lines, findings = read_set(write(tmp_path, {'25_1': ['sky', 'he']},
                                     masks={'25_1': matrix}))
    assert findings == [(code, 'mask/25_1.mat', '', 'keep')]
    assert ('segm' in lines[0]['instances'][0]) == (code == 'mask_box_disagree')


@pytest.mark.parametrize(('content', 'code'), [
    (b'text', 'bad_container'), (b'', 'bad_container'), (None, 'missing_field')])
def test_mask_file_that_cannot_be_read_costs_the_mask(tmp_path, content, code):
    path = write(tmp_path) / 'mask/25_1.mat'
    if content is None:
        savemat(path, {'other': mask()})
    else:
        path.write_bytes(content)
    lines, findings = read_set(tmp_path)
    assert findings == [(code, 'mask/25_1.mat', '', 'keep')]
    assert len(exprs_of(lines)) == 1


def test_missing_masks_are_reported_once_or_each(tmp_path):
    write(tmp_path, {'25_1': ['sky'], '25_2': ['he']}, {'25_2': [1, 1, 9, 9]})
    assert read_set(tmp_path)[1] == [('mask_missing', QUERY, '25_2', 'keep')]
    lines, findings = read_set(tmp_path, need_mask=True)
    assert findings == [('mask_missing', QUERY, '25_2', 'skip')]
    assert len(exprs_of(lines)) == 1
    (tmp_path / 'mask').rename(tmp_path / 'elsewhere')
    assert read_set(tmp_path)[1] == [('mask_missing', QUERY, '', 'keep')]


def test_box_and_size_findings_are_in_the_files_that_hold_them(tmp_path):
    write(tmp_path / 'a', boxes={'25_1': [4, 10, 48, 30]},
          masks={'25_1': mask(columns=slice(4, 48))})
    write_image(tmp_path / 'b/referit/images/25.jpg', 48, 30)
    lines, findings = read_set(tmp_path / 'a', images=tmp_path / 'b')
    assert findings == [('image_size_mismatch', SIZES, '25.jpg', 'keep'),
                        ('box_partly_outside', BOXES, '25_1', 'keep')]
    lines, findings = read_set(tmp_path / 'a', images=tmp_path / 'a')
    assert ('image_missing', QUERY, '25_1', 'skip') in findings and not lines


def test_list_of_images_is_compared(tmp_path):
    write(tmp_path)
    (tmp_path / FOLDER / 'referit_val_imlist.txt').write_text('25\r\n26\nx\n')
    assert read_set(tmp_path)[1] == [
        ('image_without_expressions', f'{FOLDER}referit_val_imlist.txt', 'line:2',
         'keep'), ('bad_type', f'{FOLDER}referit_val_imlist.txt', 'line:3', 'keep')]


def test_splits_are_read_in_order_and_their_unions_are_not(tmp_path):
    for split in ('val', 'train', 'trainval', 'all'):
        write(tmp_path, split=split)
    lines, findings = read_set(tmp_path)
    assert [line['split'] for line in lines] == ['train', 'val']
    assert findings == [('split_leak', QUERY, '25_1', 'keep')]
    for split in ('val', 'train'):
        (tmp_path / FOLDER / f'referit_query_{split}.json').unlink()
    lines, findings = read_set(tmp_path / FOLDER)
    assert [line['split'] for line in lines] == ['trainval'] and findings == []


def test_all_objects_adds_regions_without_queries(tmp_path):
    write(tmp_path, boxes={'25_2': [1, 1, 9, 9], '25_3': [9, 9, 1, 1],
                           '77_1': [1, 1, 2, 2]}, masks={'25_2': mask(
                               slice(1, 10), slice(1, 10)), '25_3': mask()})
    lines, findings = read_set(tmp_path, all_objects=True)
    assert [(found['id'], found.get('ref')) for found in lines[0]['instances']] == [
        ('25_1', None), ('25_2', False)]
    assert ('box_degenerate', BOXES, '25_3', 'box_dropped') in findings


def test_broken_or_absent_files_are_errors(tmp_path):
    with pytest.raises(FileNotFoundError, match='no referit_bbox.json, no'):
        READERS['referit_saiapr']([tmp_path], ReadOptions())
    for file in (QUERY, BOXES, SIZES):
        write(tmp_path)
        write_json(tmp_path / file, [])
        with pytest.raises(AnnotationFileError, match='expected an object, got list'):
            read_set(tmp_path)


def test_mat_files_have_limits(tmp_path, monkeypatch):
    path = write(tmp_path) / 'mask/25_1.mat'
    with pytest.raises(FileNotFoundError, match='file .* does not exist'):
        load_mat(tmp_path / 'no.mat', 'a')
    monkeypatch.setattr('segvg.annotations.files.mat.ELEMENT_LIMIT', 9)
    with pytest.raises(AnnotationFileError, match='segimg_t of'):
        load_mat(path, 'segimg_t')
    monkeypatch.setattr('segvg.annotations.files.mat.SIZE_LIMIT', 9)
    with pytest.raises(AnnotationFileError, match='1920 bytes, more than the limit'):
        load_mat(path, 'segimg_t')


@pytest.mark.parametrize('name', ['valid', 'dev', 'validation'])
def test_other_names_of_val_are_read_beside_train(tmp_path, name):
    write(tmp_path, split='train')
    write(tmp_path, {'0026_1': ['door']}, {'0026_1': [4, 10, 24, 30]},
          {'0026_1': mask()}, {'25.jpg': [48, 36], '0026.jpg': [48, 36]}, split=name)
    lines, findings = read_set(tmp_path, images_are='own')
    assert [(line['split'], line['image']['id']) for line in lines] == [
        ('train', 'file:25.jpg'), ('val', 'file:0026.jpg')]
    assert findings == [
        ('split_alias', f'{FOLDER}referit_query_{name}.json', '', 'keep')]
