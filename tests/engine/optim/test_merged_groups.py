"""One group for parameters of equal settings trains as one for each parameter does."""
import pytest
import torch
from mmengine.config import ConfigDict
from torch import nn

from segvg.checkpoints.io import load_checkpoint
from segvg.engine.launch import build_runner
from segvg.engine.optim import PrecisionOptimWrapper
from segvg.registry import OPTIM_WRAPPER_CONSTRUCTORS
from segvg.utils.errors import InputError
from tests.toy import ROOT, make_data, toy_config

CONFIG = ROOT / 'configs/segvg/segvg_refcoco.py'
MMENGINE = 'mmengine.DefaultOptimWrapperConstructor'
OPTIONS = dict(norm_decay_mult=0.0, custom_keys={'0.bias': dict(lr_mult=0.1)})


def make() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3), nn.Linear(3, 3),
                         nn.Linear(3, 3).requires_grad_(False))


def wrapped(model, options, kind='DefaultOptimWrapperConstructor'):
    return OPTIM_WRAPPER_CONSTRUCTORS.build(dict(
        type=kind, paramwise_cfg=options, optim_wrapper_cfg=ConfigDict(
            type='PrecisionOptimWrapper', clip_grad=dict(max_norm=0.1), optimizer=dict(
                type='AdamW', lr=1e-2, betas=(0.9, 0.98), weight_decay=0.5))))(model)


def test_settings_are_those_of_mmengine_and_groups_few_and_plain():
    model = make()
    names = {id(weight): name for name, weight in model.named_parameters()}
    found = wrapped(model, OPTIONS).optimizer.param_groups
    assert [[names[id(weight)] for weight in group['params']] for group in found] == [
        ['0.weight', '2.weight', '2.bias'], ['0.bias'], ['1.weight', '1.bias']]
    assert [(group['lr'], group['weight_decay']) for group in found] == [
        (1e-2, 0.5), (1e-3, 0.5), (1e-2, 0)]
    assert {type(group) for group in found} == {dict}
    each = wrapped(model, OPTIONS, MMENGINE)
    assert len(each.optimizer.param_groups) == 6
    wanted = {id(group['params'][0]): dict(group, params=0)
              for group in each.optimizer.param_groups}
    for group in found:
        assert all(dict(group, params=0) == wanted[id(weight)]
                   for weight in group['params'])


def test_without_options_there_is_one_group_as_in_mmengine():
    model = make()
    assert wrapped(model, None).state_dict() == wrapped(
        model, None, MMENGINE).state_dict()


@pytest.mark.parametrize('options', [None, OPTIONS])
def test_steps_are_equal_bit_for_bit(options):
    models = make(), make()
    for model, kind in zip(models, ('DefaultOptimWrapperConstructor', MMENGINE)):
        wrapper = wrapped(model, options, kind)
        assert isinstance(wrapper, PrecisionOptimWrapper)
        for seed in range(3):
            noise = torch.randn(4, 2, generator=torch.Generator().manual_seed(seed))
            wrapper.update_params(model(noise).square().mean())
    ours, theirs = (model.state_dict() for model in models)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_parameter_of_two_modules_is_refused():
    model = make()
    model[2].weight = nn.Parameter(torch.ones(3, 3))
    model.append(nn.Linear(3, 3))
    model[4].weight = model[2].weight
    with pytest.raises(ValueError, match='more than one parameter group'):
        wrapped(model, OPTIONS)


@pytest.mark.slow
def test_checkpoint_with_a_group_for_each_parameter_is_resumed(tmp_path):
    data = make_data(tmp_path / 'data', images=2)

    def train(work, **settings):
        cfg = toy_config(CONFIG, data, tmp_path / work)
        cfg.train_cfg.max_epochs = 2
        cfg.param_scheduler[0].milestones = [1]
        cfg.default_hooks.checkpoint.save_best = None
        cfg.merge_from_dict(settings)
        build_runner(cfg).train()
        return load_checkpoint(tmp_path / work / 'epoch_2.pth')

    whole = train('whole', **{'optim_wrapper.constructor': MMENGINE})
    first = tmp_path / 'whole/epoch_1.pth'
    assert len(load_checkpoint(first)['optimizer']['param_groups']) > 100
    second = train('second', resume=True, load_from=str(first))
    assert len(second['optimizer']['param_groups']) == 2
    for key, value in whole['state_dict'].items():
        assert torch.equal(value, second['state_dict'][key]), key
    rates = {group['lr'] for group in whole['optimizer']['param_groups']}
    assert rates == {group['lr'] for group in second['optimizer']['param_groups']}
    assert len(rates) == 2
    with pytest.raises(InputError, match='its optimizer has .* groups of .* that of '):
        train('other', resume=True, load_from=str(first), **{
            'optim_wrapper.paramwise_cfg.custom_keys': dict(
                _delete_=True, head=dict(lr_mult=0.5))})
