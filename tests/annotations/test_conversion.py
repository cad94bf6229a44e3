"""Conversion writes files, a meta file that says where they come from, and a report."""
import hashlib

import pytest

from segvg.annotations.checks import Check, Report
from segvg.annotations.conversion import convert, count_table
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.official_counts import OFFICIAL_COUNTS, Counts
from segvg.annotations.readers import READERS, ReadOptions
from segvg.datasets import GroundingDataset
from tests.annotations.readers.sources import (
    annotation,
    ref,
    sentence,
    write_image,
    write_pth,
    write_refer,
)


def convert_refer(tmp_path, refs, dataset='own', **options):
    folder = write_refer(tmp_path / dataset, refs, annotations=[
        annotation(), annotation(7002)])
    options, report = ReadOptions(**options), Report()
    source, = READERS['refer_refcoco']([folder], options)
    return convert(source, tmp_path / 'out', report, options), report


REFS = [ref(1, sentences=[sentence(10, 'a'), sentence(11, ' ')]),
        ref(2, ann_id=7002, split='train', sentences=[sentence(20, 'b')])]


def test_meta_file_says_what_was_read_and_kept(tmp_path):
    meta, _ = convert_refer(tmp_path, REFS, check=Check.FULL)
    assert meta['dataset'] == 'own' and meta['partition'] == 'unc'
    assert meta['text_field'] == 'raw' and meta['categories'] == {
        '1': 'person', '3': 'car'}
    data = (tmp_path / 'own/refs(unc).p').read_bytes()
    assert meta['sources'][0] == dict(
        file='refs(unc).p', bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    assert meta['converter']['options'] == dict(
        check='full', on_bad='skip', need_mask=False, all_objects=False)
    assert meta['report'] == {'expr_empty': 1, 'split_leak': 1}
    val, train = meta['splits']['val'], meta['splits']['train']
    assert val['read'] == dict(images=1, refs=1, exprs=2) and val['exprs'] == 1
    assert val['complete'] is False and train['complete'] is True
    assert val['official'] is None


def test_result_is_read_by_the_dataset(tmp_path):
    convert_refer(tmp_path, REFS)
    dataset = GroundingDataset(str(tmp_path / 'out/own_unc_train.jsonl'))
    sample = dataset.get_data_info(0)
    assert sample['dataset'] == 'own_unc' and sample['split'] == 'train'
    assert sample['expressions'][0]['text'] == 'b'


def test_official_sizes_are_compared_with_what_was_read(tmp_path, monkeypatch):
    monkeypatch.setitem(OFFICIAL_COUNTS, 'own_unc', dict(
        train=Counts(1, 1, 2), val=Counts(1, 1, 2), testA=Counts(1, None, 1)))
    meta, report = convert_refer(tmp_path, REFS)
    assert [(found.at, found.value) for found in report.findings
            if found.code == 'count_mismatch'] == [
        ('train.exprs', '1 instead of 2'), ('testA.images', '0 instead of 1'),
        ('testA.exprs', '0 instead of 1')]
    assert meta['splits']['train']['official'] == dict(images=1, refs=1, exprs=2)
    table = count_table(meta)
    assert 'official' in table and 'written' in table and 'read' in table


def test_splits_without_a_file_are_not_missed(tmp_path):
    write_image(tmp_path / 'images/25.jpg')
    rows = [('25.jpg', [1, 1, 5, 5], 'a')]
    path = write_pth(tmp_path / 'flickr/flickr_val.pth', rows)
    options, report = ReadOptions(images=tmp_path / 'images'), Report()
    source, = READERS['resc_pth']([path], options)
    meta = convert(source, tmp_path / 'out', report, options)
    assert [found.at for found in report.findings] == ['val.exprs']
    assert meta['image_roots'] == ['.'] and meta['splits']['val']['refs'] is None


def test_file_that_cannot_be_read_is_a_fatal_finding_and_leaves_nothing(tmp_path):
    folder = write_refer(tmp_path / 'own', REFS)
    (folder / 'instances.json').write_text('{')
    options, report = ReadOptions(), Report()
    source, = READERS['refer_refcoco']([folder], options)
    with pytest.raises(AnnotationFileError):
        convert(source, tmp_path / 'out', report, options)
    finding, = report.findings
    assert (finding.code, finding.file, finding.action) == (
        'bad_container', 'instances.json', 'fatal')
    assert not (tmp_path / 'out').exists()
