"""Steps of an optimizer in any precision, which do not wait for the device."""
from contextlib import contextmanager
from typing import Any, Iterator, Optional, Union

import torch
from mmengine.optim import OptimWrapper
from torch import Tensor, nn
from torch.optim import Optimizer

from segvg.registry import OPTIM_WRAPPERS
from segvg.utils.precision import check_dtype, precision


@OPTIM_WRAPPERS.register_module()
class PrecisionOptimWrapper(OptimWrapper):
    """mmengine's ``OptimWrapper`` with ``torch.autocast``, on a GPU and on a CPU.

    In float16 the loss is scaled, so that small gradients do not become zero.
    Weights and optimizer stay float32. mmengine reads the norm of clipped gradients at
    every step; here ``GatheredInfoHook`` logs it later.

    Args:
        optimizer: updates the weights.
        dtype: type of matrix products and convolutions: ``'float32'``, ``'bfloat16'``
            or ``'float16'``.
        loss_scale: ``'dynamic'`` or a number; float16 only.
        kwargs: passed to ``OptimWrapper``.

    Attributes:
        gradients: the norm of the gradients at the last step, before clipping; empty
            unless they are clipped by their norm.
        order: id of a parameter -> its place in the model. In this order the norm is
            summed; what has no place comes last, in the order of the groups.

    Raises:
        ValueError: ``dtype`` is none of the three.
    """

    def __init__(self, optimizer: Optimizer, *, dtype: str = 'float32',
                 loss_scale: Union[str, float] = 'dynamic', **kwargs: Any) -> None:
        check_dtype(dtype)
        super().__init__(optimizer, **kwargs)
        self.dtype = dtype
        self.gradients: dict[str, Tensor] = {}
        self.order: dict[int, int] = {}
        self.scaler: Optional[torch.amp.GradScaler] = None
        if dtype == 'float16':
            options: dict[str, Any] = {}
            if loss_scale != 'dynamic':
                # A constant scale: it would grow after more steps than anyone trains.
                options = dict(init_scale=float(loss_scale), growth_interval=2**31 - 1)
            self.scaler = torch.amp.GradScaler(self.device_type, **options)

    @property
    def device_type(self) -> str:
        """Type of the device that holds the weights."""
        return self.optimizer.param_groups[0]['params'][0].device.type

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Compute the losses in the chosen precision."""
        with super().optim_context(model), precision(self.device_type, self.dtype):
            yield

    def backward(self, loss: Tensor, **kwargs: Any) -> None:
        """Compute the gradients, in float16 those of the scaled loss."""
        super().backward(loss if self.scaler is None else self.scaler.scale(loss),
                         **kwargs)

    def step(self, **kwargs: Any) -> None:
        """Update the weights; in float16 not if a gradient is infinite or NaN."""
        if self.scaler is None:
            super().step(**kwargs)
            return
        if self.clip_grad_kwargs:
            self.scaler.unscale_(self.optimizer)
            self._clip_grad()
        self.scaler.step(self.optimizer, **kwargs)
        self.scaler.update()

    def _clip_grad(self) -> None:
        """Clip the gradients and keep their norm, without reading it."""
        weights = [weight for group in self.optimizer.param_groups
                   for weight in group['params'] if weight.grad is not None]
        weights.sort(key=lambda weight: self.order.get(id(weight), len(self.order)))
        if weights:
            norm = self.clip_func(weights, **self.clip_grad_kwargs)
            if norm is not None:  # None: they were clipped by value
                self.gradients = {self.grad_name: norm.detach()}

    def state_dict(self) -> dict:
        """Return the state of the optimizer and of the loss scale."""
        state = super().state_dict()
        if self.scaler is not None:
            state['loss_scaler'] = self.scaler.state_dict()
        return state

    def load_state_dict(self, state_dict: dict) -> None:
        """Load a state; the precision may differ from that of the saved training."""
        state_dict = dict(state_dict)
        scale = state_dict.pop('loss_scaler', None)
        if scale and self.scaler is not None:
            self.scaler.load_state_dict(scale)
        super().load_state_dict(state_dict)
