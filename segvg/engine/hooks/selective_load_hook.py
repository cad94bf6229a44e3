"""Begin a training with parts of another one."""
from typing import Iterable, Sequence

import torch
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from segvg.checkpoints.io import load_checkpoint, state_dict_of
from segvg.registry import HOOKS


def names_below(names: Iterable[str], parts: Sequence[str]) -> list[str]:
    """Return the names of tensors that lie in one of the parts; '' is everything."""
    return [name for name in names
            if any(not part or name == part or name.startswith(f'{part}.')
                   for part in parts)]


def check_parts(names: Iterable[str], parts: Sequence[str]) -> None:
    """Refuse parts that a model with tensors of these names does not have.

    Raises:
        ValueError: a part is not in the model.
    """
    names = list(names)
    for part in parts:
        if not names_below(names, [part]):
            raise ValueError(f'the model has no part {part!r} to keep; its parts are '
                             f'{sorted({name.split(".")[0] for name in names})}')


@torch.no_grad()
def load_parts(model: nn.Module, state: dict[str, Tensor], parts: Sequence[str],
               source: str) -> list[str]:
    """Copy the tensors of some parts into a model and leave the others alone.

    Args:
        model: what to change.
        state: weights with the names of the model.
        parts: names of modules or tensors.
        source: how messages call the weights.

    Returns:
        The names of the tensors that were copied.

    Raises:
        ValueError: a part is not in the model, or the weights lack one of its tensors
            or have it in another shape.
    """
    own = model.state_dict()
    check_parts(own, parts)
    kept = names_below(own, parts)
    wrong = [name for name in kept
             if name not in state or state[name].shape != own[name].shape]
    if wrong:
        raise ValueError(f'{len(wrong)} tensors of {", ".join(map(repr, parts))} are '
                         f'not in {source} or have another shape, the first is '
                         f'{wrong[0]}')
    for name in kept:
        own[name].copy_(state[name])
    return kept


@HOOKS.register_module()
class SelectiveLoadHook(Hook):
    """Take some parts of the weights of an earlier training, before the first step.

    Everything else stays as the config begins it: public weights where it names some,
    random ones elsewhere. The parts are not frozen. Where the earlier training kept an
    average of its weights, the checkpoint's ``state_dict`` is that average, so the
    average is what is carried over. A training that is resumed has its own weights and
    is left alone.

    Args:
        checkpoint: of the earlier training.
        parts: names of modules of the model, e.g. ``fusion.layers``.

    Source: Qu et al., "SiRi", ECCV 2022, selective retraining.
    """
    priority = 'HIGH'  # before a hook that copies the model into an average

    def __init__(self, checkpoint: str, parts: Sequence[str]) -> None:
        if isinstance(parts, str):
            raise TypeError(f'parts is a list of names, not {parts!r}')
        self.checkpoint = checkpoint
        self.parts = tuple(parts)

    def before_train(self, runner: Runner) -> None:
        """Load the parts, unless training is resumed."""
        if runner.iter > 0:
            return
        model = runner.model.module if is_model_wrapper(
            runner.model) else runner.model
        state = state_dict_of(load_checkpoint(self.checkpoint))
        kept = load_parts(model, state, self.parts, self.checkpoint)
        print_log(f'{len(kept)} tensors ({", ".join(self.parts)}) kept from '
                  f'{self.checkpoint}', logger='current')
