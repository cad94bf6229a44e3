"""Walking a config, the splits of a data set, keys that a config lacks."""
import pytest
from mmengine.config import Config

from segvg.utils.configs import selects, split_files, unknown_keys


@pytest.mark.parametrize(('wanted', 'taken'), [
    ('val', ['val']), ('train', ['train']), ('testA', ['testA', 'testAB']),
    ('testB', ['testB', 'testAB']), ('testC', []),
    ('test', ['test', 'testA', 'testB', 'testAB'])])
def test_splits_are_taken_by_the_rule_of_refer(wanted, taken):
    names = ['train', 'val', 'test', 'testA', 'testB', 'testAB']
    assert [name for name in names if selects(wanted, name)] == taken


def test_files_are_those_of_one_data_set(tmp_path):
    for name in ('a_testA', 'a_testB', 'a_val', 'a_b_testA'):
        (tmp_path / f'{name}.jsonl').touch()
    found = split_files(tmp_path / 'a_val.jsonl', 'test')
    assert [path.name for path in found] == ['a_testA.jsonl', 'a_testB.jsonl']
    assert split_files(tmp_path / 'a_val.jsonl', 'testC') == [
        tmp_path / 'a_testC.jsonl']


def test_unknown_keys_below_lists_and_values():
    cfg = Config(dict(a=[dict(b=1)], c=2))
    assert unknown_keys(cfg, {'a.0.b': 2, 'c': 3}) == {}
    assert list(unknown_keys(cfg, {'a.1.b': 2, 'c.d': 3, 'x': 1})) == ['a.1.b', 'c.d',
                                                                      'x']
