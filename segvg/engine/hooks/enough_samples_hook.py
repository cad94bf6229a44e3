"""A training without a single batch is an error before it begins."""
from mmengine.hooks import Hook
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from segvg.registry import HOOKS
from segvg.utils.errors import InputError


def check_enough_samples(loader: DataLoader, world_size: int) -> None:
    """Refuse a loader of training samples that do not fill one batch.

    With ``drop_last`` all of them would be left out, and every epoch would be empty.

    Args:
        loader: of the training.
        world_size: number of processes.

    Raises:
        InputError: an epoch has no batch.
    """
    if len(loader) == 0:
        raise InputError(
            f'an epoch has no batch: {len(loader.dataset)} training samples over '
            f'{world_size} processes do not fill one of {loader.batch_size},'
            ' and drop_last leaves out the rest; set a smaller '
            'train_dataloader.batch_size, or train_dataloader.drop_last=False')


@HOOKS.register_module()
class EnoughSamplesHook(Hook):
    """Run ``check_enough_samples`` before a training, whoever started it."""

    def before_train(self, runner: Runner) -> None:
        """Count the batches of an epoch."""
        check_enough_samples(runner.train_dataloader, runner.world_size)
