"""RefTR's learning rates: warm-up over epochs, then steps or a cosine, with a floor."""
import math
from typing import Any, Optional, Sequence

from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler
from torch.optim import Optimizer

from segvg.registry import PARAM_SCHEDULERS

FLOOR = 0.01


def warmup_factor(step: int, total: int, warmup: int,
                  milestones: Optional[Sequence[int]] = None) -> float:
    """Return what the rate is multiplied by at a step, never less than 0.01.

    Args:
        step: from 0.
        total: steps of the training.
        warmup: steps over which the rate rises.
        milestones: steps from which on it is a tenth; None: a cosine to the end.
    """
    if step < warmup:
        factor = (step + 1) / warmup
    elif milestones is None:
        part = (step - warmup) / (total - warmup)
        factor = 0.5 * (math.cos(math.pi * part) + 1)
    else:
        factor = 0.1**sum(step >= milestone for milestone in milestones)
    return max(factor, FLOOR)


@PARAM_SCHEDULERS.register_module()
class WarmupSchedule(LRSchedulerMixin, _ParamScheduler):
    """Linear warm-up, then a tenth at milestones or a cosine; a floor of 0.01.

    Args:
        optimizer: whose rates are set.
        epochs: of the training.
        epoch_length: steps of an epoch; filled in by the runner through
            ``convert_to_iter_based=True``.
        warmup_epochs: over which the rates rise.
        milestones: epochs from which on the rates are a tenth; None: a cosine.
        kwargs: of mmengine's schedulers.

    Source: Li and Sigal, "Referring Transformer", NeurIPS 2021, published training.
    """

    def __init__(self, optimizer: Optimizer, epochs: int, epoch_length: int, *,
                 warmup_epochs: int = 5, milestones: Optional[Sequence[int]] = None,
                 **kwargs: Any) -> None:
        self.total = epochs * epoch_length
        self.warmup = warmup_epochs * epoch_length
        self.milestones = None if milestones is None else [
            epoch * epoch_length for epoch in milestones]
        kwargs['by_epoch'] = False
        super().__init__(optimizer, **kwargs)

    @classmethod
    def build_iter_from_epoch(cls, optimizer: Optimizer, *, epochs: int,
                              epoch_length: int, begin: int = 0,
                              end: Optional[int] = None, by_epoch: bool = True,
                              **kwargs: Any) -> 'WarmupSchedule':
        """Return the scheduler for epochs of ``epoch_length`` steps."""
        return cls(optimizer, epochs, epoch_length, **kwargs)

    def _get_value(self) -> list[float]:
        """Return the rate of every group at the current step."""
        factor = warmup_factor(self.last_step, self.total, self.warmup, self.milestones)
        return [group['initial_lr'] * factor for group in self.optimizer.param_groups]
