"""Groups of mmengine's constructor, as plain dicts."""
from mmengine.config import ConfigDict
from mmengine.optim import DefaultOptimWrapperConstructor
from torch import nn

from segvg.registry import OPTIM_WRAPPER_CONSTRUCTORS


def test_groups_are_those_of_mmengine_and_plain():
    model = nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3))
    wrapper = ConfigDict(optimizer=dict(
        type='AdamW', lr=1e-3, betas=(0.9, 0.98), weight_decay=1e-2))
    for options in (None, dict(norm_decay_mult=0.0,
                               custom_keys={'0.bias': dict(lr_mult=0.1)})):
        wanted = DefaultOptimWrapperConstructor(wrapper, options)(model)
        built = OPTIM_WRAPPER_CONSTRUCTORS.build(dict(
            type='DefaultOptimWrapperConstructor', optim_wrapper_cfg=wrapper,
            paramwise_cfg=options))(model)
        assert type(built) is type(wanted)
        groups = built.optimizer.param_groups
        assert len(groups) == (4 if options else 1)
        assert {type(group) for group in groups} == {dict}
        assert built.state_dict() == wanted.state_dict()
        for group, other in zip(groups, wanted.optimizer.param_groups, strict=True):
            assert list(group) == list(other) and all(
                a is b for a, b in zip(group['params'], other['params'], strict=True))
