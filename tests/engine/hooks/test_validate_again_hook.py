"""A resumed training scores what it goes on from."""
from types import SimpleNamespace

import pytest
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop

from segvg.engine.hooks import ValidateAgainHook


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
