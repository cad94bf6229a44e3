"""Losses are read when they are logged, not at every step."""
from typing import Any, Optional

import torch
from mmengine.hooks import LoggerHook, RuntimeInfoHook
from mmengine.runner import Runner
from torch import Tensor

from segvg.registry import HOOKS


@HOOKS.register_module()
class GatheredInfoHook(RuntimeInfoHook):
    """mmengine's ``RuntimeInfoHook``, but it waits for the device once per interval.

    mmengine reads every loss at every step, and each time the host waits until the
    device has done all its work. Here losses stay on the device until the logger
    prints, a checkpoint is written or an epoch ends; what is logged is the same.

    Args:
        interval: number of steps after which losses are read. None: the interval of the
            logger.
    """

    def __init__(self, interval: Optional[int] = None) -> None:
        super().__init__()
        self.interval = interval
        self._steps: list[dict[str, Any]] = []

    def before_train(self, runner: Runner) -> None:
        """Look up the interval of the logger."""
        super().before_train(runner)
        self._steps = []
        if self.interval is None:
            self.interval = next((hook.interval for hook in runner.hooks
                                  if isinstance(hook, LoggerHook)), 1)

    def after_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None,
                         outputs: Optional[dict] = None) -> None:
        """Keep the losses; read them where the logger may print."""
        gradients = getattr(runner.optim_wrapper, 'gradients', {})
        self._steps.append({
            key: value.item() if is_on_cpu(value) else value
            for key, value in {**gradients, **(outputs or {})}.items()})
        gradients.clear()
        interval = self.interval or 1
        if (self.every_n_inner_iters(batch_idx, interval)
                or self.every_n_train_iters(runner, interval)
                or self.end_of_epoch(runner.train_dataloader, batch_idx)
                or self.is_last_train_iter(runner)):
            self.read(runner)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Write the losses up to now into a checkpoint."""
        if self._steps:
            self.read(runner)
            checkpoint['message_hub'] = runner.message_hub.state_dict()

    def after_train(self, runner: Runner) -> None:
        """Read the losses of the last steps."""
        self.read(runner)
        super().after_train(runner)

    def read(self, runner: Runner) -> None:
        """Copy all losses to the CPU by one transfer, and log them."""
        found = [value.detach().double().reshape(()) for step in self._steps
                 for value in step.values() if isinstance(value, Tensor)]
        numbers = iter(torch.stack(found).tolist() if found else [])
        for step in self._steps:
            for key, value in step.items():
                runner.message_hub.update_scalar(
                    f'train/{key}', next(numbers) if isinstance(value, Tensor)
                    else value)
        self._steps = []


def is_on_cpu(value: Any) -> bool:
    """Return whether something is a tensor that can be read without waiting."""
    return isinstance(value, Tensor) and value.device.type == 'cpu'
