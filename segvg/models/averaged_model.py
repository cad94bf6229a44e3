"""An average of the weights over training, with a ramp."""
import torch
from mmengine.model import BaseAveragedModel
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

    def avg_func(self, averaged_param: Tensor, source_param: Tensor,
                 steps: int) -> None:
        """Move an averaged tensor towards its source, in place."""
        step = int(steps)
        kept = min(self.momentum, (step + 1) / (step + 10))
        averaged_param.lerp_(source_param, 1 - kept)

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Take a step; unlike in the base class the first one averages too."""
        source = (model.state_dict() if self.update_buffers
                  else dict(model.named_parameters()))
        if int(self.steps) % self.interval == 0:
            for name, averaged in self.avg_parameters.items():
                value = source[name].to(averaged.device)
                if averaged.dtype.is_floating_point:
                    self.avg_func(averaged.data, value, self.steps)
                else:
                    averaged.data.copy_(value)
        if not self.update_buffers:
            for averaged, value in zip(self.module.buffers(), model.buffers()):
                averaged.data.copy_(value)
        self.steps += 1
