"""Learning rates by group, as MDETR and SiRi set them."""
from typing import Any, Mapping, Optional

from mmengine.optim.scheduler.lr_scheduler import LRSchedulerMixin
from mmengine.optim.scheduler.param_scheduler import _ParamScheduler
from torch.optim import Optimizer

from segvg.registry import PARAM_SCHEDULERS

RULES = ('step', 'multistep', 'linear')


def factor_of(rule: str, step: int, epoch_length: int, epochs: int, *, drop: int,
              warmup: float) -> float:
    """Return what the rate is multiplied by.

    Args:
        rule: ``'step'`` (a tenth after every ``drop`` epochs), ``'multistep'`` (a half
            after ``drop`` and every 50 epochs more), or ``'linear'`` (up over the first
            part of all steps, then down to 0).
        step: number of the step, from 0.
        epoch_length: steps of an epoch.
        epochs: of the training.
        drop: see above.
        warmup: part of all steps over which ``'linear'`` rises.
    """
    epoch = step // epoch_length
    if rule == 'step':
        return 0.1**(epoch // drop)
    if rule == 'multistep':
        return 0.5**sum(epoch >= at for at in range(drop, epochs, 50))
    total = epoch_length * epochs
    rise = round(warmup * total)
    if step < rise:
        return step / max(1, rise)
    return max(0.0, (total - step) / max(1, total - rise))


@PARAM_SCHEDULERS.register_module()
class GroupSchedule(LRSchedulerMixin, _ParamScheduler):
    """A rule of its own for each group of ``NamedGroupsConstructor``.

    The published training sets the rates after a step, by the number of that step: the
    first step has full rates, and every later one those of the step before. Kept,
    since it costs nothing and the recorded curves show it.

    Args:
        optimizer: with named groups.
        epochs: of the training.
        epoch_length: steps of an epoch; filled in by the runner through
            ``convert_to_iter_based=True``.
        rules: name of a group -> rule, see ``factor_of``; others follow ``default``.
        default: rule of the other groups.
        drop: epochs after which ``step`` and ``multistep`` lower the rate.
        warmup: part of all steps over which ``linear`` rises.
        kwargs: of mmengine's schedulers.
    """

    def __init__(self, optimizer: Optimizer, epochs: int, epoch_length: int, *,
                 rules: Optional[Mapping[str, str]] = None, default: str = 'step',
                 drop: int = 30, warmup: float = 0.01, **kwargs: Any) -> None:
        self.rules = dict(rules or {})
        for rule in (default, *self.rules.values()):
            if rule not in RULES:
                raise ValueError(f'a rule is one of {RULES}, not {rule!r}')
        self.default = default
        self.epochs, self.epoch_length = epochs, epoch_length
        self.drop, self.warmup = drop, warmup
        kwargs['by_epoch'] = False
        super().__init__(optimizer, **kwargs)

    @classmethod
    def build_iter_from_epoch(cls, optimizer: Optimizer, *, epochs: int,
                              epoch_length: int, begin: int = 0,
                              end: Optional[int] = None, by_epoch: bool = True,
                              **kwargs: Any) -> 'GroupSchedule':
        """Return the scheduler for epochs of ``epoch_length`` steps."""
        return cls(optimizer, epochs, epoch_length, **kwargs)

    def _get_value(self) -> list[float]:
        """Return the rate of every group at the current step."""
        lagging = self.last_step - 1
        rates = []
        for group in self.optimizer.param_groups:
            rule = self.rules.get(group.get('name'), self.default)
            factor = 1.0 if lagging < 0 else factor_of(
                rule, lagging, self.epoch_length, self.epochs, drop=self.drop,
                warmup=self.warmup)
            rates.append(group['initial_lr'] * factor)
        return rates
