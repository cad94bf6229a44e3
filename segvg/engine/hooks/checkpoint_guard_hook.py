"""Checkpoints that anyone can read, and none that is loaded for nothing."""
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner

from segvg.checkpoints.io import as_plain, check_any_fits, state_dict_of
from segvg.registry import HOOKS
from segvg.utils.errors import InputError


@HOOKS.register_module()
class CheckpointGuardHook(Hook):
    """Save tensors and plain containers only; refuse weights of which none fits.

    mmengine saves objects of its own classes, which a loader that trusts nothing has to
    know, and only warns of weights that it could not place. Comes after all hooks that
    add to a checkpoint or exchange its weights.
    """

    priority = 'LOWEST'

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Turn every value into its plain form, see ``as_plain``."""
        for key, value in checkpoint.items():
            checkpoint[key] = as_plain(value, key)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Look whether the model, and a training to be resumed, can use the file.

        Raises:
            InputError: it holds no weights, none that fit, or no state of a training.
        """
        source = str(runner._load_from or 'the checkpoint')
        meta = checkpoint.get('meta')
        if runner._resume and not (isinstance(meta, dict) and isinstance(
                meta.get('iter'), int) and 'message_hub' in checkpoint):
            raise InputError(f'{source} holds weights but no state of a training, so '
                             'none can be resumed from it; load_from starts one with '
                             'these weights')
        try:
            state = state_dict_of(checkpoint)
        except ValueError as error:
            raise InputError(f'{source}: {error}') from None
        model = runner.model
        check_any_fits(model.module if is_model_wrapper(model) else model, state,
                       source)
