"""What a checkpoint may hold beside tensors and plain containers, and what it becomes.

Nothing here calls what a file names: each name stands for a function of this file that
checks its arguments and returns plain data. Arrays and scalars of NumPy are made from
their bytes, for numbers only; of mmengine's ``HistoryBuffer`` the two histories and the
names of its four statistics are read.
"""
import math
import re
from argparse import Namespace
from typing import Any, NoReturn

import numpy as np
from mmengine.logging import HistoryBuffer

from segvg.utils.plain_pickle import Draft, Rebuild
from segvg.utils.plain_values import PickleRefusedError

NUMBER_TYPE = re.compile(r'[<>|=]?([biu][1248]|f[248]|c(8|16)|\?)')
STATISTICS = ('min', 'max', 'current', 'mean')


class _NumberType:
    """A type of numbers of NumPy while a checkpoint is read."""

    def __init__(self, code: str) -> None:
        self.dtype = np.dtype(code)


def _refuse(reason: str) -> NoReturn:
    raise PickleRefusedError(reason)


def _as_bytes(data: object) -> bytes:
    """Bytes, also where Python 2 wrote them as text."""
    if isinstance(data, str):
        return data.encode('latin1')
    return data if isinstance(data, bytes) else _refuse('numbers that are not bytes')


def _number_type(code: object, *options: object) -> Draft:
    """A type by its code; its state is the byte order and nothing else."""
    code = code.decode('latin1') if isinstance(code, bytes) else code
    if not isinstance(code, str) or not NUMBER_TYPE.fullmatch(code):
        raise PickleRefusedError(f'an array of {str(code)[:40]!r}, not of numbers',
                                 name=f'numpy.dtype({str(code)[:40]!r})')

    def finish(state: object) -> _NumberType:
        if not isinstance(state, tuple) or len(state) < 5 or any(
                part is not None for part in state[2:5]):
            _refuse('an array that is not of plain numbers')
        order = state[1].decode() if isinstance(state[1], bytes) else state[1]
        if order not in ('<', '>', '|', '='):
            _refuse('numbers of an unknown byte order')
        return _NumberType(order + code.lstrip('<>|='))

    return Draft(finish)


def _array(kind: object, *options: object) -> Draft:
    if kind != 'numpy.ndarray':
        _refuse('an array of an unknown class')

    def finish(state: object) -> np.ndarray:
        if (not isinstance(state, tuple) or len(state) != 5
                or not isinstance(state[1], tuple)
                or not isinstance(state[2], _NumberType)):
            _refuse('an array without numbers')
        shape, dtype, data = state[1], state[2].dtype, _as_bytes(state[4])
        if len(shape) > 32 or any(type(size) is not int or size < 0 for size in shape):
            _refuse('an array of an impossible shape')
        if math.prod(shape) * dtype.itemsize != len(data):
            _refuse(f'an array of shape {shape[:8]} in {len(data)} bytes')
        return np.frombuffer(bytearray(data), dtype).reshape(
            shape, order='F' if state[3] else 'C')

    return Draft(finish)


def _array_scalar(kind: object, data: object = b'') -> object:
    """A scalar of NumPy as a plain number of Python."""
    data = _as_bytes(data)
    if not isinstance(kind, _NumberType) or kind.dtype.itemsize != len(data):
        _refuse('a number of an unknown type')
    return np.frombuffer(data, kind.dtype)[0].item()


def _array_from_buffer(data: object, kind: object, shape: object,
                       order: object) -> np.ndarray:
    """An array as protocol 5 of pickle stores it."""
    return _array('numpy.ndarray').finish((1, shape, kind, order == 'F', data))


def _namespace(*arguments: object) -> Draft:
    """Arguments of a command line, as published checkpoints keep them."""
    if arguments:
        _refuse('arguments that are not plain')

    def finish(state: object) -> Namespace:
        if not isinstance(state, dict) or not all(
                isinstance(key, str) and not key.startswith('__') for key in state):
            _refuse('arguments that are not plain')
        found = Namespace()
        vars(found).update(state)
        return found

    return Draft(finish)


def _history(*arguments: object) -> Draft:
    if arguments:
        _refuse('a history that is not plain')

    def finish(state: object) -> HistoryBuffer:
        if not isinstance(state, dict):
            _refuse('a history without numbers')
        return history_buffer(state.get('_log_history'), state.get('_count_history'),
                              state.get('max_length'))

    return Draft(finish)


def history_buffer(log: Any, count: Any, max_length: Any) -> HistoryBuffer:
    """mmengine's record of a value, (N,) numbers and (N,) counts.

    Raises:
        PickleRefusedError: they are not two lists of numbers of one length.
    """
    log, count = np.asarray(log), np.asarray(count)
    if (log.ndim != 1 or log.shape != count.shape or log.dtype.kind not in 'biuf'
            or count.dtype.kind not in 'biuf' or type(max_length) is not int):
        raise PickleRefusedError('a history that is not of numbers and their counts')
    buffer = HistoryBuffer(max_length=max_length)
    buffer._log_history, buffer._count_history = log, count
    return buffer


def _statistic(owner: object, name: object) -> str:
    """One of the four statistics of a history, by name; no other attribute."""
    if owner != HISTORY or name not in STATISTICS:
        raise PickleRefusedError(
            f'asks for the attribute {str(name)[:40]!r}, which was not looked up',
            name=f'getattr(..., {str(name)[:40]!r})')
    return str(name)


def _plain_dict(*arguments: object) -> dict:
    """A dict with a default or of counts; what would fill it in is left out."""
    given = arguments[-1] if arguments else None
    return dict(given) if isinstance(given, dict) else {}


def _values(items: object = ()) -> list:
    """The members of a set, as a list."""
    if not isinstance(items, (list, tuple)):
        _refuse('a set that is not made of values')
    return list(items)


def _path(*parts: object) -> str:
    return '/'.join(map(str, parts)).replace('//', '/')


def _slice(*bounds: object) -> tuple:
    return bounds


HISTORY = Rebuild(_history)
ADMITTED: dict[tuple[str, str], Any] = {
    ('argparse', 'Namespace'): Rebuild(_namespace),
    ('mmengine.logging.history_buffer', 'HistoryBuffer'): HISTORY,
    ('numpy', 'ndarray'): 'numpy.ndarray', ('numpy', 'dtype'): Rebuild(_number_type),
    ('collections', 'defaultdict'): Rebuild(_plain_dict),
    ('collections', 'Counter'): Rebuild(_plain_dict),
    ('pathlib', 'PosixPath'): Rebuild(_path),
    ('pathlib', 'WindowsPath'): Rebuild(_path)}
for _module in ('builtins', '__builtin__'):
    ADMITTED.update({
        (_module, 'getattr'): Rebuild(_statistic), (_module, 'set'): Rebuild(_values),
        (_module, 'frozenset'): Rebuild(_values), (_module, 'slice'): Rebuild(_slice)})
    # what a defaultdict would call
    ADMITTED.update({(_module, name): name for name in (
        'dict', 'float', 'int', 'list', 'object')})
for _module in ('numpy.core', 'numpy._core'):
    ADMITTED.update({
        (f'{_module}.multiarray', '_reconstruct'): Rebuild(_array),
        (f'{_module}.multiarray', 'scalar'): Rebuild(_array_scalar),
        (f'{_module}.numeric', '_frombuffer'): Rebuild(_array_from_buffer)})
