"""Rounds: what they keep, what they draw again, and that a stop changes nothing."""
import json
from functools import cache

import pytest
import torch
from mmengine.config import Config
from mmengine.hooks import Hook

from segvg.checkpoints.io import load_checkpoint
from segvg.engine.workflows.retraining import (
    check_retraining,
    complete_rounds,
    format_table,
    round_config,
    run_rounds,
    stretched,
)
from segvg.registry import HOOKS
from tests.toy import ROOT, make_data, toy_config

pytestmark = pytest.mark.slow

SIRI = ROOT / 'configs/siri/siri_tiny_synthref_l0.py'
SEGVG = ROOT / 'configs/segvg/segvg_tiny_synthref_l0.py'


class Stopped(Exception):
    """What the runs of these tests are stopped by."""


@HOOKS.register_module(force=True)
class StopHook(Hook):
    """Stop a training before a step of a round, once."""
    at: tuple = ()

    def before_train_iter(self, runner, batch_idx, data_batch=None) -> None:
        if StopHook.at == (runner.work_dir.rsplit('_', 1)[1], runner.iter):
            raise Stopped


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('toy') / 'data')


@pytest.fixture(scope='module')
def unbroken(data, tmp_path_factory):
    """Return a function that trains two rounds, the same ones once: folder and rows."""
    @cache
    def train(path, *keep):
        folder = tmp_path_factory.mktemp('whole')
        return folder, run_rounds(config(path, data, folder, list(keep)))
    return train


def config(path, data, work_dir, keep, rounds=2):
    cfg = toy_config(path, data, work_dir)
    cfg.train_cfg.max_epochs = 2
    cfg.train_dataloader.batch_size = 4
    cfg.train_dataloader.dataset.sample_by = 'expression'
    cfg.retraining = dict(rounds=rounds, keep=keep)
    cfg.custom_hooks = [dict(type='StopHook')]
    return cfg


def weights(row) -> dict:
    return load_checkpoint(row['checkpoint'])['state_dict']


@pytest.mark.parametrize('path,keep,count', [
    (SIRI, ['fusion.layers'], 24), (SEGVG, ['fusion.layers', 'alignment'], 84)],
    ids=['siri', 'segvg'])
def test_rounds_of_any_grounder(path, keep, count, unbroken):
    folder, rows = unbroken(path, *keep)
    assert [row['kept'] for row in rows] == [0, count]
    assert rows[1]['kept_from'] == rows[0]['checkpoint']
    assert json.loads((folder / 'rounds.json').read_text())['rounds'] == rows
    assert len(format_table(rows).splitlines()) == 3


@pytest.mark.parametrize('at', [('1', 4), ('2', 1)], ids=['middle', 'first epoch'])
def test_a_stop_changes_nothing(at, data, tmp_path, unbroken):
    keep = ['fusion.layers']
    _, whole = unbroken(SIRI, *keep)
    StopHook.at = at
    with pytest.raises(Stopped):
        run_rounds(config(SIRI, data, tmp_path / 'parts', keep))
    StopHook.at = ()
    parts = run_rounds(config(SIRI, data, tmp_path / 'parts', keep))
    assert [row['scores'] for row in parts] == [row['scores'] for row in whole]
    first, second = weights(whole[-1]), weights(parts[-1])
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_unknown_part_is_told_before_the_first_round_is_trained(data, tmp_path):
    with pytest.raises(ValueError, match="no part 'fusion.layer' to keep; its parts"):
        run_rounds(config(SIRI, data, tmp_path, ['fusion.layers', 'fusion.layer']))
    assert not list(tmp_path.rglob('*.pth'))


def test_complete_rounds_are_not_trained_again(data, tmp_path):
    rows = run_rounds(config(SIRI, data, tmp_path, ['fusion.layers'], rounds=1))
    table = (tmp_path / 'rounds.json').read_text()
    (tmp_path / 'rounds.json').unlink()  # as if stopped just before it was written
    StopHook.at = ('1', 0)
    try:
        assert run_rounds(config(SIRI, data, tmp_path, ['fusion.layers'], 1)) == rows
    finally:
        StopHook.at = ()
    assert (tmp_path / 'rounds.json').read_text() == table
    other = config(SIRI, data, tmp_path, ['head'], 1)
    with pytest.raises(ValueError, match='other settings .retraining'):
        complete_rounds(other)


def test_what_is_drawn_again_gets_the_same_numbers_unless_asked(data, tmp_path):
    cfg = config(SIRI, data, tmp_path, ['fusion.layers'])
    assert round_config(cfg, 3, 'x.pth').randomness.seed == cfg.randomness.seed
    cfg.retraining.seed_step = 5
    assert round_config(cfg, 3, 'x.pth').randomness.seed == cfg.randomness.seed + 10


def test_controls_keep_everything_or_nothing(data, tmp_path):
    """Also with a word on the command line, where a list of '' cannot be written."""
    for keep in ('all', 'nothing'):
        cfg = config(SIRI, data, tmp_path / keep, keep)
        cfg.retraining.seed_step, cfg.train_cfg.max_epochs = 1, 1
        rows = run_rounds(cfg)
        count = len(weights(rows[0])) if keep == 'all' else 0
        assert [row['kept'] for row in rows] == [0, count]
        assert [row['seed'] for row in rows] == [0, 1]
        assert rows[0]['scores'] != rows[1]['scores']


def test_one_run_is_as_long_as_the_rounds(data, tmp_path):
    """One training, stopped and resumed like the others; its rate falls only once."""
    cfg = config(SIRI, data, tmp_path / 'whole', ['fusion.layers'], rounds=2)
    cfg.retraining.one_run = True
    [row] = run_rounds(cfg)
    assert row['checkpoint'].endswith('one_run/epoch_4.pth') and row['kept'] == 0
    cfg.work_dir = str(tmp_path / 'parts')
    StopHook.at = ('run', 7)
    try:
        with pytest.raises(Stopped):
            run_rounds(cfg)
    finally:
        StopHook.at = ()
    [again] = run_rounds(cfg)
    first, second = weights(row), weights(again)
    assert all(torch.equal(first[name], second[name]) for name in first)
    cfg.retraining.rounds = 3
    with pytest.raises(ValueError, match='other settings .retraining'):
        run_rounds(cfg)


def test_schedule_is_stretched_after_its_warm_up():
    cfg = Config(dict(
        train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=10, val_interval=1),
        param_scheduler=[
            dict(type='LinearLR', begin=0, end=2),
            dict(type='CosineAnnealingLR', begin=2, end=10, T_max=8),
            dict(type='GroupSchedule', epochs=10, drop=8),
            dict(type='MultiStepLR', milestones=[6, 8])],
        custom_hooks=[dict(type='FreezeHook', modules=['head'], epochs=5)]))
    new = stretched(cfg, 3)
    assert new.train_cfg.to_dict() == dict(
        type='EpochBasedTrainLoop', max_epochs=30, val_interval=1)
    assert [part.to_dict() for part in new.param_scheduler] == [
        dict(type='LinearLR', begin=0, end=2),
        dict(type='CosineAnnealingLR', begin=2, end=30, T_max=28),
        dict(type='GroupSchedule', epochs=30, drop=24),
        dict(type='MultiStepLR', milestones=[18, 24])]
    assert new.custom_hooks[0].epochs == 15 and cfg.train_cfg.max_epochs == 10


@pytest.mark.parametrize('given,wanted', [
    (dict(type='LinearLR', start_factor=1.0, end_factor=0.0, begin=0, end=10),
     dict(end=30)),  # falls over the whole training
    (dict(type='LinearLR', start_factor=1.0, end_factor=0.1, begin=2, end=10),
     dict(end=30)),
    (dict(type='mmengine.LinearLR', start_factor=0.1, begin=0, end=2), {}),
    (dict(type='QuadraticWarmupLR', begin=0, end=2), {}),
    (dict(type='ConstantMomentum', begin=0, end=2), {}),
    (dict(type='OneCycleLR', eta_max=0.1, total_steps=10), dict(total_steps=30)),
    (dict(type='CosineRestartLR', periods=[4, 6], restart_weights=[1, 1]),
     dict(periods=[12, 18]))])
def test_what_rises_first_is_kept_and_what_falls_is_stretched(given, wanted):
    cfg = Config(dict(train_cfg=dict(max_epochs=10), param_scheduler=given))
    assert stretched(cfg, 3).param_scheduler.to_dict() == {**given, **wanted}


@pytest.mark.parametrize('value,message', [
    (None, "has no 'retraining'"), (dict(rounds=2, keep=[], parts=[]), r"\['parts'\]"),
    (dict(rounds=0, keep=[]), 'a number from 1, not 0'),
    (dict(rounds=1, keep='head'), "a list of names .* not 'head'"),
    (dict(rounds=1, keep='all', seed_step='1'), "a whole number, not '1'"),
    (dict(rounds=2, keep='nothing'), 'are all the same: set retraining.seed_step')])
def test_wrong_settings_are_told(value, message, data, tmp_path):
    cfg = toy_config(SIRI, data, tmp_path)
    cfg.retraining = value
    with pytest.raises(ValueError, match=message):
        check_retraining(cfg)
