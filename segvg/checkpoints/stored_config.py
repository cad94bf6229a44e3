"""Read the config in a checkpoint, or in the file beside it, as data.

A config file is a program. What a checkpoint brings comes from whoever made it, so of
its config only plain values are read, only what answering needs, and only parts that
are registered: a name of any other thing would be imported and called.
"""
import ast
from pathlib import Path
from typing import Any, Optional, Union

from mmengine.config import Config
from mmengine.registry import Registry

from segvg import registry
from segvg.checkpoints.io import SAFETENSORS
from segvg.utils.configs import find_dicts
from segvg.utils.errors import InputError

#: What an answer needs: model, test pipeline, rule of the metric.
KEPT = ('model', 'test_dataloader', 'test_evaluator')
#: Values of ``type`` that are not built by their name: those of ``norm_cfg``.
OTHER_TYPES = ('BN', 'SyncBN')
MAX_TEXT = 2**20  # characters; the longest config of the package has 30,000
REMEDY = 'Name its config file (--config)'
#: mmengine's variable for the folder of a config file; here, of the checkpoint.
#: It has no spaces, because long lines of a config are broken at spaces.
HERE = '{{fileDirname}}'


def stored_config(checkpoint: Any, path: Union[str, Path]) -> Config:
    """Return what an answer needs of the config in a checkpoint.

    If ``NAME.safetensors`` holds no config, ``NAME.py`` beside it is read.

    Args:
        checkpoint: what ``load_checkpoint`` gave.
        path: its file, for messages.

    Raises:
        InputError: it holds no config, or one that is more than plain values and
            registered parts.
    """
    meta = checkpoint.get('meta') if isinstance(checkpoint, dict) else None
    text = meta.get('cfg') if isinstance(meta, dict) else None
    if text is None and Path(path).suffix == SAFETENSORS:
        text = _read_beside(Path(path).with_suffix('.py'))
    if not isinstance(text, str):
        raise InputError(f'checkpoint {path} holds no config. {REMEDY}')
    values = read_values(text, path)
    missing = [key for key in KEPT[:2] if not isinstance(values.get(key), dict)]
    if missing:
        raise InputError(f'the config in checkpoint {path} has no '
                         f'{" and no ".join(missing)}. {REMEDY}')
    kept = with_folder({key: values[key] for key in KEPT if key in values},
                       Path(path).parent)
    check_parts(kept, path)
    return Config(dict(kept, default_scope='segvg'), cfg_text=text, filename=str(path))


def _read_beside(path: Path) -> Optional[str]:
    """Return the text of a config file, None if it is missing or cannot be read."""
    try:
        with open(path, encoding='utf-8') as stream:
            return stream.read(MAX_TEXT + 1)
    except (OSError, ValueError):
        return None


def with_folder(values: Any, folder: Path) -> Any:
    """Return the values of a config with ``HERE`` replaced by a folder."""
    if isinstance(values, str):
        return values.replace(HERE, str(folder))
    if isinstance(values, dict):
        return {key: with_folder(value, folder) for key, value in values.items()}
    if isinstance(values, (list, tuple)):
        return type(values)(with_folder(value, folder) for value in values)
    return values


def read_values(text: str, path: Union[str, Path]) -> dict[str, Any]:
    """Return the values of a config that is nothing but ``name = value`` lines.

    Raises:
        InputError: it is longer, or has anything else in it.
    """
    told = f'the config in checkpoint {path} is not read:'
    if len(text) > MAX_TEXT:
        raise InputError(f'{told} it has {len(text)} characters. {REMEDY}')
    try:
        return {statement.targets[0].id: ast.literal_eval(statement.value)
                for statement in ast.parse(text).body}
    except (SyntaxError, ValueError, TypeError, AttributeError, MemoryError,
            RecursionError):
        raise InputError(f'{told} it is not a list of plain values, `name = value`. '
                         f'{REMEDY}') from None


def check_parts(values: dict, path: Union[str, Path]) -> None:
    """Refuse a config that names anything but registered parts.

    Raises:
        InputError: a ``type`` is not registered in segvg or what it builds on.
    """
    for part in find_dicts(values, '_scope_'):
        raise InputError(f'the config in checkpoint {path} is not read: it changes the '
                         f'scope to {part["_scope_"]!r}. {REMEDY}')
    for part in find_dicts(values, 'type'):
        if part['type'] not in OTHER_TYPES and not is_registered(part['type']):
            raise InputError(
                f'the config in checkpoint {path} is not read: {part["type"]!r} is not '
                f'a registered part. {REMEDY}')


def is_registered(name: Any) -> bool:
    """Return whether a name is that of a registered part; nothing is imported by it."""
    if not isinstance(name, str):
        return False
    name = name.removeprefix('segvg.')
    for own in vars(registry).values():
        if isinstance(own, Registry):
            own.import_from_location()
            if name in own.module_dict or name in own.parent.module_dict:
                return True
    return False
