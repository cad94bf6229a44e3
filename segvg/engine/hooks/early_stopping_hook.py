"""Early stopping by any score; a resumed training keeps its state."""
from mmengine.hooks import EarlyStoppingHook as MMEngineHook
from mmengine.runner import Runner

from segvg.registry import HOOKS

STATE = 'early_stopping'


@HOOKS.register_module()
class EarlyStoppingHook(MMEngineHook):
    """mmengine's hook, with two differences.

    Without a ``rule`` a higher score is better, except for losses; mmengine fails on
    names that it does not know, such as ``gres/gIoU``. The best score and the number of
    epochs without a better one are in the checkpoints: a training that was stopped and
    resumed ends at the same epoch as one that was not.
    """

    def _init_rule(self, monitor: str) -> str:
        """Return whether a higher score or a lower one is better."""
        return 'less' if 'loss' in monitor else 'greater'

    def before_run(self, runner: Runner) -> None:
        """Begin anew; a checkpoint that is resumed from is read only later."""
        super().before_run(runner)
        self._is_known = False

    def after_val_epoch(self, runner: Runner, metrics: dict) -> None:
        """Decide whether to stop, and note what the next decision needs."""
        hub = runner.message_hub
        if runner._resume and not self._is_known and STATE in hub.runtime_info:
            self.wait_count, self.best_score = hub.get_info(STATE)
        self._is_known = True
        super().after_val_epoch(runner, metrics)
        hub.update_info(STATE, [self.wait_count, float(self.best_score)])
