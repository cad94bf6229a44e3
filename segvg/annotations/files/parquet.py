"""Parquet files of unknown origin: read in a process of its own, row by row.

The reader of the format is compiled, and what is compressed in a file of some kilobytes
can become gigabytes. The process that reads has a limit on its memory and its time, and
returns plain values only.
"""
import os
import struct
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import cache, partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

from segvg.annotations.files.errors import AnnotationFileError, checked_file, guarded
from segvg.utils.plain_pickle import Rebuild, load_plain

SIZE_LIMIT = 1 << 34  # bytes
FRAME_LIMIT = 1 << 28  # bytes of what the process says at a time
MEMORY_FLOOR, MEMORY_FACTOR, MEMORY_LIMIT = 1 << 29, 2, 1 << 32
UNPACKED_FLOOR, UNPACKED_FACTOR = 1 << 24, 100  # bytes that all rows may become
SECONDS_FLOOR, SECONDS_FACTOR = 8, 2 ** -20  # and seconds for each byte of the file
LENGTH = struct.Struct('<Q')
PROGRAM = Path(__file__).with_name('parquet_process.py')
#: What values of other types, such as dates, are turned into.
NAMES = {('builtins', 'str'): Rebuild(str)}


def column_names(path: Path) -> list[str]:
    """Names of the columns of a file."""
    with _started(path) as frames:
        return next(frames)


def iter_rows(path: Path, columns: Collection[str] = ()) -> Iterator[dict]:
    """The rows of a file, values as Python has them: lists, dicts, text, numbers.

    Args:
        path: the file.
        columns: those that are read, as far as the file has them; () means all.

    Raises:
        AnnotationFileError: it cannot be read, or has none of the columns.
    """
    with _started(path, *columns) as frames:
        names = next(frames)
        if columns and not names:
            raise AnnotationFileError(path, f'has none of the columns '
                                            f'{", ".join(columns)}')
        for rows in frames:
            yield from (dict(zip(names, row)) for row in rows)


@cache
def _needs_numpy() -> bool:
    """Whether PyArrow cannot do without NumPy, which takes half of its start.

    Where pandas is, PyArrow uses it for times in nanoseconds.
    """
    try:
        is_old = int(version('pyarrow').split('.')[0]) < 18
    except (PackageNotFoundError, ValueError):
        return True
    return is_old or find_spec('pandas') is not None


@contextmanager
def _started(path: Path, *columns: str) -> Iterator[Iterator[Any]]:
    """The frames of the process that reads a file: its columns, then lists of rows."""
    if find_spec('pyarrow') is None:
        raise ImportError(f'{path} is a parquet file, which PyArrow reads: '
                          "pip install 'segvg[data]' or pip install pyarrow")
    path = checked_file(path, SIZE_LIMIT)
    size = path.stat().st_size
    numbers = (int(_needs_numpy()),
               min(MEMORY_FLOOR + MEMORY_FACTOR * size, MEMORY_LIMIT),
               UNPACKED_FLOOR + UNPACKED_FACTOR * size,
               int(SECONDS_FLOOR + SECONDS_FACTOR * size))
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), str(path), *map(str, numbers), *columns],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(filter(None, sys.path)),
             'ARROW_DEFAULT_MEMORY_POOL': 'system', 'OMP_NUM_THREADS': '1'})
    assert process.stdout is not None
    try:
        yield _frames(path, process.stdout)
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def _parse_frame(data: bytes) -> tuple[str, Any]:
    return load_plain(data, names=NAMES)[0]


def _frames(path: Path, stream: IO[bytes]) -> Iterator[Any]:
    while True:
        head = stream.read(LENGTH.size)
        if len(head) < LENGTH.size:
            raise AnnotationFileError(
                path, 'cannot be read (the process that reads it was ended: damaged, '
                'or far larger in memory or time than a file of its size)')
        size, = LENGTH.unpack(head)
        if size > FRAME_LIMIT:
            raise AnnotationFileError(path, f'rows of more than {FRAME_LIMIT} bytes')
        data = stream.read(size)
        kind, content = guarded(path, partial(_parse_frame, data))
        if kind == 'error':
            raise AnnotationFileError(path, f'cannot be read ({content})')
        if kind == 'end':
            return
        yield content
