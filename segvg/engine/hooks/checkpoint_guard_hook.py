"""Checkpoints that anyone can read, and errors for those that do not fit."""
import logging
from typing import Any, Optional

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from segvg.checkpoints.io import (
    TABLE_LENGTH,
    as_plain,
    check_any_fits,
    state_dict_of,
    tables_of_other_length,
)
from segvg.engine.optim.merged_groups import NAMES, take_saved_groups
from segvg.registry import HOOKS
from segvg.utils.errors import InputError

HUB_KEYS = ('log_scalars', 'runtime_info', 'resumed_keys')


@HOOKS.register_module()
class CheckpointGuardHook(Hook):
    """Save tensors and plain containers only; refuse a file if no weight in it fits.

    mmengine saves objects of its own classes, which a loader that trusts nothing has to
    know, and only warns of weights that it could not place. Comes after all hooks that
    add to a checkpoint or exchange its weights.
    """

    priority = 'LOWEST'

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Turn every value into its plain form, see ``as_plain``."""
        if 'param_schedulers' in checkpoint:
            checkpoint['param_schedulers'] = without_functions(
                checkpoint['param_schedulers'])
        for key, value in checkpoint.items():
            checkpoint[key] = as_plain(value, key)

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Look whether the model, and a training to be resumed, can use the file.

        Raises:
            InputError: it holds no weights, none that fit, or no state of this
                training.
        """
        source = str(runner._load_from or 'the checkpoint')
        try:
            state = state_dict_of(checkpoint)
        except ValueError as error:
            raise InputError(f'{source}: {error}') from None
        model = runner.model
        model = model.module if is_model_wrapper(model) else model
        check_any_fits(model, state, source)
        if runner._resume:
            check_training_state(checkpoint, source)
            check_shapes(model, state, source)
            if isinstance(runner.optim_wrapper, OptimWrapper):
                groups = runner.optim_wrapper.optimizer.param_groups
                take_saved_groups(checkpoint, model, groups)
                check_parameter_groups(groups, checkpoint.get('optimizer'), source)
        else:
            warn_of_tables(model, state, source)


def without_functions(state: Any) -> Any:
    """Return states of schedulers without the functions that each makes for itself."""
    if isinstance(state, dict):
        return {key: without_functions(value) for key, value in state.items()
                if not callable(value)}
    return list(map(without_functions, state)) if isinstance(state, list) else state


def warn_of_tables(model: nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Warn of tables of positions that are not loaded because their length differs.

    mmengine loads the other weights and mentions these tables only in its long list of
    all differences.
    """
    tables = tables_of_other_length(model.state_dict(), state)
    if tables:
        told = ', '.join(f'{key} ({rows} rows for {own_rows})'
                         for key, (rows, own_rows) in tables.items())
        print_log(f'{source}: tables of positions of another length are not loaded and '
                  f'start untrained: {told}; {TABLE_LENGTH}', logger='current',
                  level=logging.WARNING)


def check_training_state(checkpoint: dict, source: str) -> None:
    """Refuse a checkpoint from which no training can be resumed.

    Raises:
        InputError: it has no state of a training, or one of other kinds of values.
    """
    meta, hub = checkpoint.get('meta'), checkpoint.get('message_hub')
    if not isinstance(meta, dict) or meta.get('iter') is None or hub is None:
        raise InputError(f'{source} holds weights but no state of a training, so none '
                         'can be resumed from it; load_from starts one with these '
                         'weights')
    optimizer = checkpoint.get('optimizer', {})
    schedulers = checkpoint.get('param_schedulers', [])
    sound = dict(
        epoch=type(meta.get('epoch')) is int and meta['epoch'] >= 0,
        iter=type(meta['iter']) is int and meta['iter'] >= 0,
        message_hub=isinstance(hub, dict) and all(
            isinstance(hub.get(key), dict) for key in HUB_KEYS),
        optimizer=isinstance(optimizer, dict) and all(
            isinstance(group, dict) and isinstance(group.get('params'), list)
            for group in optimizer.get('param_groups', ())),
        param_schedulers=isinstance(schedulers, dict) or isinstance(
            schedulers, list) and all(isinstance(part, dict) for part in schedulers))
    damaged = [name for name, is_sound in sound.items() if not is_sound]
    if damaged:
        raise InputError(f'{source}: the state of the training in it is damaged '
                         f'({", ".join(damaged)})')


def check_shapes(model: nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Refuse weights to be resumed from that are of a model of other sizes.

    Raises:
        InputError: a weight has another shape than that of its name in the model.
    """
    for key, value in model.state_dict().items():
        if key in state and state[key].shape != value.shape:
            raise InputError(
                f'{source} cannot be resumed from: {key} has the shape '
                f'{tuple(state[key].shape)}, and {tuple(value.shape)} in the model of '
                'this config')


def check_parameter_groups(groups: list[dict], saved: Optional[dict],
                           source: str) -> None:
    """Refuse the state of an optimizer that has other groups of parameters.

    Raises:
        InputError: the numbers of groups, or of parameters in a group, differ.
    """
    if not saved or 'param_groups' not in saved:
        return
    sizes, saved_sizes = ([len(group['params']) for group in part]
                          for part in (groups, saved['param_groups']))
    names, saved_names = ([group.get(NAMES) for group in part]
                          for part in (groups, saved['param_groups']))
    if sizes == saved_sizes and None not in saved_names and names != saved_names:
        raise InputError(
            f'{source} cannot be resumed from: its optimizer has other parameters than '
            'that of this config; load_from starts a training with its weights')
    if sizes != saved_sizes:
        raise InputError(
            f'{source} cannot be resumed from: its optimizer has {len(saved_sizes)} '
            f'groups of {sum(saved_sizes)} parameters, that of this config '
            f'{len(sizes)} of {sum(sizes)}, or other numbers in each; load_from starts '
            'a training with its weights')
