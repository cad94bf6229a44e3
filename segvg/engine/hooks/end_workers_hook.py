"""Processes that read data end with the run."""
from mmengine.hooks import Hook
from mmengine.runner import Runner

from segvg.registry import HOOKS


@HOOKS.register_module()
class EndWorkersHook(Hook):
    """End the persistent workers of all loaders when a run is over.

    A runner is part of circles of references. When Python collects such a circle, it
    closes the queues of a loader first, workers no longer hear that they are to end,
    and PyTorch waits five seconds for each of them.
    """
    priority = 'LOWEST'

    def after_run(self, runner: Runner) -> None:
        """End the workers; a loader that is used again starts new ones."""
        for loop in (runner._train_loop, runner._val_loop, runner._test_loop):
            loader = getattr(loop, 'dataloader', None)
            iterator = getattr(loader, '_iterator', None)
            if hasattr(iterator, '_shutdown_workers'):
                iterator._shutdown_workers()
                loader._iterator = None
