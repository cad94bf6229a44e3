"""Averages of the weights over training."""
from typing import Mapping

import torch
from mmengine.model import BaseAveragedModel, ExponentialMovingAverage
from torch import Tensor, nn

from segvg.registry import MODELS


@MODELS.register_module()
class RampedAverage(BaseAveragedModel):
    """Exponential moving average whose memory grows with the number of steps.

    At step s, from 0, the average keeps min(momentum, (s + 1) / (s + 10)) of itself and
    takes the rest from the weights; the statistics of batch normalisation too. Whole
    numbers (its counters) are copied.

    Args:
        model: whose weights are averaged.
        momentum: largest part that is kept.
        interval: steps from one update to the next.
        device: of the average; None: that of the model.
        update_buffers: average the buffers as well; else they are copied.

    Source: Zhu et al., "SeqTR", ECCV 2022.
    """

    def __init__(self, model: nn.Module, momentum: float = 0.999, *,
                 interval: int = 1, device: torch.device | None = None,
                 update_buffers: bool = True) -> None:
        super().__init__(model, interval, device, update_buffers)
        self.momentum = momentum

    def weight(self, steps: int) -> float:
        """Return the share of the present weights in the average after a step."""
        return 1 - min(self.momentum, (steps + 1) / (steps + 10))

    def avg_func(self, averaged_param: Tensor, source_param: Tensor,
                 steps: int) -> None:
        """Move an averaged tensor towards its source, in place."""
        averaged_param.lerp_(source_param, self.weight(int(steps)))

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Take a step; unlike in the base class the first one averages too."""
        steps = int(self.steps)
        if steps % self.interval == 0:
            source = model.state_dict()
            for name, averaged in self.avg_parameters.items():
                if not averaged.dtype.is_floating_point:
                    averaged.data.copy_(source[name])
            move_towards(self.avg_parameters, source, self.weight(steps))
        finish_step(self, model)


@MODELS.register_module()
class JointAverage(ExponentialMovingAverage):
    """mmengine's ``ExponentialMovingAverage``, all tensors in one operation.

    On a GPU a loop over tensors would start a thousand short operations.
    """

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Take a step."""
        if int(self.steps) == 0 or int(self.steps) % self.interval:
            super().update_parameters(model)
            return
        move_towards(self.avg_parameters, model.state_dict(), self.momentum)
        finish_step(self, model)


def finish_step(average: BaseAveragedModel, model: nn.Module) -> None:
    """Copy the buffers, if they are not averaged, and count the step."""
    if not average.update_buffers:
        for averaged, value in zip(average.module.buffers(), model.buffers()):
            averaged.data.copy_(value)
    average.steps += 1


def move_towards(averages: Mapping[str, Tensor], source: Mapping[str, Tensor],
                 weight: float) -> None:
    """Move the averages of floating-point tensors towards their sources, in place.

    Args:
        averages: by name.
        source: the same names and more.
        weight: of the source; the average keeps the rest.
    """
    names = [name for name, value in averages.items() if value.is_floating_point()]
    torch._foreach_lerp_([averages[name].data for name in names],
                         [source[name].to(averages[name].device) for name in names],
                         weight)
