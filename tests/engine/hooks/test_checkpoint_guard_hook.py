"""Checkpoints are saved plain, and refused when they are of no use."""
from types import SimpleNamespace

import pytest
import torch

from segvg.engine.hooks import CheckpointGuardHook


def runner_of(load_from='a.pth', resume=False):
    return SimpleNamespace(_load_from=load_from, _resume=resume,
                           model=torch.nn.Linear(2, 3))


def test_weights_of_another_model_are_refused():
    hook = CheckpointGuardHook()
    hook.after_load_checkpoint(runner_of(), dict(state_dict=torch.nn.Linear(
        2, 3).state_dict()))
    with pytest.raises(ValueError, match='a.pth does not hold the weights of this Lin'):
        hook.after_load_checkpoint(runner_of(), dict(state_dict=torch.nn.Linear(
            3, 2).state_dict()))
    with pytest.raises(ValueError, match='a.pth: a checkpoint is a dict of tensors'):
        hook.after_load_checkpoint(runner_of(), dict(state_dict={}))


def test_weights_alone_cannot_be_resumed():
    with pytest.raises(ValueError, match='the checkpoint holds weights but no state'):
        CheckpointGuardHook().after_load_checkpoint(runner_of(None, True), dict(
            state_dict=torch.nn.Linear(2, 3).state_dict(), meta=dict(epoch=1)))


def test_every_value_is_made_plain():
    checkpoint = dict(meta=dict(value=torch.float32, n=1), extra=[{1}])
    CheckpointGuardHook().before_save_checkpoint(runner_of(), checkpoint)
    assert checkpoint == dict(meta=dict(value=torch.float32, n=1), extra=[None])
