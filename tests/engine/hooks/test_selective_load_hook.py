"""Exactly the named parts are carried over, and only at the start."""
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from segvg.engine.hooks import SelectiveLoadHook
from segvg.engine.hooks.selective_load_hook import names_below


def make_model() -> nn.Module:
    return nn.ModuleDict(dict(
        encoder=nn.Linear(2, 2), encoder_top=nn.Linear(2, 2), head=nn.Linear(2, 1)))


@pytest.fixture
def saved(tmp_path):
    model = make_model()
    path = tmp_path / 'epoch_1.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return model, str(path)


def test_names_of_a_part_end_at_a_dot():
    names = ['encoder.weight', 'encoder_top.weight', 'scale']
    assert names_below(names, ['encoder']) == ['encoder.weight']
    assert names_below(names, ['scale']) == ['scale']
    assert names_below(names, ['']) == names
    assert names_below(names, []) == []


def test_only_the_parts_are_carried_over(saved):
    old, path = saved
    new = make_model()
    before = {name: value.clone() for name, value in new.state_dict().items()}
    SelectiveLoadHook(path, ['encoder']).before_train(
        SimpleNamespace(model=new, iter=0))
    for name, value in new.state_dict().items():
        wanted = (old.state_dict() if name.startswith('encoder.') else before)[name]
        assert torch.equal(value, wanted), name


def test_a_resumed_training_is_left_alone(saved):
    new = make_model()
    before = new['encoder'].weight.clone()
    SelectiveLoadHook(saved[1], ['encoder']).before_train(
        SimpleNamespace(model=new, iter=7))
    assert torch.equal(new['encoder'].weight, before)


def test_parts_that_do_not_fit_are_told(saved):
    runner = SimpleNamespace(model=make_model(), iter=0)
    with pytest.raises(ValueError, match="no part 'fusion' to keep; its parts are "
                       r"\['encoder', 'encoder_top', 'head'\]"):
        SelectiveLoadHook(saved[1], ['fusion']).before_train(runner)
    runner.model['encoder'] = nn.Linear(3, 3)
    with pytest.raises(ValueError, match="2 tensors of 'encoder' are not in .*"
                       'another shape, the first is encoder.weight'):
        SelectiveLoadHook(saved[1], ['encoder']).before_train(runner)
    with pytest.raises(TypeError, match="a list of names, not 'encoder'"):
        SelectiveLoadHook(saved[1], 'encoder')
