"""Parquet copies of REFER refs, and damaged values in rows of all kinds."""
import copy
import json
import random
from pathlib import Path

import pytest

from segvg.annotations.checks import Check, Report
from segvg.annotations.readers import ReadOptions, parquet
from tests.annotations.readers.parquet_sources import (
    FLIPPED,
    JXU,
    POLYGON,
    ann,
    encoded,
    hc_refloco,
    info,
    jxu,
    lmms,
    read_rows,
    ref_adv,
    ref_l4,
    refcoco_m,
    sample,
)
from tests.annotations.readers.sources import exprs_of, sentence
from tests.datasets.fuzzing import damage_tree


def test_sizes_are_compared_with_the_image_in_the_row(tmp_path):
    row = jxu(image=encoded(64, 40))
    lines, findings = read_rows(tmp_path, [row], JXU)
    assert findings == [('image_size_mismatch', 'row:0', 'keep')]
    assert lines[0]['image']['height'] == 48
    assert read_rows(tmp_path, [row], JXU, check=Check.FAST)[1] == []


def test_sentences_of_jxu124_keep_their_strings(tmp_path):
    lines, findings = read_rows(tmp_path, [jxu(3, [
        sentence(30, 'Left man.', sent='left man'), sentence(31, 'he')])], JXU)
    assert findings == []
    assert lines[0]['instances'] == [dict(
        id=7001, bbox=[4, 4, 24, 34], category_id=1, iscrowd=0, area=600,
        segm={'poly': [POLYGON]})]
    assert lines[0]['exprs'] == [
        dict(source='jxu124', src=[0, 0], ref_id=3, id=30, text='Left man.',
             sent='left man', targets=[0]),
        dict(source='jxu124', src=[0, 0], ref_id=3, id=31, text='he', targets=[0])]


JXU_ROWS = dict(
    other_box=(dict(bbox=[4., 4., 20., 30.]), 'box_format_conflict', '.bbox', 'keep'),
    cut=(dict(raw_anns='{"bbox": ['), 'bad_type', '', 'skip'),
    no_raw=(dict(raw_anns=None), 'bad_type', '', 'skip'),
    no_box=(dict(raw_anns='{"id": 7001}'), 'missing_field', '', 'skip'),
    other_ann=(dict(raw_anns=json.dumps(ann(id=5))), 'dangling_ann', '', 'skip'),
    other_image=(dict(raw_anns=json.dumps(ann(image_id=5))), 'ann_image_mismatch', '',
                 'skip'),
    image_of=(dict(raw_image_info=json.dumps(info(id=5))), 'dangling_image', '',
              'skip'),
    cut_info=(dict(raw_image_info='{'), 'bad_type', '.raw_image_info', 'keep'),
    category=(dict(category_id=3), 'category_mismatch', '', 'keep'),
    area=(dict(raw_anns=json.dumps(ann(area=100))), 'area_mismatch', '', 'keep'),
    mask=(dict(raw_anns=json.dumps(ann(segmentation=[]))), 'mask_missing',
          '.raw_anns.segmentation', 'keep'),
    sent_ids=(dict(sent_ids=[5]), 'sent_ids_mismatch', '', 'keep'),
    name=(dict(file_name='COCO_train2014_000000000102_7001.jpg'), 'file_name_mismatch',
          '', 'keep'),
    suffix=(dict(file_name=FLIPPED.replace('7001', '5')), 'file_name_suffix', '',
            'keep'),
    no_texts=(dict(sentences=[]), 'ref_without_sentences', '', 'skip'),
    blank=(dict(sentences=[sentence(10, ' ')]), 'expr_empty', '.sentences[0]', 'skip'),
    again=(dict(sentences=[sentence(0, 'he')], sent_ids=[0]), 'id_duplicate',
           '.sentences[0]', 'keep'),
    same_ref=(dict(ref_id=0), 'ref_id_duplicate', '', 'keep'),
    alias=(dict(split='validation'), 'split_alias', '.split', 'keep'),
    split=(dict(split='train'), 'split_mismatch', '', 'skip'),
    no_split=(dict(split='later'), 'split_unknown', '', 'skip'),
    flat=(dict(raw_anns=json.dumps(ann(bbox=[4, 4, 0, 3]))), 'box_degenerate', '',
          'skip'))


@pytest.mark.parametrize('name', JXU_ROWS)
def test_finding_of_a_jxu124_row(tmp_path, name):
    changes, code, place, action = JXU_ROWS[name]
    lines, findings = read_rows(tmp_path, [jxu(), {**jxu(1), **changes}], JXU)
    assert (code, f'row:1{place}', action) in findings
    assert all(at.startswith('row:1') for _, at, _ in findings)
    lost = action == 'skip' or name == 'cut_info'  # nothing else says the size
    assert len(exprs_of(lines)) == (1 if lost else 2)


def test_split_of_the_row_may_be_a_part_of_test(tmp_path):
    lines, findings = read_rows(tmp_path, [jxu(split='testA')],
                                'jxu124_refcoco/data/test-00000-of-00001.parquet')
    assert findings == [] and lines[0]['split'] == 'testA'


def test_benchmark_has_refs_per_image(tmp_path):
    ref = {key: value for key, value in jxu(2).items() if key in (
        'ref_id', 'ann_id', 'image_id', 'split', 'sentences', 'category_id')}
    row = dict(ref_list=[dict(ann_info=ann(), ref_info=ref),
                         dict(ann_info=ann(id=3), ref_info={**ref, 'ref_id': 4})],
               image_info=info(), image=encoded())
    lines, findings = read_rows(
        tmp_path, [row], 'benchmark/data/refcoco_unc_val-00000-of-00001.parquet')
    assert findings[0] == ('dangling_ann', 'row:0.ref_list[1]', 'skip')
    assert [(expr['id'], expr['source']) for expr in exprs_of(lines)] == [
        (20, 'jxu124')]


REF_INFO = {key: value for key, value in jxu(2).items() if key in (
    'ref_id', 'ann_id', 'image_id', 'split', 'sentences', 'category_id')}
ROWS = {
    'lmms': [lmms(0, ['left', 'man']), lmms(1, ['he'])], 'jxu124': [jxu(), jxu(1)],
    'refcoco_m': [refcoco_m(sample(), sample(2, ['he']))],
    'ref-l4': [ref_l4(), ref_l4(2, 'he')],
    'hc-refloco': [hc_refloco(), hc_refloco('0000001', 'he')],
    'ref-adv': [ref_adv(), ref_adv('he')], 'jxu124-benchmark': [dict(
        ref_list=[dict(ann_info=ann(), ref_info=REF_INFO)], image_info=info(),
        image=encoded())]}


@pytest.mark.parametrize('kind', ROWS)
def test_damaged_values_are_never_lost_in_silence(monkeypatch, kind):
    for seed in range(60):
        chance, tree = random.Random(seed), [copy.deepcopy(ROWS[kind])]
        damage_tree(tree[0], chance)
        rows = [row for row in tree[0] if isinstance(row, dict)]
        monkeypatch.setattr(parquet, 'iter_rows', lambda path, rows=rows: iter(rows))
        source = parquet.HfSet(kind, Path('a'), [Path('a/val.parquet')],
                               root=Path('a'), name=None)
        report = Report()
        lines = list(source.lines(report, ReadOptions(check=Check.FULL)))
        json.dumps(lines, allow_nan=False)
        read_ = sum(counts.exprs for counts in source.read.splits().values())
        lost = read_ - len(exprs_of(lines))
        assert lost == 0 or any(
            found.action != 'keep' for found in report.findings), seed
