"""A resumed training draws as an unbroken one, and scores what it is resumed from."""
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.dataset import ConcatDataset, DefaultSampler
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop
from torch.utils.data import DataLoader

from segvg.datasets import GroundingDataset
from segvg.engine.hooks import StepSeedHook, ValidateAgainHook
from segvg.registry import TRANSFORMS
from tests.toy import make_data


@TRANSFORMS.register_module(force=True)
class DrawNumber:
    """A transform that replaces a sample by a random number."""

    def __call__(self, results):
        return np.random.random()


def make_loader(data, workers, shuffle=True):
    part = dict(data_root=str(data), ann_file='toy_train.jsonl',
                pipeline=[dict(type='segvg.DrawNumber')])
    dataset = ConcatDataset([GroundingDataset(**part), GroundingDataset(**part)])
    return DataLoader(
        dataset, batch_size=4, num_workers=workers, collate_fn=list,
        persistent_workers=workers > 0,
        sampler=DefaultSampler(dataset, shuffle=shuffle, seed=0))


def drawn(loader, epochs, seed=0):
    """What the pipeline draws in some epochs."""
    runner = SimpleNamespace(train_loop=SimpleNamespace(dataloader=loader), seed=seed,
                             epoch=epochs[0])
    StepSeedHook().before_train(runner)
    found = []
    for epoch in epochs:
        loader.sampler.set_epoch(epoch)
        found.append([number for batch in loader for number in batch])
    return found


def test_samples_do_not_depend_on_workers_or_earlier_epochs(tmp_path):
    data = make_data(tmp_path / 'data')
    whole = drawn(make_loader(data, 0), [0, 1, 2])
    assert len(set(whole[0] + whole[1])) == 24  # 12 samples, each set has the same
    assert drawn(make_loader(data, 2), [0, 1, 2]) == whole
    assert drawn(make_loader(data, 2), [2]) == whole[2:]
    assert drawn(make_loader(data, 0), [0], seed=1)[0] != whole[0]


def test_data_sets_of_others_are_left_alone():
    numbers = [1, 2, 3]
    loader = DataLoader(numbers, sampler=DefaultSampler(numbers, seed=0))
    assert sum(map(len, drawn(loader, [0, 1]))) == 6


def test_a_step_draws_the_same_whatever_ran_before():
    runner, found = SimpleNamespace(seed=3, iter=5), []
    for used in (0, 7):
        torch.rand(used)
        StepSeedHook().before_train_iter(runner, 0)
        found.append(torch.rand(2).tolist())
    runner.iter = 6
    StepSeedHook().before_train_iter(runner, 0)
    assert found[0] == found[1] != torch.rand(2).tolist()


def validations(kind, **values) -> int:
    """How often a run validates before it trains."""
    calls = []
    loop = kind.__new__(kind)
    for name, value in values.items():
        setattr(loop, name, value)
    ValidateAgainHook().before_train(SimpleNamespace(
        train_loop=loop, val_loop=SimpleNamespace(run=lambda: calls.append(1))))
    return len(calls)


@pytest.mark.parametrize('epoch,number', [(0, 0), (2, 0), (4, 1), (5, 0), (7, 1)])
def test_epochs_whose_end_is_scored(epoch, number):
    assert validations(EpochBasedTrainLoop, _epoch=epoch, _max_epochs=7, val_begin=3,
                       val_interval=2) == number


@pytest.mark.parametrize('step,number', [(0, 0), (50, 0), (100, 1), (250, 1)])
def test_steps_after_which_is_scored(step, number):
    assert validations(IterBasedTrainLoop, _iter=step, _max_iters=250, val_begin=1,
                       val_interval=100) == number


def test_training_without_validation():
    loop = SimpleNamespace(iter=3, max_iters=3)
    ValidateAgainHook().before_train(SimpleNamespace(train_loop=loop, val_loop=None))
