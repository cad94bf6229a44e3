"""Steps in every precision, on a CPU."""
import copy

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn

from segvg.engine.optim import PrecisionOptimWrapper


def step(model: nn.Module, wrapper: OptimWrapper, seed: int = 0) -> torch.Tensor:
    noise = torch.Generator().manual_seed(seed)
    values = torch.randn(4, 8, generator=noise)
    with wrapper.optim_context(model):
        out = model(values)
    wrapper.update_params(out.float().square().mean())
    return out


def make(cls=PrecisionOptimWrapper, **kwargs) -> tuple[nn.Module, OptimWrapper]:
    torch.manual_seed(0)
    model = nn.Linear(8, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return model, cls(optimizer, clip_grad=dict(max_norm=0.1), **kwargs)


def test_float32_is_that_of_mmengine():
    (ours, wrapper), (theirs, plain) = make(), make(OptimWrapper)
    for seed in range(3):
        step(ours, wrapper, seed)
        step(theirs, plain, seed)
    assert torch.equal(ours.weight, theirs.weight)
    assert float(wrapper.gradients['grad_norm']) > 0


@pytest.mark.parametrize('dtype', ['bfloat16', 'float16'])
def test_half_precision_is_close_and_weights_stay_float32(dtype):
    (half, wrapper), (whole, plain) = make(dtype=dtype), make()
    before = half.weight.clone()
    assert step(half, wrapper).dtype == getattr(torch, dtype)
    step(whole, plain)
    assert half.weight.dtype == torch.float32
    assert not torch.equal(half.weight, before)
    torch.testing.assert_close(half.weight, whole.weight, rtol=0, atol=1e-3)


def test_scale_of_the_loss_is_part_of_the_state():
    model, wrapper = make(dtype='float16')
    state = copy.deepcopy(wrapper.state_dict())
    assert state['loss_scaler']['scale'] == 65536
    state['loss_scaler']['scale'] = 8.0
    wrapper.load_state_dict(state)
    assert wrapper.state_dict()['loss_scaler']['scale'] == 8
    make()[1].load_state_dict(state)  # of a training in another precision
    model, wrapper = make(dtype='float16', loss_scale=4.0)
    for seed in range(3):
        step(model, wrapper, seed)
    assert wrapper.state_dict()['loss_scaler']['scale'] == 4
    with pytest.raises(ValueError, match="dtype is one of .* not 'half'"):
        make(dtype='half')
