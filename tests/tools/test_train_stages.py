"""tools/train_stages.py: killed in a stage it goes on; stages build on one another."""
import json
from functools import lru_cache
from pathlib import Path

import pytest
import torch

from segvg.checkpoints.io import load_checkpoint
from segvg.engine.resume import best_checkpoint, last_checkpoint
from segvg.utils.configs import load
from tests.tools.killing import run_until_killed
from tests.tools.running import run_tool, tool_error
from tests.toy import CONFIGS, ROOT, make_data, toy_config

pytestmark = pytest.mark.slow

BOXES = ROOT / 'configs/reftr/reftr_tiny_synthref_l0.py'
MASKS = ROOT / 'configs/reftr/reftr_res_staged_tiny_synthref_l0.py'
STAGES = ('first', 'second', 'third')


@pytest.fixture
def config(tmp_path):
    """Boxes on some data, boxes on others, masks; returns the last."""
    for name, source in zip(STAGES, (BOXES, BOXES, MASKS)):
        cfg = toy_config(source, make_data(tmp_path / f'data_{name}'), tmp_path)
        cfg.pop('work_dir')
        cfg.train_cfg.update(max_epochs=2, val_interval=1)
        cfg.train_dataloader.batch_size = 4
        cfg.optim_wrapper.optimizer.lr = 0.01  # what differs shows in the scores
        cfg.pop('earlier_stages', None)
        if name == 'third':
            cfg.earlier_stages = [str(tmp_path / f'{other}.py')
                                  for other in STAGES[:2]]
        cfg.dump(tmp_path / f'{name}.py')
    return tmp_path / 'third.py'


def weights(path) -> dict:
    return load_checkpoint(str(path))['state_dict']


def assert_same(ours: dict, theirs: dict) -> None:
    assert ours.keys() == theirs.keys()
    for key in ours:
        assert torch.equal(ours[key], theirs[key]), key


def test_killed_in_the_second_stage(config, tmp_path, monkeypatch, capsys):
    whole, parts = tmp_path / 'whole', tmp_path / 'parts'
    run_tool(monkeypatch, 'train_stages.py', config, '--work-dir', whole)
    note = json.loads((whole / 'third/settings.json').read_text())
    assert note['start'] == 'second/epoch_2.pth'
    # after the first epoch was saved, before it was scored
    run_until_killed(
        'train_stages.py', [config, '--work-dir', parts],
        ('mmengine.runner', 'Runner.call_hook', 'second before_val_epoch', 1))
    capsys.readouterr()
    run_tool(monkeypatch, 'train_stages.py', config, '--work-dir', parts, '--status')
    assert [line.split()[1:-1] for line in capsys.readouterr().out.splitlines()] == [
        ['done'], ['begun'], ['not', 'begun']]
    run_tool(monkeypatch, 'train_stages.py', config, '--work-dir', parts)
    assert 'first: was done before' in capsys.readouterr().out
    for stage in STAGES:
        for find in (last_checkpoint, best_checkpoint):
            ours, theirs = find(parts / stage), find(whole / stage)
            assert ours.split('/')[-2:] == theirs.split('/')[-2:]
            assert_same(weights(ours), weights(theirs))
    shared = weights(last_checkpoint(parts / 'second')).keys()
    assert len(shared) > 100 and shared < weights(last_checkpoint(parts / 'third')
                                                  ).keys()


def test_stage_alone_needs_the_one_before(config, tmp_path, monkeypatch):
    arguments = [config, '--work-dir', tmp_path / 'work', '--steps']
    message = tool_error(monkeypatch, 'train_stages.py', *arguments, 'second')
    assert 'first has to be done before' in message
    message = tool_error(monkeypatch, 'train_stages.py', *arguments, 'fourth')
    assert 'fourth is not one of the steps first, second, third' in message
    message = tool_error(monkeypatch, 'train_stages.py', config, '--restart', 'second',
                         '--launcher', 'pytorch')
    assert 'first --restart with --status in one process' in message


def test_files_of_all_stages_are_looked_for_first(config, tmp_path, monkeypatch):
    (tmp_path / 'data_second/toy_train.jsonl').unlink()
    message = tool_error(monkeypatch, 'train_stages.py', config, '--work-dir',
                         tmp_path / 'work')
    assert 'data_second/toy_train.jsonl' in message
    assert not (tmp_path / 'work').exists()


def test_config_without_stages_is_told(config, monkeypatch):
    message = tool_error(monkeypatch, 'train_stages.py', config.with_name('first.py'))
    assert 'has no `earlier_stages`' in message


def test_shipped_stages_are_those_that_their_configs_begin_with():
    staged = [path for path in CONFIGS if 'earlier_stages' in path.read_text()]
    assert len(staged) > 20
    read = lru_cache(load)
    for path in staged:
        cfg, before = read(path), read(ROOT / read(path).earlier_stages[-1])
        name = Path(cfg.earlier_stages[-1]).stem
        epochs = before.train_cfg.max_epochs
        assert cfg.load_from == f'work_dirs/{name}/epoch_{epochs}.pth', path
        assert before.get('earlier_stages', []) == cfg.earlier_stages[:-1], path
