import pytest

from segvg.leakage import Overlap, Verdict
from segvg.leakage.provenance import (
    chain_verdict,
    checked_record,
    make_record,
    read_record,
    record_path,
)


def record(tmp_path, leaked=(), unknown=0, parents=None):
    file = tmp_path / 'train.jsonl'
    file.write_text('x')
    overlap = Overlap('refcoco_unc_val', 40, tuple(leaked), 100, unknown)
    return make_record([file], [overlap], parents or {})


def test_chain_is_as_good_as_its_worst_member(tmp_path):
    clean = record(tmp_path)
    leaked = record(tmp_path, ['coco:1'])
    for parents, verdict in (({}, Verdict.CLEAN), ({'a': clean}, Verdict.CLEAN),
                             ({'a': clean, 'b': None}, Verdict.UNKNOWN),
                             ({'a': None, 'b': leaked}, Verdict.LEAKED)):
        chain = record(tmp_path, parents={'middle': record(tmp_path, parents=parents)})
        assert chain_verdict(chain, 'refcoco_unc_val')[0] is verdict


def test_reasons_name_the_member(tmp_path):
    chain = record(tmp_path, parents={'detr.pth': record(tmp_path, ['coco:1'])})
    assert chain_verdict(chain, 'refcoco_unc_val')[1] == [
        'detr.pth: 1 of 40 images seen, 0 could not be mapped']
    assert chain_verdict(None, 'x') == (
        Verdict.UNKNOWN, ['these weights: no record of what they were trained on'])
    assert chain_verdict(chain, 'refcoco_unc_testA')[1][0] == (
        'these weights: never compared with refcoco_unc_testA')


def test_damaged_side_file_is_an_error_that_names_it(tmp_path):
    weights = tmp_path / 'w.pth'
    assert read_record(weights) is None
    for text in ('{', '[]', '{"format": "segvg-prov", "version": "2.0"}'):
        record_path(weights).write_text(text)
        with pytest.raises(ValueError, match='w.pth.prov.json'):
            read_record(weights)


@pytest.mark.parametrize('change', [
    dict(version='9'), dict(format='x'), dict(trained_on=None), dict(overlaps=[]),
    dict(overlaps=dict(a=3)), dict(overlaps=dict(a=dict(verdict='fine'))),
    dict(parents={}), dict(parents=[3]), dict(parents=[dict(file='a', record=3)])])
def test_record_from_outside_is_checked(change):
    record = dict(make_record([], [], {'a.pth': None}), **change)
    with pytest.raises(ValueError, match='a.pth .*segvg-prov record'):
        checked_record(record, 'a.pth')
    assert checked_record(None, 'a.pth') is None
    sound = make_record([], [], {'a.pth': make_record([], [], {})})
    assert checked_record(sound, 'a.pth') == sound
