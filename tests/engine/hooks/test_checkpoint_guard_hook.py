"""Checkpoints are saved plain, and refused when they are of no use."""
import logging
from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import OptimWrapper

from segvg.engine.hooks import CheckpointGuardHook
from segvg.utils.errors import InputError


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


def test_tables_of_positions_that_are_not_loaded_are_named(monkeypatch):
    told = []
    monkeypatch.setattr('segvg.engine.hooks.checkpoint_guard_hook.print_log',
                        lambda message, **settings: told.append((message, settings)))
    runner = runner_of()
    runner.model = torch.nn.ModuleDict(dict(
        position=torch.nn.Embedding(5, 4), words=torch.nn.Embedding(7, 4)))
    state = runner.model.state_dict()
    hook = CheckpointGuardHook()
    hook.after_load_checkpoint(runner, dict(state_dict=state))
    assert not told
    hook.after_load_checkpoint(runner, dict(state_dict={
        **state, 'position.weight': torch.zeros(9, 4)}))
    (message, settings), = told
    assert message.startswith('a.pth: tables of positions of another length are not ')
    assert 'position.weight (9 rows for 5); max_tokens and the canvas in ' in message
    assert '\n' not in message and settings['level'] == logging.WARNING


def test_weights_alone_cannot_be_resumed():
    with pytest.raises(ValueError, match='the checkpoint holds weights but no state'):
        CheckpointGuardHook().after_load_checkpoint(runner_of(None, True), dict(
            state_dict=torch.nn.Linear(2, 3).state_dict(), meta=dict(epoch=1)))


def resumable(**changes):
    """A checkpoint that a training of ``runner_of`` can be resumed from."""
    model = torch.nn.Linear(2, 3)
    return {**dict(
        state_dict=model.state_dict(), meta=dict(epoch=1, iter=4),
        message_hub=dict(log_scalars={}, runtime_info={}, resumed_keys={}),
        optimizer=torch.optim.SGD(model.parameters(), 0.1).state_dict(),
        param_schedulers=[dict(last_step=4)]), **changes}


def resuming_runner():
    runner = runner_of(resume=True)
    runner.optim_wrapper = OptimWrapper(torch.optim.SGD(runner.model.parameters(), 0.1))
    return runner


@pytest.mark.parametrize(('changes', 'told'), [
    (dict(meta=dict(iter=4)), 'damaged .epoch'),
    (dict(meta=dict(iter='x', epoch=-1)), 'damaged .epoch, iter'),
    (dict(message_hub=3), 'damaged .message_hub'),
    (dict(message_hub={}), 'damaged .message_hub'),
    (dict(optimizer=5), 'damaged .optimizer'),
    (dict(optimizer=dict(param_groups=[3])), 'damaged .optimizer'),
    (dict(param_schedulers='ab'), 'damaged .param_schedulers'),
    (dict(optimizer=dict(state={}, param_groups=[])), '0 groups of 0 .* 1 of 2'),
    (dict(state_dict=dict(weight=torch.zeros(4, 2), bias=torch.zeros(3))),
     r'weight has the shape \(4, 2\), and \(3, 2\) in the model')])
def test_state_of_another_training_is_told_in_one_line(changes, told):
    hook, runner = CheckpointGuardHook(), resuming_runner()
    hook.after_load_checkpoint(runner, resumable())
    hook.after_load_checkpoint(runner_of(), resumable(**changes))  # for its weights
    with pytest.raises(InputError, match=f'a.pth.*{told}') as error:
        hook.after_load_checkpoint(runner, resumable(**changes))
    assert '\n' not in str(error.value)


def test_every_value_is_made_plain():
    checkpoint = dict(meta=dict(value=torch.float32, n=1), extra=[{1}])
    CheckpointGuardHook().before_save_checkpoint(runner_of(), checkpoint)
    assert checkpoint == dict(meta=dict(value=torch.float32, n=1), extra=[None])
