"""A training without a single batch is an error before it begins."""
from mmengine.hooks import Hook
from mmengine.runner import Runner

from segvg.registry import HOOKS
from segvg.utils.errors import InputError


@HOOKS.register_module()
class EnoughSamplesHook(Hook):
    """Refuse a training whose samples do not fill one batch.

    With ``drop_last`` all of them would be left out, and every epoch would be empty.
    """

    def before_train(self, runner: Runner) -> None:
        """Count the batches of an epoch.

        Raises:
            InputError: there are none.
        """
        loader = runner.train_dataloader
        if len(loader) == 0:
            raise InputError(
                f'an epoch has no batch: {len(loader.dataset)} training samples over '
                f'{runner.world_size} processes do not fill one of {loader.batch_size},'
                ' and drop_last leaves out the rest; set a smaller '
                'train_dataloader.batch_size, or train_dataloader.drop_last=False')
