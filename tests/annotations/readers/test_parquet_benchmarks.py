"""HC-RefLoCo and Ref-Adv: a caption, its box and what else a row says."""
import pytest

from tests.annotations.readers.parquet_sources import (
    HC_REFLOCO,
    REF_ADV,
    hc_refloco,
    in_this_process,
    read_rows,
    ref_adv,
    write,
)
from tests.annotations.readers.sources import exprs_of, read


def test_hc_refloco_keeps_the_topics_of_its_spans(tmp_path):
    lines, findings = read_rows(tmp_path, [hc_refloco(), hc_refloco('7', 'he')],
                                HC_REFLOCO)
    assert findings == [] and [line['split'] for line in lines] == ['val']
    assert lines[0]['image']['id'] == 'coco:101'
    assert [(one['id'], one['text'], one['targets']) for one in exprs_of(lines)] == [
        ('0000000', 'The person at the left.', [0]), ('7', 'he', [0])]
    assert [one['bbox'] for one in lines[0]['instances']] == [[4, 4, 24, 34]]
    assert exprs_of(lines)[0]['extra'] == dict(
        source_dataset='coco2017', source_dataset_split='val', is_rewrite=False,
        labels=[dict(category='Appearance', label=0, location=[0, 10])])
    assert exprs_of(lines)[0]['source'] == 'Appearance'


def test_topics_of_hc_refloco_are_the_part_of_its_captions(tmp_path):
    labels = [dict(category=name, label=number, location=[0, 3])
              for number, name in enumerate(('OCR', 'Action', 'OCR'))]
    lines, findings = read_rows(tmp_path, [
        hc_refloco(labels=labels), hc_refloco('7', labels=[])], HC_REFLOCO)
    assert findings == []
    assert [one['source'] for one in exprs_of(lines)] == ['Action; OCR', 'hc-refloco']


def test_ref_adv_is_a_test_set_whatever_its_file_is_called(tmp_path):
    lines, findings = read_rows(tmp_path, [ref_adv(), ref_adv('he')], REF_ADV)
    assert findings == [] and [line['split'] for line in lines] == ['test']
    assert [(one['id'], one['text'], one['targets']) for one in exprs_of(lines)] == [
        (0, 'the man who does not hold a ball', [0]), (1, 'he', [0])]
    assert [one['bbox'] for one in lines[0]['instances']] == [[4, 4, 24, 34]]
    assert exprs_of(lines)[0]['extra'] == dict(
        image_source='COCO', human_authored=True, use_negation=True,
        distractors='[1, 2]')


def test_rows_of_ref_adv_are_counted_over_its_files(tmp_path):
    """As the ``datasets`` library counts them, so that predictions can be matched."""
    first, second = (f'ref-adv-s/data/train-0000{number}-of-00002.parquet'
                     for number in range(2))
    write(tmp_path, [ref_adv('a'), ref_adv('b')], first)
    write(tmp_path, [ref_adv('c')], second)
    with in_this_process():
        lines, findings = read('hf_parquet', tmp_path)
    assert findings == []
    assert {one['text']: (one['id'], one['src']) for one in exprs_of(lines)} == {
        'a': (0, [0, 0]), 'b': (1, [0, 1]), 'c': (2, [1, 0])}


@pytest.mark.parametrize(('file', 'make', 'changes', 'code', 'action'), [
    (HC_REFLOCO, hc_refloco, dict(caption=None), 'bad_type', 'skip'),
    (HC_REFLOCO, hc_refloco, dict(split='train'), 'split_mismatch', 'skip'),
    (HC_REFLOCO, hc_refloco, dict(bbox_area=9.), 'area_mismatch', 'keep'),
    (REF_ADV, ref_adv, dict(solution=[4., 4., 24.]), 'bad_type', 'skip'),
    (REF_ADV, ref_adv, dict(solution=[24., 4., 4., 34.]), 'box_degenerate', 'skip')])
def test_finding_of_a_row(tmp_path, file, make, changes, code, action):
    lines, findings = read_rows(tmp_path, [make(), make(**{
        **({'id': '8'} if make is hc_refloco else {}), **changes})], file)
    assert (code, 'row:1', action) in findings
    assert len(exprs_of(lines)) == (1 if action == 'skip' else 2)
