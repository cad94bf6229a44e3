"""Named groups of parameters, their rates, and the average from the first step on."""
from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import init_default_scope
from torch import nn

from segvg.engine.hooks import InitialAverageHook
from segvg.engine.optim import GroupSchedule, NamedGroupsConstructor
from segvg.engine.optim.group_schedule import factor_of


@pytest.fixture
def model():
    init_default_scope('segvg')
    model = nn.ModuleDict(dict(backbone=nn.Linear(2, 2), text=nn.Linear(2, 2),
                               head=nn.Linear(2, 1)))
    model['backbone'].bias.requires_grad = False
    return model


def test_groups_have_names_and_rates(model):
    wrapper = NamedGroupsConstructor(
        dict(optimizer=dict(type='AdamW', lr=0.1)),
        dict(groups=dict(backbone=0.5, text=0.2)))(model)
    groups = {group['name']: group for group in wrapper.optimizer.param_groups}
    assert {name: len(group['params']) for name, group in groups.items()} == dict(
        rest=2, backbone=1, text=2)
    assert [groups[name]['lr'] for name in ('rest', 'backbone', 'text')] == [
        0.1, 0.05, pytest.approx(0.02)]


def test_rules():
    def at(rule, step, drop=2):
        return factor_of(rule, step, 10, 4, drop=drop, warmup=0.1)
    assert [at('step', step) for step in (0, 19, 20)] == [1, 1, pytest.approx(0.1)]
    assert [at('linear', step) for step in (0, 2, 4, 22, 40)] == [0, .5, 1, .5, 0]
    assert [at('multistep', step) for step in (19, 39)] == [1, .5]


def test_rates_lag_by_one_step(model):
    groups = [dict(params=list(model['head'].parameters()), lr=1.0, name='rest'),
              dict(params=list(model['text'].parameters()), lr=1.0, name='text')]
    optimizer = torch.optim.SGD(groups, lr=1.0)
    schedule = GroupSchedule(optimizer, 4, 10, rules=dict(text='linear'), warmup=0.1)
    seen = []
    for _ in range(4):
        seen.append(optimizer.param_groups[1]['lr'])
        optimizer.step()
        schedule.step()
    assert seen == [1, 0, 0.25, 0.5]
    assert optimizer.param_groups[0]['lr'] == 1
    with pytest.raises(ValueError, match="a rule is one of .* not 'cosine'"):
        GroupSchedule(optimizer, 1, 1, default='cosine')


def test_average_begins_with_the_initial_weights(model):
    runner = SimpleNamespace(model=model['head'], iter=0, max_iters=9)
    hook = InitialAverageHook(decay=0.9)
    hook.before_run(runner)
    nn.init.ones_(model['head'].weight)  # weights are loaded after before_run
    hook.before_train(runner)
    nn.init.zeros_(model['head'].weight)
    hook.after_train_iter(runner, 0)
    torch.testing.assert_close(hook.ema_model.module.weight,
                               torch.full((1, 2), 0.9))
