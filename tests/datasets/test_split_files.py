import pytest

from segvg.datasets.split_files import selects, split_files


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
