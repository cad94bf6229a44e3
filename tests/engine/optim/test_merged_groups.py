"""One group for parameters of equal settings trains as one for each parameter does."""
import copy

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import DefaultScope
from torch import nn

from segvg.checkpoints.io import load_checkpoint
from segvg.engine.hooks.checkpoint_guard_hook import check_parameter_groups
from segvg.engine.launch import build_runner
from segvg.engine.optim import PrecisionOptimWrapper
from segvg.engine.optim.merged_groups import settings_of, take_saved_groups
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
    with DefaultScope.overwrite_default_scope('segvg'):  # as a runner does
        return OPTIM_WRAPPER_CONSTRUCTORS.build(dict(
            type=kind, paramwise_cfg=options, optim_wrapper_cfg=ConfigDict(
                type='PrecisionOptimWrapper', clip_grad=dict(max_norm=0.1),
                optimizer=dict(type='AdamW', lr=1e-2, betas=(0.9, 0.98),
                               weight_decay=0.5))))(model)


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
    wanted = {id(group['params'][0]): settings_of(group)
              for group in each.optimizer.param_groups}
    for group in found:
        assert group['names'] == [names[id(weight)] for weight in group['params']]
        assert all(settings_of(group) == wanted[id(weight)]
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


@pytest.mark.parametrize('options', [None, OPTIONS])
def test_what_is_trained_later_is_clipped_too(options):
    models = make(), make()
    for model, kind in zip(models, ('DefaultOptimWrapperConstructor', MMENGINE)):
        wrapper = wrapped(model, options, kind)
        model[3].requires_grad_(True)
        if options:  # otherwise it has been there all the time
            wrapper.optimizer.add_param_group(dict(params=list(model[3].parameters())))
        wrapper.update_params(1000 * model(torch.ones(4, 2)).square().mean())
    ours, theirs = (model.state_dict() for model in models)
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)
    assert not torch.equal(ours['3.weight'], make()[3].weight)


SCHEDULES = dict(
    steps=[dict(type='MultiStepLR', milestones=[1], by_epoch=True)],
    cosine=[dict(type='LinearLR', start_factor=0.1, end=1, by_epoch=True),
            dict(type='CosineAnnealingLR', T_max=3, eta_min_ratio=0.1, by_epoch=True)],
    restarts=[dict(type='CosineRestartLR', periods=[1, 1], restart_weights=[1, 0.5],
                   eta_min=0, by_epoch=True)],
    cycle=[dict(type='OneCycleLR', eta_max=1e-3, total_steps=2, by_epoch=True)])


@pytest.fixture(scope='module')
def train(tmp_path_factory):
    """Return a function that trains two epochs and returns the last checkpoint."""
    root = tmp_path_factory.mktemp('resumed')
    data = make_data(root / 'data', images=2)

    def run(work, schedule, options=None, first=None, **settings):
        cfg = toy_config(CONFIG, data, root / work)
        cfg.train_cfg.max_epochs = 2
        cfg.param_scheduler = SCHEDULES[schedule]
        cfg.default_hooks.checkpoint.save_best = None
        cfg.optim_wrapper.paramwise_cfg = options or dict(
            bias_lr_mult=2.0, norm_decay_mult=0.0, custom_keys=dict(
                image_encoder=dict(lr_mult=0.1), head=dict(lr_mult=0.5)))
        cfg.optim_wrapper.update(settings)
        if first:
            cfg.resume, cfg.load_from = True, str(root / first / 'epoch_1.pth')
        build_runner(cfg).train()
        return load_checkpoint(root / work / 'epoch_2.pth')

    return run


def rates(checkpoint) -> set[float]:
    return {group['lr'] for group in checkpoint['optimizer']['param_groups']}


@pytest.mark.slow
@pytest.mark.parametrize('schedule', SCHEDULES)
def test_checkpoint_with_a_group_for_each_parameter_is_resumed(train, schedule):
    whole = train(f'{schedule}/whole', schedule, constructor=MMENGINE)
    second = train(f'{schedule}/second', schedule, first=f'{schedule}/whole')
    assert len(whole['optimizer']['param_groups']) > 100
    assert len(second['optimizer']['param_groups']) in (4, 5)  # two become equal
    for key, value in whole['state_dict'].items():
        assert torch.equal(value, second['state_dict'][key]), key
    assert rates(whole) == rates(second)


@pytest.mark.slow
@pytest.mark.parametrize('options', [
    dict(custom_keys=dict(language_encoder=dict(lr_mult=0.1))),
    dict(norm_decay_mult=0.5, bias_lr_mult=3.0, custom_keys=dict(
        image_encoder=dict(lr_mult=0.1), head=dict(lr_mult=0.5)))])
def test_checkpoint_comes_before_other_settings_of_the_config(train, options):
    """As in mmengine: each parameter keeps the settings that were saved with it."""
    whole = train('own/whole', 'cosine')
    assert len(whole['optimizer']['param_groups']) == 5
    second = train('own/second', 'cosine', options, first='own/whole')
    for key, value in whole['state_dict'].items():
        assert torch.equal(value, second['state_dict'][key]), key
    assert rates(whole) == rates(second)


def test_checkpoint_of_other_parameters_is_refused():
    model = make()
    groups = wrapped(model, OPTIONS).optimizer.param_groups
    saved = copy.deepcopy(wrapped(make(), OPTIONS).state_dict())
    saved['param_groups'][1]['names'] = ['0.offset']
    checkpoint = dict(optimizer=saved)
    take_saved_groups(checkpoint, model, groups)
    with pytest.raises(InputError, match='a.pth .* other parameters than'):
        check_parameter_groups(groups, checkpoint['optimizer'], 'a.pth')
    saved['param_groups'][1]['names'] = 3
    take_saved_groups(checkpoint, model, groups)
    with pytest.raises(InputError, match='a.pth .* other parameters than'):
        check_parameter_groups(groups, checkpoint['optimizer'], 'a.pth')
