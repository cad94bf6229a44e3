"""The reader of parquet copies: kinds, images, and findings but those of REFER."""
import pytest

from segvg.annotations.checks import Report
from segvg.annotations.conversion import convert
from segvg.annotations.files import parquet
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.readers import READERS, ReadOptions
from tests.annotations.readers.parquet_sources import (
    FLIPPED,
    NAN,
    POLYGON,
    REF_L4,
    REFCOCO_M,
    jxu,
    lmms,
    read_rows,
    ref_l4,
    refcoco_m,
    sample,
    write,
)
from tests.annotations.readers.sources import (
    COCO_FILE,
    brief,
    exprs_of,
    read,
    write_image,
)


def test_answers_are_expressions_of_a_ref(tmp_path):
    lines, findings = read_rows(tmp_path, [
        lmms(5, ['left man', 'he']), lmms(6, ['who'], file_name=COCO_FILE)])
    assert findings == []
    instance = dict(bbox=[4, 4, 24, 34], iscrowd=0, segm={'poly': [POLYGON]})
    assert lines == [dict(
        image=dict(id='coco:101', file=COCO_FILE, width=64, height=48, coco_id=101,
                   alt=lines[0]['image']['alt']), split='val',
        instances=[dict(id='7001', **instance), dict(id='row:1', **instance)],
        exprs=[dict(source='lmms', src=[0, 0], ref_id='5', id='5#0', text='left man',
                    targets=[0]),
               dict(source='lmms', src=[0, 0], ref_id='5', id='5#1', text='he',
                    targets=[0]),
               dict(source='lmms', src=[0, 1], ref_id='6', id='6#0', text='who',
                    targets=[1])])]


LMMS = dict(
    no_texts=(lmms(1, []), 'ref_without_sentences', '', 'skip'),
    null_text=(lmms(1, ['he', None]), 'bad_type', '.answer[1]', 'skip'),
    blank=(lmms(1, ['he', ' ']), 'expr_empty', '.answer[1]', 'skip'),
    punctuation=(lmms(1, ['...']), 'expr_empty_after_clean', '.answer[0]', 'keep'),
    twice=(lmms(1, ['he', 'He.']), 'expr_duplicate_in_ref', '.answer[1]', 'keep'),
    same_words=(lmms(1, ['Right man'], file_name=FLIPPED.replace('7001', '2')),
                'expr_ambiguous', '.answer[0]', 'keep'),
    again=(lmms(0, ['he']), 'ref_id_duplicate', '', 'keep'),
    other_box=(lmms(1, ['he'], bbox=[4., 4., 20., 29.]), 'id_duplicate', '', 'keep'),
    null_box=(lmms(1, ['he'], bbox=None), 'bad_type', '', 'skip'),
    short_box=(lmms(1, ['he'], bbox=[1., 2.]), 'bad_type', '', 'skip'),
    flat=(lmms(1, ['he'], bbox=[4., 4., 0., 9.]), 'box_degenerate', '', 'skip'),
    away=(lmms(1, ['he'], bbox=[99., 4., 9., 9.]), 'box_outside', '', 'skip'),
    nan=(lmms(1, ['he'], bbox=[4., NAN, 9., 9.]), 'box_not_finite', '', 'skip'),
    border=(lmms(1, ['he'], bbox=[4., 4., 20., 48.]), 'box_partly_outside', '', 'keep'),
    crowd=(lmms(1, ['he'], iscrowd=1), 'iscrowd_target', '', 'keep'),
    odd_crowd=(lmms(1, ['he'], iscrowd=3), 'bad_type', '.iscrowd', 'keep'),
    no_mask=(lmms(1, ['he'], segmentation=None), 'mask_missing', '', 'keep'),
    odd_mask=(lmms(1, ['he'], segmentation=[4., 4., 9.]), 'mask_bad_polygon', '',
              'keep'),
    other_mask=(lmms(1, ['he'], segmentation=[40., 4., 60., 4., 60., 9., 40., 9.]),
                'mask_box_disagree', '', 'keep'),
    no_name=(lmms(1, ['he'], file_name=None), 'bad_type', '', 'skip'),
    no_image=(lmms(1, ['he'], image=None, file_name=FLIPPED.replace('101', '102')),
              'image_missing', '', 'skip'),
    odd_image=(lmms(1, ['he'], image=dict(bytes=b'no', path='')), 'bad_type', '.image',
               'keep'))


@pytest.mark.parametrize('name', LMMS)
def test_finding_of_an_lmms_row(tmp_path, name):
    row, code, place, action = LMMS[name]
    lines, findings = read_rows(tmp_path, [lmms(0, ['right man']), row])
    assert (code, f'row:1{place}', action) in findings
    assert all(at.startswith('row:1') for _, at, _ in findings)
    if action == 'keep' and name != 'odd_image':
        assert len(exprs_of(lines)) == 1 + len(row['answer'])
    else:
        assert len(exprs_of(lines)) == 1 + place.startswith('.answer')


def test_samples_of_refcoco_m_have_masks_and_categories(tmp_path):
    lines, findings = read_rows(tmp_path, [refcoco_m(sample())], REFCOCO_M)
    assert findings == []
    assert lines[0]['split'] == 'val'
    assert lines[0]['instances'][0]['segm']['rle']['size'] == [48, 64]
    assert lines[0]['exprs'] == [dict(
        source='refcoco_m', src=[0, 0], ref_id=7001, id='7001#0', text='left man',
        targets=[0], extra=dict(category='person', label='person'))]


SAMPLES = dict(
    other_image=(sample(2, image_id=5), 'ann_image_mismatch', 'skip'),
    no_texts=(sample(2, []), 'ref_without_sentences', 'skip'),
    again=(sample(7001, ['he']), 'ref_id_duplicate', 'keep'),
    no_mask=(sample(2, ['he'], mask=None), 'mask_missing', 'keep'),
    empty=(sample(2, ['he'], mask=dict(counts='P`0', size=[32, 64])),
           'mask_size_mismatch', 'keep'),
    short=(sample(2, ['he'], bbox=[1.]), 'bad_type', 'skip'),
    null=(None, 'bad_type', 'skip'))


@pytest.mark.parametrize('name', SAMPLES)
def test_finding_of_a_sample(tmp_path, name):
    second, code, action = SAMPLES[name]
    lines, findings = read_rows(tmp_path, [refcoco_m(sample(), second)], REFCOCO_M)
    assert (code, 'row:0.samples[1]', action) in findings
    assert all(at.startswith('row:0.samples[1]') for _, at, _ in findings)
    assert len(exprs_of(lines)) == (2 if action == 'keep' else 1)


def test_rows_without_samples_are_reported(tmp_path):
    row = refcoco_m(sample())
    lines, findings = read_rows(tmp_path, [row, {**row, 'samples': []},
                                           {**row, 'samples': None}], REFCOCO_M)
    assert findings == [('image_without_expressions', 'row:1', 'keep'),
                        ('bad_type', 'row:2', 'skip')]


def test_captions_of_ref_l4_share_a_box(tmp_path):
    lines, findings = read_rows(tmp_path, [
        ref_l4(), ref_l4(2, 'At the left.', is_rewrite=True),
        ref_l4(3, 'A cup.', image_id='o365_77', bbox_id='o365_9',
               file_name='objects365_v1_00000077.jpg')], REF_L4)
    assert findings == []
    assert [line['image']['id'] for line in lines] == ['coco:101', 'o365:77']
    assert lines[0]['instances'] == [dict(
        id='coco_7001', bbox=[4, 4, 24, 34], category_id='refcoco_1', iscrowd=0,
        area=600)]
    assert [(expr['id'], expr['ref_id'], expr['targets'], expr['extra'])
            for expr in lines[0]['exprs']] == [
        (1, 'coco_7001', [0], dict(is_rewrite=False)),
        (2, 'coco_7001', [0], dict(is_rewrite=True))]


REF_L4_ROWS = dict(
    area=(dict(bbox_area=60.), 'area_mismatch', '', 'keep'),
    image=(dict(image_id='coco_102'), 'file_name_mismatch', '', 'keep'),
    null=(dict(caption=None), 'bad_type', '', 'skip'),
    again=(dict(id=1), 'id_duplicate', '', 'keep'),
    other_box=(dict(bbox=[5., 4., 20., 30.]), 'id_duplicate', '', 'keep'),
    twice=(dict(caption='The man at the left'), 'expr_duplicate_in_ref', '', 'keep'),
    split=(dict(split='test'), 'split_mismatch', '', 'skip'))


@pytest.mark.parametrize('name', REF_L4_ROWS)
def test_finding_of_a_ref_l4_row(tmp_path, name):
    changes, code, place, action = REF_L4_ROWS[name]
    second = {**ref_l4(2, 'Somebody sits.'), **changes}
    lines, findings = read_rows(tmp_path, [ref_l4(), second], REF_L4)
    leak = [('split_leak', 'row:1', 'keep')] if name == 'split' else []
    assert findings == [(code, f'row:1{place}', action), *leak]
    assert len(exprs_of(lines)) == (2 if action == 'keep' else 1)


def test_earlier_name_of_the_id_is_read(tmp_path):
    row = ref_l4()
    row['ann_id'] = row.pop('id')
    lines, findings = read_rows(tmp_path, [row], REF_L4)
    assert findings == [] and exprs_of(lines)[0]['id'] == 1


@pytest.mark.slow
def test_sets_are_told_by_columns_and_folders(tmp_path):
    write(tmp_path, [lmms()], 'lmms_RefCOCOplus/data/val-00000-of-00002.parquet')
    write(tmp_path, [lmms(1)], 'lmms_RefCOCOplus/data/val-00001-of-00002.parquet')
    write(tmp_path, [lmms()], 'lmms_RefCOCOplus/data/testA-00000-of-00001.parquet')
    write(tmp_path, [jxu()], 'jxu124_refcocog/data/train.parquet')
    write(tmp_path, [refcoco_m(sample())], REFCOCO_M)
    write(tmp_path, [ref_l4()], REF_L4)
    sets = READERS['hf_parquet']([tmp_path], ReadOptions())
    assert {found.name: (found.dataset, len(found.files)) for found in sets} == {
        'lmms_refcoco_plus': ('refcoco_plus', 3), 'jxu124_refcocog': ('refcocog', 1),
        'refcoco_m': ('refcoco', 1), 'ref_l4': ('ref_l4', 1)}
    lines, findings = read('hf_parquet', tmp_path / 'lmms_RefCOCOplus')
    assert [line['split'] for line in lines] == ['val', 'testA']
    assert [found[0] for found in brief(findings)] == ['split_leak', 'ref_id_duplicate']


def test_images_are_looked_for(tmp_path):
    write_image(tmp_path / 'images/train2014' / COCO_FILE, 60, 48)
    missing = lmms(1, file_name=FLIPPED.replace('0101', '0102'))
    lines, findings = read_rows(tmp_path / 'a', [lmms(), missing],
                                images=tmp_path / 'images')
    assert findings == [('image_size_mismatch', 'row:0', 'keep'),
                        ('image_missing', 'row:1', 'skip')]
    assert lines[0]['image']['file'] == f'train2014/{COCO_FILE}'


@pytest.mark.slow
@pytest.mark.parametrize(('content', 'message'), [
    (b'no parquet', 'cannot be read'), (b'', 'cannot be read'), (None, 'no known set')])
def test_file_that_cannot_be_read_is_an_error(tmp_path, content, message):
    path = write(tmp_path, [dict(a=1)])
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AnnotationFileError, match=message):
        read('hf_parquet', tmp_path)


def test_nothing_to_read_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match='has no parquet file'):
        READERS['hf_parquet']([tmp_path], ReadOptions())
    with pytest.raises(FileNotFoundError, match='does not exist'):
        READERS['hf_parquet']([tmp_path / 'no'], ReadOptions())


def test_without_pyarrow_the_message_says_what_to_install(tmp_path, monkeypatch):
    write(tmp_path, [lmms()])
    monkeypatch.setattr(parquet, 'find_spec', lambda name: None)
    with pytest.raises(ImportError, match='is a parquet file.*pip install'):
        READERS['hf_parquet']([tmp_path], ReadOptions())


@pytest.mark.slow
def test_official_sum_of_two_splits_is_compared(tmp_path):
    write(tmp_path / 'a', [ref_l4()], REF_L4)
    write(tmp_path / 'a', [ref_l4(2, 'he', split='test', file_name='objects365_7.jpg',
                                  image_id='o365_7')], 'Ref-L4/ref-l4-test.parquet')
    report = Report()
    source, = READERS['hf_parquet']([tmp_path / 'a'], ReadOptions())
    convert(source, tmp_path / 'out', report, ReadOptions())
    assert [(found.code, found.at, found.value) for found in report.findings] == [
        ('count_mismatch', 'val+test.exprs', '2 instead of 45341')]
