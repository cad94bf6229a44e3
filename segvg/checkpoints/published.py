"""What stands in the place of a checkpoint: a file of ours, or a published model.

Foundation models come as folders or names on a hub; everything else is one file.
"""
from pathlib import Path
from typing import Any, Union

from torch import nn

from segvg.checkpoints.io import (
    check_checkpoint,
    load_checkpoint,
    load_strictly,
    state_dict_of,
)
from segvg.registry import MODELS


def takes_published(model: Any) -> bool:
    """Whether a grounder, or its config, is loaded from a folder or a name on a hub."""
    if isinstance(model, dict):
        name = model.get('type')
        kind = MODELS.get(name) if isinstance(name, str) else name
    else:
        kind = type(model)
    return getattr(kind, 'is_published', False)


def check_weights(model: dict, path: Union[str, Path]) -> None:
    """Refuse a checkpoint that does not exist or is not one, before anything is built.

    Args:
        model: config of the grounder. The files of a published model are looked for
            when it is loaded.
        path: of the checkpoint.

    Raises:
        FileNotFoundError: the file does not exist.
        InputError: it is not a checkpoint.
    """
    if takes_published(model):
        return
    if not Path(path).is_file():
        raise FileNotFoundError(f'checkpoint {path} does not exist')
    check_checkpoint(path)


def read_checkpoint(model: dict, path: Union[str, Path]) -> Any:
    """Return the content of a checkpoint of a grounder, {} for a published model.

    Errors are those of ``load_checkpoint``.
    """
    return {} if takes_published(model) else load_checkpoint(path)


def load_model(model: nn.Module, checkpoint: Any, path: Union[str, Path]) -> None:
    """Load the weights of a checkpoint, or a published model, into a grounder.

    Args:
        model: the grounder.
        checkpoint: of ``read_checkpoint``.
        path: of the file, or folder or name of the published model.

    Raises:
        FileNotFoundError: no published model has this name.
        InputError: the weights are of another model or cannot be read.
    """
    if takes_published(model):
        model.load_published(str(path))
    else:
        load_strictly(model, state_dict_of(checkpoint), str(path))
