"""Read checkpoints without running code of them, and write such that others can too.

All weights are read by ``load_checkpoint``; ``use_safe_loader`` makes mmengine use it
too.
"""
import logging
import re
from collections import OrderedDict
from pathlib import Path
from typing import Any, Optional, Union

import numpy as np
import torch
from mmengine.logging import HistoryBuffer, print_log
from torch import Tensor, nn

from segvg.checkpoints.admitted import ADMITTED, history_buffer
from segvg.utils.errors import InputError
from segvg.utils.files import whole_file, write_whole
from segvg.utils.plain_values import PickleRefusedError
from segvg.utils.torch_files import load_torch_file

SAFETENSORS = '.safetensors'
META = 'meta'  # torch's device for tensors that have a shape but no values
#: Keys of the plain form of a ``HistoryBuffer``.
HISTORY_KEYS = frozenset(['log_history', 'count_history', 'max_length'])
TABLE_LENGTH = ('max_tokens and the canvas in the config set the length of a table of '
                'positions')
PLAIN = (Tensor, str, bytes, bool, int, float, complex, torch.Size, torch.dtype)


def load_checkpoint(path: Union[str, Path], map_location: Any = 'cpu') -> Any:
    """Read a checkpoint; nothing that is in it is called or imported.

    Tensors, plain containers, numbers and text are read, and of other classes those in
    ``segvg.checkpoints.admitted``, as plain data. Safetensors are returned as
    ``dict(state_dict=..., meta=...)``, where meta maps text to text.

    Args:
        path: the file.
        map_location: device of the tensors; None, a function or a dict mean the CPU.

    Raises:
        FileNotFoundError: the file does not exist.
        InputError: it is not a checkpoint, is damaged, or needs a class that is not
            admitted.
    """
    path = _existing_file(path)
    device = map_location if isinstance(map_location, (str, torch.device)) else 'cpu'
    told = f'{path} cannot be read as a checkpoint'
    try:
        if path.suffix == SAFETENSORS:
            return _load_safetensors(path, str(device))
        content = load_torch_file(path, names=ADMITTED, device=device)
        return content if device == META else _restore(content)
    except PickleRefusedError as error:
        if error.name is not None:
            raise InputError(
                f'{told}: it asks for {error.name}, which is not admitted and was not '
                'called; only weights, plain containers, numbers and text are read'
            ) from None
        raise InputError(f'{told}: {error.reason}') from None
    except MemoryError:
        raise InputError(f'{told}: there is not enough memory for it') from None
    except Exception as error:  # of a parser, on bytes of any kind
        reason = (str(error).splitlines() or [''])[0][:200]
        raise InputError(f'{told}: {type(error).__name__}: {reason}') from None


def _load_safetensors(path: Path, device: str) -> dict[str, Any]:
    from safetensors import safe_open
    with safe_open(str(path), 'pt', device=device) as stream:
        meta = stream.metadata() or {}
        state = {name: stream.get_tensor(name) for name in stream.keys()}
    return dict(state_dict=state, meta=meta)


def check_checkpoint(path: Union[str, Path]) -> None:
    """Refuse a checkpoint that ``load_checkpoint`` refuses, without reading its values.

    This is quick for a file of any size, so a tool can call it before it builds a
    model. The content of safetensors is not checked.

    Raises:
        FileNotFoundError: the file does not exist.
        InputError: it is not a checkpoint, or needs a class that is not admitted.
    """
    path = _existing_file(path)
    if path.suffix != SAFETENSORS:
        load_checkpoint(path, META)


def _existing_file(path: Union[str, Path]) -> Path:
    """Return the path of a checkpoint, with ``~`` replaced by the home folder.

    Raises:
        FileNotFoundError: the file does not exist.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'checkpoint {path} does not exist')
    return path


def _restore(content: Any) -> Any:
    """Put back what ``as_plain`` stores in a plain form, and drop what would be run."""
    if not isinstance(content, dict):
        return content
    meta, hub = content.get('meta'), content.get('message_hub')
    if 'meta' in content and not isinstance(meta, (dict, Tensor)):
        content['meta'] = {}
    if isinstance(meta, dict):
        meta.pop('config', None)  # mmengine would run it as a program when it resumes
    scalars = hub.get('log_scalars') if isinstance(hub, dict) else None
    for name, value in scalars.items() if isinstance(scalars, dict) else ():
        if isinstance(value, dict) and set(value) == HISTORY_KEYS:
            log, count = (part.cpu().numpy() if isinstance(part, Tensor) else part
                          for part in (value['log_history'], value['count_history']))
            scalars[name] = history_buffer(log, count, value['max_length'])
    return content


def as_plain(value: Any, where: str = 'checkpoint') -> Any:
    """What a checkpoint holds as tensors, plain containers, numbers and text.

    A value of any other class is left out, with a warning: a loader that trusts
    nothing would refuse the whole file for it.

    Args:
        value: what is to be saved.
        where: its name in the warning.
    """
    if isinstance(value, dict):
        plain: dict = OrderedDict() if isinstance(value, OrderedDict) else {}
        plain.update((key, as_plain(part, f'{where}[{key!r}]'))
                     for key, part in value.items())
        if isinstance(plain, OrderedDict) and hasattr(value, '_metadata'):
            plain.__dict__['_metadata'] = value._metadata
        return plain
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        parts = [as_plain(part, f'{where}[{i}]') for i, part in enumerate(value)]
        return parts if isinstance(value, list) else tuple(parts)
    if isinstance(value, HistoryBuffer):
        log, count = map(torch.as_tensor, value.data)
        return dict(log_history=log, count_history=count, max_length=value.max_length)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) and value.dtype.kind in 'biufc':
        return torch.as_tensor(value)
    if isinstance(value, Path):
        return str(value)
    if value is None or isinstance(value, PLAIN):
        return value
    print_log(f'{where} is left out of the checkpoint: a {type(value).__name__} is '
              'neither a tensor, a plain container, a number nor text',
              logger='current', level=logging.WARNING)
    return None


def save_weights(path: Union[str, Path], state: dict[str, Tensor],
                 meta: Optional[dict[str, str]] = None) -> None:
    """Write weights; ``.safetensors`` in that form, any other name by ``torch.save``.

    Args:
        path: the file, in a folder that is made when it is missing.
        state: the weights.
        meta: facts about the weights; ``cfg`` is the text of their config.
    """
    if Path(path).suffix == SAFETENSORS:
        from safetensors.torch import save
        write_whole(path, save(
            {key: value.detach().clone().contiguous() for key, value in state.items()},
            metadata={'format': 'pt', **(meta or {})}))
        return
    with whole_file(path) as stream:
        torch.save(dict(state_dict=state, meta=meta or {}), stream)


def state_dict_of(checkpoint: Any) -> dict[str, Tensor]:
    """Return the weights of a checkpoint in any of the usual containers.

    Where MDETR and SiRi put an average beside the weights, the average counts: it is
    what their authors score. Without one the entry is None. The prefix ``module.`` or
    ``model.`` that a wrapper gives to every name is removed.
    """
    for key in ('state_dict', 'model_ema', 'model', 'model_state_dict'):
        if isinstance(checkpoint, dict) and isinstance(checkpoint.get(key), dict):
            checkpoint = checkpoint[key]
            break
    if not isinstance(checkpoint, dict) or not checkpoint or not all(
            isinstance(key, str) and isinstance(value, Tensor)
            for key, value in checkpoint.items()):
        raise InputError('a checkpoint is a dict of tensors, or has one under '
                         "'state_dict' or 'model'; this file has neither")
    state = {re.sub(r'^module\.', '', key): value for key, value in checkpoint.items()}
    if all(key.startswith('model.') for key in state):
        state = {key.removeprefix('model.'): value for key, value in state.items()}
    return state


def load_strictly(module: nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Load weights into a module; all must fit, and none of the module may be missing.

    Counters of batch normalization may be missing: frozen statistics have none.

    Raises:
        InputError: keys are missing, unknown or of another shape.
    """
    own = module.state_dict()
    missing = [key for key in own if key not in state
               and not key.endswith('num_batches_tracked')]
    unknown = [key for key in state if key not in own]
    wrong = [f'{key} {tuple(state[key].shape)} for {tuple(own[key].shape)}'
             for key in state if key in own and state[key].shape != own[key].shape]
    problems = [(missing, 'missing'), (unknown, 'unknown'), (wrong, 'of another shape')]
    told = '; '.join(f'{len(keys)} {word} ({", ".join(keys[:3])}'
                     f'{", ..." if len(keys) > 3 else ""})'
                     for keys, word in problems if keys)
    if told:
        hint = (f'; {TABLE_LENGTH}: set the values used in training'
                if tables_of_other_length(own, state) else '')
        raise InputError(f'{source} does not hold the weights of this '
                         f'{type(module).__name__}: {told}{hint}')
    module.load_state_dict(state, strict=False)


def tables_of_other_length(own: dict[str, Tensor],
                           state: dict[str, Tensor]) -> dict[str, tuple[int, int]]:
    """Return the tables of positions that differ in their number of rows only.

    Args:
        own: weights of a model.
        state: weights to load into it.

    Returns:
        Name -> (rows in ``state``, rows in ``own``).
    """
    return {key: (len(value), len(own[key])) for key, value in state.items()
            if key in own and 'position' in key
            and value.shape[1:] == own[key].shape[1:] and value.shape != own[key].shape}


def check_any_fits(module: nn.Module, state: dict[str, Tensor], source: str) -> None:
    """Refuse weights if none of them has the name and shape of one of the module.

    Raises:
        InputError: nothing fits.
    """
    own = {key: value.shape for key, value in module.state_dict().items()}
    if not any(own.get(key) == value.shape for key, value in state.items()):
        raise InputError(
            f'{source} does not hold the weights of this {type(module).__name__}: none '
            f'of its {len(state)} tensors ({", ".join(list(state)[:3])}, ...) has the '
            f'name and shape of one of the {len(own)} of the model '
            f'({", ".join(list(own)[:3])}, ...)')
