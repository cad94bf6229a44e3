"""Parts are frozen for the first epochs, also after a restart in them."""
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from segvg.engine.hooks import FreezeHook


@pytest.fixture
def runner():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].bias.requires_grad = False  # fixed for good
    return SimpleNamespace(model=model, epoch=0)


def trainable(runner) -> list[bool]:
    return [p.requires_grad for p in runner.model.parameters()]


def test_freezes_and_thaws(runner):
    hook = FreezeHook(['0'], epochs=2)
    expected = [[False, False, True, True]] * 2 + [[True, False, True, True]] * 2
    for runner.epoch in range(4):
        hook.before_train_epoch(runner)
        assert trainable(runner) == expected[runner.epoch]


def test_restart_after_the_frozen_epochs_freezes_nothing(runner):
    runner.epoch = 2
    FreezeHook(['0'], epochs=2).before_train_epoch(runner)
    assert trainable(runner) == [True, False, True, True]


def test_restart_within_the_frozen_epochs_freezes(runner):
    runner.epoch = 1
    FreezeHook(['0'], epochs=2).before_train_epoch(runner)
    assert trainable(runner) == [False, False, True, True]


def test_gradients_flow_through_frozen_parts(runner):
    FreezeHook(['1'], epochs=1).before_train_epoch(runner)
    runner.model(torch.ones(1, 2)).sum().backward()
    assert runner.model[0].weight.grad is not None
    assert runner.model[1].weight.grad is None


def test_unknown_module_is_told(runner):
    with pytest.raises(ValueError, match='FreezeHook.*encoder'):
        FreezeHook(['encoder'], epochs=1).before_train_epoch(runner)
