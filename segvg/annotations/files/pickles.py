"""Read pickled annotations of unknown origin without running what is in them."""
import re
from pathlib import Path

import numpy as np

from segvg.annotations.files.errors import PathLike, checked_file, guarded
from segvg.utils.plain_pickle import Draft, Rebuild, load_plain
from segvg.utils.plain_values import PickleRefusedError

SIZE_LIMIT = 1 << 30  # bytes


def _numpy_type(kind: object, *rest: object) -> Draft:
    """The type of a NumPy number; how its bytes are ordered comes with its state."""
    if not isinstance(kind, str) or not re.fullmatch('[iuf][248]|[iub]1', kind):
        raise PickleRefusedError(f'a number of NumPy of the unknown type {kind!r:.40}')

    def finish(state: object) -> np.dtype:
        order = state[1] if isinstance(state, tuple) and len(state) > 1 else '='
        if order not in ('<', '>', '|', '='):
            raise PickleRefusedError('a number of NumPy of an unknown byte order')
        return np.dtype(kind).newbyteorder(order)
    return Draft(finish)


def _numpy_number(kind: object, data: object) -> object:
    """A NumPy number as a plain one."""
    data = data.encode('latin1') if isinstance(data, str) else data
    if not isinstance(kind, np.dtype) or not isinstance(data, bytes) or (
            len(data) != kind.itemsize):
        raise PickleRefusedError('a damaged number of NumPy')
    return np.frombuffer(data, kind)[0].item()


def _encoded(text: object, encoding: object = 'latin1') -> bytes:
    """Bytes, as Python 3 writes them for Python 2."""
    if not isinstance(text, str) or encoding != 'latin1':
        raise PickleRefusedError('bytes of an unknown encoding')
    return text.encode('latin1')


NUMPY_NAMES = {('numpy', 'dtype'): Rebuild(_numpy_type),
               ('_codecs', 'encode'): Rebuild(_encoded)}
for _module in ('numpy.core.multiarray', 'numpy._core.multiarray'):
    NUMPY_NAMES[_module, 'scalar'] = Rebuild(_numpy_number)


def load_pickle(path: PathLike, size_limit: int = SIZE_LIMIT) -> object:
    """Read a pickle made of lists, dicts, strings, numbers, booleans and None only.

    Numbers of NumPy become plain ones.

    Text of Python 2 (byte strings) is read as latin1, which never fails. Integers of
    more than 127 bits become infinite, for the checks of the numbers.

    Raises:
        FileNotFoundError: there is no such file.
        AnnotationFileError: it is damaged, becomes far larger than it is, or asks for
            a name (``UnsafeFileError``).
    """
    path = checked_file(path, size_limit)

    def load() -> object:
        return load_plain(path.read_bytes(), names=NUMPY_NAMES)[0]
    return guarded(path, load)


def has_byte_strings(path: PathLike) -> bool:
    """Whether a pickle may hold the byte strings of Python 2, by its protocol."""
    with open(path, 'rb') as stream:
        start = stream.read(2)
    return not (len(start) == 2 and start[0] == 0x80 and start[1] >= 3)


def load_pth(path: PathLike, size_limit: int = SIZE_LIMIT) -> object:
    """Read a file of ``torch.save`` that holds plain containers and tensors.

    Both containers, the zip archive and the older one, are read. Strings that
    Python 2 wrote come as bytes. Errors are those of ``load_pickle``.
    """
    from segvg.utils.torch_files import load_torch_file
    path = checked_file(path, size_limit)

    def load() -> object:
        return load_torch_file(Path(path), encoding='bytes')
    return guarded(path, load)
