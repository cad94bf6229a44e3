"""Reading a config with options, and the splits of a data set."""
import argparse

import pytest
from mmengine.config import DictAction

from segvg.utils.configs import load, metric_configs, selects, split_files


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


def test_an_evaluator_is_one_metric_a_list_or_none():
    metric = dict(type='BoxAccuracy')
    assert metric_configs(metric) == metric_configs((metric, )) == [metric]
    assert metric_configs(None) == []


BASE = '''"""A model."""
canvas = 64  # pixels
vocab = ('words'
         '.txt')
bound = (1, 2)
model = dict(type='Model', tokens=(canvas // 8) ** 2, depths=(2, 2, 6))
pipeline = [
    dict(type='Load'),
    dict(type='RandomApply', prob=0.5, transforms=[
        dict(type='Resize', long=32), dict(type='Crop', size=8)]),
    dict(type='Resize', long=canvas),
    dict(type='mmdet.Flip', prob=0.5),
    dict(type='mmdet.Flip', prob=0.1),
    dict(type='Tokenize', tokenizer=dict(type='Words', vocab=vocab))
]
bounds = [bound]
evaluator = dict(type='Accuracy', thr=0.5)
load_from = None
'''
LEAF = """_base_ = ['base/model.py']
loader = dict(dataset=dict(datasets=[
    dict(type='Set', file='a', pipeline=_base_.pipeline),
    dict(type='Set', file='b', pipeline=_base_.pipeline)]))
load_from = 'weights.pth'
sizes = [1, 2, 3]
"""


@pytest.fixture
def leaf(tmp_path):
    (tmp_path / 'base').mkdir()
    (tmp_path / 'base/model.py').write_text(BASE)
    path = tmp_path / 'leaf.py'
    path.write_text(LEAF)
    return path


def options(*words: str) -> dict:
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=DictAction)
    return parser.parse_args(['--cfg-options', *words]).cfg_options


@pytest.mark.parametrize(('name', 'at'), [
    ('Resize.long', '2.long'), ('Resize#1.long', '2.long'), ('2.long', '2.long'),
    ('Resize#2.long', '1.transforms.0.long'), ('Crop.size', '1.transforms.1.size'),
    ('RandomApply.transforms.Crop.size', '1.transforms.1.size'),
    ('Flip.prob', '3.prob'), ('Flip#2.prob', '4.prob'),
    ('Words.vocab', '5.tokenizer.vocab'), ('Tokenize.tokenizer.vocab',
                                           '5.tokenizer.vocab')])
def test_a_part_is_named_by_its_type(leaf, capsys, name, at):
    cfg = load(leaf, {f'pipeline.{name}': 'new'})
    other = load(leaf, {f'pipeline.{at}': 'new'})
    assert capsys.readouterr().err == ''
    assert cfg.pipeline == other.pipeline != load(leaf).pipeline
    assert cfg.loader == load(leaf).loader  # nothing that was shared has changed


def test_data_sets_and_single_metrics_are_named_too(leaf, capsys):
    cfg = load(leaf, {'loader.dataset.datasets.Set#2.file': 'c',
                      'loader.dataset.datasets.Set#2.pipeline.Flip#2.prob': 1,
                      'evaluator.Accuracy.thr': 0.7})
    assert capsys.readouterr().err == ''
    first, second = cfg.loader.dataset.datasets
    assert (first.file, second.file, cfg.evaluator.thr) == ('a', 'c', 0.7)
    assert (first.pipeline[4].prob, second.pipeline[4].prob) == (0.1, 1)


@pytest.mark.parametrize(('path', 'told'), [
    ('pipeline.Resiez.long', 'pipeline has no Resiez; it has Resize, '
     'Resize#2, .*Flip#2.* an index goes from 0 to 5'),
    ('pipeline.Flip#3.prob', 'pipeline has no Flip#3; it has Flip'),
    ('pipeline.9.prob', 'pipeline has no 9'),
    ('sizes.first', 'sizes has no first; an index goes from 0 to 2'),
    ('sizes.3', 'sizes has no 3')])
def test_a_wrong_name_lists_those_that_are_there(leaf, path, told):
    with pytest.raises(ValueError, match=told):
        load(leaf, {path: 1})


def test_a_misspelt_key_is_added_and_warned_of(leaf, capsys):
    cfg = load(leaf, {'pipeline.Flip.porb': 1, 'model.x.y': 2, 'sizes.0': 3})
    told = capsys.readouterr().err
    assert "no key 'pipeline.Flip.porb'" in told
    assert 'did you mean pipeline.Flip.prob?' in told
    assert "no key 'model.x.y', it is added\n" in told
    assert 'sizes' not in told
    assert (cfg.pipeline[3].porb, cfg.model.x.y) == (1, 2)


def test_lists_and_tuples_and_their_elements(leaf):
    cfg = load(leaf, options(
        'sizes=[4,5]', 'model.depths=(1, 2)', 'model.names=a,b',
        'bounds=[(1,2),(3,4)]'))
    assert cfg.sizes == [4, 5]
    assert cfg.model.depths == (1, 2)
    assert cfg.model.names == ['a', 'b']
    assert cfg.bounds == [(1, 2), (3, 4)]
    cfg = load(leaf, options('sizes.1=9', 'sizes.2=8', 'model.depths.2=18'))
    assert cfg.sizes == [1, 9, 8]
    assert cfg.model.depths == (2, 2, 18)


def test_a_part_is_replaced_whole(leaf):
    cfg = load(leaf, {'model._delete_': True, 'model.type': 'Other'})
    assert cfg.model == dict(type='Other')


def test_missing_config_and_other_formats(tmp_path):
    with pytest.raises(FileNotFoundError, match='no.py does not exist'):
        load(tmp_path / 'no.py')
    (tmp_path / 'a.json').write_text('{"a": [{"type": "B", "c": 1}]}')
    with pytest.raises(ValueError, match='a.json is not a Python file'):
        load(tmp_path / 'a.json', {'a.B.c': 2})
