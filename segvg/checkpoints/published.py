"""Load weights into a grounder: a checkpoint file, or a published foundation model.

A foundation model is a folder or a name on a hub; all other weights are one file.
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
    """Return whether a grounder, or its config, is loaded as a folder or from a hub."""
    if isinstance(model, dict):
        name = model.get('type')
        kind = MODELS.get(name) if isinstance(name, str) else name
    else:
        kind = type(model)
    return getattr(kind, 'is_published', False)


def check_weights(model: dict, path: Union[str, Path]) -> None:
    """Refuse a file that is missing or not a checkpoint, before the model is built.

    Args:
        model: config of the grounder. A published model is not checked here: loading
            it does that.
        path: of the checkpoint.

    Raises:
        FileNotFoundError: the file does not exist.
        InputError: the file is not a checkpoint.
    """
    if not takes_published(model):
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
        checkpoint: returned by ``read_checkpoint``.
        path: checkpoint file, or folder or name of the published model.

    Raises:
        FileNotFoundError: no published model has this name.
        InputError: the weights belong to another model or cannot be read.
    """
    if takes_published(model):
        model.load_published(str(path))
    else:
        load_strictly(model, state_dict_of(checkpoint), str(path))
