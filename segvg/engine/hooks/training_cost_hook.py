"""Write into every checkpoint what its training cost."""
import time
from typing import Optional

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner

from segvg.registry import HOOKS
from segvg.utils.profiling import peak_memory


@HOOKS.register_module()
class TrainingCostHook(Hook):
    """Put time, peak memory and kind of machine into ``meta['training']``.

    ``seconds`` is the time between the first step and the checkpoint, validation left
    out; a resumed run adds to what its checkpoint says. ``peak_memory`` is in MiB,
    of the process on a CPU and of tensors on a GPU.
    """

    def __init__(self) -> None:
        self._seconds = 0.0
        self._peak = 0.0
        self._since: Optional[float] = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Continue the count of a run that was stopped."""
        known = (checkpoint.get('meta') or {}).get('training')
        if known and runner._resume:
            self._seconds, self._peak = known['seconds'], known['peak_memory']

    def before_train_epoch(self, runner: Runner) -> None:
        """Start the clock."""
        self._since = time.monotonic()

    def _count(self) -> None:
        """Add the time since the clock was read last."""
        if self._since is not None:
            now = time.monotonic()
            self._seconds += now - self._since
            self._since = now

    def after_train_epoch(self, runner: Runner) -> None:
        """Add the time of the epoch; runs before the checkpoint is written."""
        self._count()

    def before_val(self, runner: Runner) -> None:
        """Stop the clock."""
        self._count()
        self._since = None

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the cost so far."""
        self._count()
        device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
        self._peak = max(self._peak, peak_memory(device))
        checkpoint.setdefault('meta', {})['training'] = dict(
            seconds=round(self._seconds, 1), peak_memory=round(self._peak),
            device=device.type,
            threads=torch.get_num_threads(), world_size=runner.world_size)
