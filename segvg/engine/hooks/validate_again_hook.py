"""Validation that a stop may have swallowed."""
from mmengine.hooks import Hook
from mmengine.runner import EpochBasedTrainLoop, Runner

from segvg.registry import HOOKS


@HOOKS.register_module()
class ValidateAgainHook(Hook):
    """Score the weights that a resumed training goes on from.

    An epoch is saved before it is validated. Stopped in between, it would never be
    scored, and the best checkpoint could be another one than without the stop. Scored
    twice, it is the best only once.
    """
    # after CheckpointHook has found out where the best one lies
    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        """Validate if the last step that was saved asks for it."""
        loop = runner.train_loop
        by_epoch = isinstance(loop, EpochBasedTrainLoop)
        step, last = ((loop.epoch, loop.max_epochs) if by_epoch else
                      (loop.iter, loop.max_iters))
        if step and runner.val_loop is not None and step >= loop.val_begin and (
                step % loop.val_interval == 0 or step == last):
            runner.val_loop.run()
