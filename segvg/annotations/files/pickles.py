"""Read annotation files of unknown origin without running what is in them."""
import json
import pickle
import pickletools
import re
import sys
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn, Optional, Union

import numpy as np

PathLike = Union[str, Path]
SIZE_LIMIT = 1 << 30  # bytes
# Memory that reading may take: a refs file of 22 MB becomes 0.2 GB of Python objects.
MEMORY_FLOOR, MEMORY_FACTOR = 1 << 28, 24  # bytes, and bytes a byte of the file
GLOBAL_OPCODES = frozenset(
    ['GLOBAL', 'STACK_GLOBAL', 'INST', 'EXT1', 'EXT2', 'EXT4', 'PERSID', 'BINPERSID'])


class AnnotationFileError(ValueError):
    """An annotation file that cannot be read, or must not be.

    Args:
        path: the file.
        reason: what is wrong with it.
        code: problem code for the report.
        offset: where in the file, in bytes, when known.
    """

    def __init__(self, path: PathLike, reason: str, *, code: str = 'bad_container',
                 offset: Optional[int] = None) -> None:
        place = '' if offset is None else f', byte {offset}'
        super().__init__(f'{path}{place}: {reason}')
        self.path = Path(path)
        self.reason = reason
        self.code = code
        self.offset = offset


class UnsafeFileError(AnnotationFileError):
    """A file that asks for code to be run while it is read."""


def load_pickle(path: PathLike, size_limit: int = SIZE_LIMIT) -> object:
    """Read a pickle made of lists, dicts, strings, numbers, booleans and None only.

    Text of Python 2 (byte strings) is read as latin1, which never fails.
    """
    path = _checked(path, size_limit)
    # Ten bytes can make the unpickler's table of remembered objects 64 GB large.
    with open(path, 'rb') as stream, limited_memory(path):
        return _guarded(path, lambda: _PlainUnpickler(stream, path).load(),
                        lambda error: _pickle_offset(path))


def load_pth(path: PathLike, size_limit: int = SIZE_LIMIT) -> object:
    """Read a file of ``torch.save`` that holds plain containers and tensors.

    Both containers, the zip archive and the older one, are read. Strings that
    Python 2 wrote come as bytes.
    """
    import torch
    path = _checked(path, size_limit)
    if zipfile.is_zipfile(path):
        _guarded(path, lambda: _check_archive(path, size_limit), lambda error: None)

    def load() -> object:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore')  # about `encoding`, which does work
            return torch.load(path, map_location='cpu', weights_only=True,
                              encoding='bytes')
    return _guarded(path, load, lambda error: None)


def load_npy(path: PathLike, size_limit: int = SIZE_LIMIT) -> np.ndarray:
    """Read a plain array."""
    path = _checked(path, size_limit)
    try:
        array = np.load(path, allow_pickle=False)
    except Exception:  # numpy's own message advises to load it unsafely
        array = None
    if not isinstance(array, np.ndarray):
        raise UnsafeFileError(path, 'not one plain array of numbers',
                              code='unsafe_npy')
    return array


def load_json(path: PathLike, size_limit: int = SIZE_LIMIT) -> object:
    """Read a JSON file; a key that occurs twice in an object is an error.

    ``NaN`` and ``Infinity`` are let through as floats: the checks of the numbers say
    which record holds them.
    """
    path = _checked(path, size_limit)
    data = path.read_bytes()
    return _guarded(path, lambda: parse_json(data),
                    lambda error: _json_offset(data, error))


def parse_json(data: bytes) -> object:
    """Parse one JSON value; ValueError when it is none or repeats a key."""
    return json.loads(data.decode('utf-8-sig'), object_pairs_hook=unique_keys)


class _PlainUnpickler(pickle.Unpickler):
    """Refuses every name and every persistent id, before anything is called."""

    def __init__(self, stream, path: Path) -> None:
        super().__init__(stream, encoding='latin1')
        self._path = path

    def find_class(self, module: str, name: str) -> NoReturn:
        advice = 'only lists, dicts, strings, numbers, booleans and None are read'
        if module.startswith('numpy'):
            advice += '; save the file again as JSON, with plain numbers'
        raise UnsafeFileError(
            self._path, f'asks for {module}.{name}, which was not called; {advice}',
            code='unsafe_pickle', offset=_pickle_offset(self._path))

    def persistent_load(self, pid: object) -> NoReturn:
        raise UnsafeFileError(self._path, 'refers to objects outside the file',
                              code='unsafe_pickle', offset=_pickle_offset(self._path))


@contextmanager
def limited_memory(path: Path) -> Iterator[None]:
    """Let this process grow by what a file of this size can need, while it is read.

    More is a MemoryError, not the end of the machine. Linux only; elsewhere the limit
    on the file's size has to do.
    """
    if not sys.platform.startswith('linux'):
        yield
        return
    import resource
    pages = int(Path('/proc/self/statm').read_text().split()[0])
    allowed = (pages * resource.getpagesize() + MEMORY_FLOOR
               + MEMORY_FACTOR * path.stat().st_size)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    limits = [limit for limit in (allowed, soft, hard) if limit >= 0]
    resource.setrlimit(resource.RLIMIT_AS, (min(limits), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _checked(path: PathLike, size_limit: int) -> Path:
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'there is no file {path}')
    size = path.stat().st_size
    if size > size_limit:
        raise AnnotationFileError(path, f'{size} bytes, more than the limit of '
                                        f'{size_limit}')
    return path


def _guarded(path: Path, load: Callable[[], object],
             locate: Callable[[Exception], Optional[int]]) -> object:
    """Turn whatever a parser raises into the one error type."""
    try:
        return load()
    except AnnotationFileError:
        raise
    except pickle.UnpicklingError as error:
        wanted = re.search(r'GLOBAL:? ([\w.]+)', str(error))
        if wanted:
            raise UnsafeFileError(
                path, f'asks for {wanted[1]}, which was not called; only plain '
                'containers, numbers, strings and tensors are read',
                code='unsafe_pickle') from None
        raise AnnotationFileError(path, 'cut short or damaged',
                                  offset=locate(error)) from None
    except Exception as error:
        raise AnnotationFileError(
            path, f'cannot be read ({type(error).__name__}: {error})',
            offset=locate(error)) from None


def _pickle_offset(path: Path) -> int:
    """Byte of the first opcode that asks for a name, else of the last one that reads.

    Looks at the opcodes and runs none.
    """
    position = 0
    with open(path, 'rb') as stream:
        try:
            for opcode, _, offset in pickletools.genops(stream):
                position = offset
                if opcode.name in GLOBAL_OPCODES:
                    break
        except Exception:  # the damage itself: the place is what was wanted
            return position
    return position


def _json_offset(data: bytes, error: Exception) -> Optional[int]:
    if isinstance(error, UnicodeDecodeError):
        return error.start
    if isinstance(error, json.JSONDecodeError):
        return len(error.doc[:error.pos].encode('utf-8'))
    return None


def _check_archive(path: Path, size_limit: int) -> None:
    with zipfile.ZipFile(path) as archive:
        size = sum(info.file_size for info in archive.infolist())
    if size > size_limit:
        raise AnnotationFileError(path, f'unpacks to {size} bytes, more than the limit '
                                        f'of {size_limit}')


def unique_keys(pairs: list) -> dict:
    """The object of some keys and values; ValueError when a key is repeated."""
    record = dict(pairs)
    if len(record) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f'the key {twice!r} occurs twice in one object')
    return record
