"""The reader of .pth lists, on those of ReSC: boxes, ids, and every finding."""
import pytest
import torch

from segvg.annotations.checks import Check
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import READERS, ReadOptions
from segvg.annotations.readers.pth_lists import parse_resc
from tests.annotations.readers.sources import (
    COCO_FILE,
    brief,
    exprs_of,
    read,
    write_image,
    write_pth,
)

XYWH = [4.2, 4.0, 20.6, 30.0]
POLYGON = [4, 4, 24, 4, 24, 34, 4, 34]


@pytest.fixture
def root(tmp_path):
    """A root with an image of 64 x 48 pixels of each collection."""
    for place in (f'mscoco/train2014/{COCO_FILE}', 'referit/images/25.jpg',
                  'flickr30k_images/25.jpg', 'VG_100K/25.jpg'):
        write_image(tmp_path / 'images' / place)
    return tmp_path


def read_rows(root, rows, file='unc/unc_val.pth', **options):
    write_pth(root / 'lists' / file, rows)
    lines, findings = read('resc_pth', root / 'lists', images=root / 'images',
                           **options)
    return lines, brief(findings)


def row(file=COCO_FILE, mask='7001.pth', bbox=XYWH, text='left man', last=()):
    return (file, mask, bbox, text, last)


@pytest.mark.parametrize(('file', 'record', 'image_id', 'bbox', 'folder'), [
    ('unc/unc_val.pth', row(), 'coco:101', [4.2, 4, 24.8, 34], 'mscoco/train2014'),
    ('unc/unc_val.pth', row('000000000101.jpg'), 'coco:101', [4.2, 4, 24.8, 34],
     'mscoco/train2014'),
    ('referit/referit_test.pth', row('25.jpg', '25_1.pth', [0, 0, 47, 12]), 'saiapr:25',
     [0, 0, 48, 13], 'referit/images'),
    ('mixup/mixup_train.pth', row('25.jpg', '25_1.pth', [0, 0, 47, 12]), 'saiapr:25',
     [0, 0, 48, 13], 'referit/images'),
    ('flickr/flickr_val.pth', ('25.jpg', [24, 9, 33, 18], 'two dogs'), 'flickr30k:25',
     [24, 9, 34, 19], 'flickr30k_images'),
    ('vg/vg_all.pth', ('25.jpg', [24, 9, 33, 18], 'dogs'), 'vg:25', [24, 9, 57, 27],
     'VG_100K'),
    ('referit/referit_val.pth', row('25.jpg', {'height': 48, 'width': 64}, [1, 2, 3, 4],
                                    last=[[1, 2, 4, 2, 4, 6, 1, 6]]),
     'saiapr:25', [1, 2, 4, 6], 'referit/images')])
def test_row_of_each_kind_has_its_box_and_image(root, file, record, image_id, bbox,
                                                folder):
    lines, findings = read_rows(root, [record], file)
    assert findings == []
    assert lines[0]['image']['id'] == image_id
    assert lines[0]['image']['file'].startswith(folder)
    assert lines[0]['instances'][0]['bbox'] == pytest.approx(bbox)
    assert (lines[0]['image']['width'], lines[0]['image']['height']) == (64, 48)


def test_polygons_of_the_later_dialects_are_masks(root):
    rows = [row(mask={'height': 48, 'width': 64}, bbox=[4, 4, 20, 30], last=[POLYGON]),
            row(mask='coco', bbox=[5, 4, 20, 30, POLYGON, POLYGON], text='he'),
            row(mask='coco', bbox=[6, 4, 20, 30, [POLYGON]], text='who')]
    lines, findings = read_rows(root, rows)
    assert findings == []
    segms = [instance['segm'] for instance in lines[0]['instances']]
    assert segms == [{'poly': [POLYGON]}, {'poly': [POLYGON] * 2}, {'poly': [POLYGON]}]
    assert [instance['id'] for instance in lines[0]['instances']] == ['0', '1', '2']


def test_rows_of_one_object_share_its_instance(root):
    rows = [row(), row(text='he'), row(mask='', text='it'), row(mask='', text='this'),
            row(mask=[64, 48], bbox=[1, 1, 5, 5], text='that')]
    lines, findings = read_rows(root, rows)
    assert findings == []
    assert [instance['id'] for instance in lines[0]['instances']] == ['7001', '2', '4']
    assert [expr['targets'] for expr in lines[0]['exprs']] == [[0], [0], [1], [1], [2]]
    assert [(expr['id'], expr['src']) for expr in lines[0]['exprs'][:2]] == [
        (0, [0, 0]), (1, [0, 1])]


def test_bytes_and_tensors_are_read(root):
    record = (COCO_FILE.encode(), b'7001.pth', torch.tensor([4, 4, 20, 30]),
              b'caf\xe9', [])
    lines, findings = read_rows(root, [record, row(text='caf\xe9 au lait', mask='')])
    assert findings == [('bytes_decoded_latin1', 'unc/unc_val.pth', '[0]', 'keep')]
    assert lines[0]['exprs'][0]['text'] == 'caf\xe9'
    assert lines[0]['instances'][0]['id'] == '7001'


FINDINGS = dict(
    text_row=('row', 'bad_type', 'skip'),
    four_values=((COCO_FILE, '7001.npy', XYWH, 'man'), 'bad_type', 'skip'),
    short_box=(row(bbox=[1, 2, 3]), 'bad_type', 'skip'),
    text_box=(row(bbox='1,2,3,4'), 'bad_type', 'skip'),
    no_text=(row(text=None), 'bad_type', 'skip'),
    no_name=(row(file=''), 'bad_type', 'skip'),
    blank=(row(text='  '), 'expr_empty', 'skip'),
    punctuation=(row(text='...'), 'expr_empty_after_clean', 'keep'),
    again=(row(text='Right man!'), 'expr_duplicate_in_ref', 'keep'),
    other_box=(row(mask='', bbox=[1, 1, 5, 5], text='right man'), 'expr_ambiguous',
               'keep'),
    same_id=(row(bbox=[1, 1, 5, 5], text='he'), 'id_duplicate', 'keep'),
    lost=(row(file='COCO_train2014_000000000999.jpg'), 'image_missing', 'skip'),
    outside=(row(file='../images/referit/images/25.jpg'), 'image_missing', 'skip'),
    nan=(row(bbox=[1, 2, float('nan'), 4]), 'box_not_finite', 'skip'),
    flat=(row(bbox=[1, 2, 3, 0]), 'box_degenerate', 'skip'),
    away=(row(bbox=[70, 2, 3, 4], mask='', text='he'), 'box_outside', 'skip'),
    border=(row(bbox=[60, 2, 5, 4], mask='', text='he'), 'box_partly_outside', 'keep'),
    thin=(row(bbox=[6, 2, .5, 4], mask='', text='he'), 'box_thin', 'keep'),
    odd=(row(mask={}, bbox=[4, 4, 20, 30], text='he', last=[[1, 2, 3]]),
         'mask_bad_polygon', 'keep'),
    no_polygon=(row(mask={}, bbox=[4, 4, 20, 30], text='he'), 'mask_missing', 'keep'),
    no_pixel=(row(mask={}, bbox=[4, 4, 20, 30], text='he',
                  last=[[70, 2, 80, 2, 80, 9]]), 'mask_empty', 'keep'),
    elsewhere=(row(mask={}, bbox=[4, 4, 20, 30], text='he',
                   last=[[40, 4, 60, 4, 60, 34]]), 'mask_box_disagree', 'keep'))


@pytest.mark.parametrize('name', FINDINGS)
def test_finding_is_reported_at_the_row(root, name):
    record, code, action = FINDINGS[name]
    lines, findings = read_rows(root, [row(text='right man'), record])
    assert [found for found in findings if found[0] == code] == [
        (code, 'unc/unc_val.pth', '[1]', action)]
    assert len(exprs_of(lines)) == (1 if action == 'skip' else 2)


def test_size_is_compared_with_the_file_and_with_the_line(root):
    record = row(mask={'height': 64, 'width': 48}, bbox=[4, 4, 20, 30], text='he',
                 last=[POLYGON])
    lines, findings = read_rows(root, [row(text='right man'), record])
    assert findings == [('image_size_mismatch', 'unc/unc_val.pth', '[1]', 'keep')] * 2
    assert len(exprs_of(lines)) == 2


def test_annotated_size_stays(root):
    record = row(mask={'height': 44, 'width': 60}, last=[POLYGON], bbox=[4, 4, 20, 30])
    lines, _ = read_rows(root, [record])
    assert (lines[0]['image']['width'], lines[0]['image']['height']) == (60, 44)


def test_files_are_read_train_first_and_leaks_are_seen_across_them(root):
    for name in ('unc_testB', 'unc_val', 'unc_train', 'unc_testA'):
        write_pth(root / 'lists/unc' / f'{name}.pth', [row(), row(text='he')])
    lines, findings = read('resc_pth', root / 'lists', images=root / 'images')
    assert [line['split'] for line in lines] == ['train', 'val', 'testA', 'testB']
    assert brief(findings) == [
        ('split_leak', f'unc/unc_{split}.pth', '[0]', 'keep')
        for split in ('val', 'testA')]


def test_files_of_one_split_share_the_lines_of_their_images(root):
    rows = [row(mask='', bbox=[1, 1, 5, 5]), row(mask='', text='he')]
    write_pth(root / 'lists/unc/more_val.pth', rows[:1])
    lines, _ = read_rows(root, [row(mask='', bbox=[2, 2, 5, 5]), rows[1]])
    assert [expr['targets'] for expr in exprs_of(lines)] == [[0], [1], [2]]
    assert [instance['id'] for instance in lines[0]['instances']] == ['0', '0#1', '1']


def test_split_called_validation_is_val(root):
    lines, findings = read_rows(root, [row()], 'unc/unc_validation.pth')
    assert findings == [('split_alias', 'unc/unc_validation.pth', '', 'keep')]
    assert lines[0]['split'] == 'val'


def test_file_of_unknown_split_is_skipped(root):
    write_pth(root / 'lists/unc/unc_later.pth', [row()])
    lines, findings = read_rows(root, [row()])
    assert findings == [('split_unknown', 'unc/unc_later.pth', '', 'skip')]
    assert len(lines) == 1


def test_vocabularies_of_older_code_are_ignored(root):
    write_pth(root / 'lists/unc/unc_val.pth', [row()])
    (root / 'lists/corpus.pth').write_bytes(b'not to be read')
    sets = READERS['resc_pth']([root / 'lists'], ReadOptions())
    assert [(found.name, found.dataset) for found in sets] == [('resc_unc', 'unc')]


def test_sets_have_names_that_refer_sets_do_not_have(root):
    for name in ('unc+', 'gref_umd', 'flickr'):
        write_pth(root / 'lists' / name / f'{name}_val.pth', [row()])
    find = READERS['resc_pth']
    assert [found.name for found in find([root / 'lists'], ReadOptions())] == [
        'resc_flickr', 'resc_gref_umd', 'resc_unc_plus']
    single = find([root / 'lists/flickr/flickr_val.pth'], ReadOptions(dataset='own'))
    assert [(found.name, found.dataset) for found in single] == [('own', 'flickr')]


def test_nothing_to_read_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match='no <name>_<split>.pth in'):
        READERS['resc_pth']([tmp_path], ReadOptions())
    with pytest.raises(FileNotFoundError, match='does not exist'):
        READERS['resc_pth']([tmp_path / 'nothing'], ReadOptions())


def test_sizes_need_the_images_whatever_is_checked(root):
    write_pth(root / 'lists/unc/unc_val.pth', [row()])
    with pytest.raises(ValueError, match='no image sizes.*--images'):
        read('resc_pth', root / 'lists', check=Check.FAST)
    lines, _ = read('resc_pth', root / 'lists', check=Check.NONE,
                    images=root / 'images')
    assert lines[0]['image']['width'] == 64


def test_need_mask_skips_rows_without_polygons(root):
    rows = [row(), row(mask={}, bbox=[4, 4, 20, 30], text='he', last=[POLYGON])]
    lines, findings = read_rows(root, rows, need_mask=True)
    assert findings == [('mask_missing', 'unc/unc_val.pth', '[0]', 'skip')]
    assert [expr['id'] for expr in exprs_of(lines)] == [1]


def test_file_that_is_not_a_list_cannot_be_read(root):
    with pytest.raises(AnnotationFileError, match='expected a list of rows, got dict'):
        read_rows(root, {'a': 1})


@pytest.mark.parametrize(('record', 'reason'), [
    (3, 'int, a tuple is expected'), ((1, 2), '2 values, 3 or 5 are expected'),
    ((COCO_FILE, 'x', 'man'), "box 'x', a list is expected"),
    ((COCO_FILE, [1, 2, 'x', 4], 'man'), 'box .*, four numbers are expected'),
    ((COCO_FILE, XYWH, None), 'text None, a string is expected'),
    (('', XYWH, 'man'), 'the image name is empty')])
def test_parse_resc_says_why_a_record_is_not_a_row(record, reason):
    with pytest.raises(ValueError, match=reason):
        parse_resc(record, 'unc')


def test_own_list_has_to_say_how_boxes_are_stored(root):
    for name in ('dock/25.jpg', 'yard/25.jpg'):
        write_image(root / 'images' / name)
    rows = [row('dock/25.jpg', bbox=[30, 4, 20, 30]),
            row('yard/25.jpg', bbox=[4, 4, 20, 30])]
    with pytest.raises(AnnotationFileError, match='--box.*1 of 2 boxes.*xywh'):
        read_rows(root, rows, 'mine/mine_val.pth')
    lines, findings = read_rows(root, rows, 'mine/mine_val.pth', box='xywh')
    assert findings == []
    assert [line['image']['id'] for line in lines] == ['file:dock/25.jpg',
                                                       'file:yard/25.jpg']
    assert lines[0]['instances'][0]['bbox'] == [30, 4, 50, 34]
    lines, _ = read_rows(root, rows[1:], 'mine/mine_val.pth', box='xyxy-inclusive')
    assert lines[0]['instances'][0]['bbox'] == [4, 4, 21, 31]
