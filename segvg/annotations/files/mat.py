"""Read one matrix of a MATLAB file; a format of tags and sizes, each one checked.

Versions 4 and 5 (those of ``save -v4``, ``-v6`` and ``-v7``) are read here and not by
SciPy, whose parser is compiled and can be crashed by a damaged file.

Source: MATLAB, MAT-File Format (The MathWorks).
"""
import math
import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple, Optional

import numpy as np

from segvg.annotations.files.errors import (
    AnnotationFileError,
    PathLike,
    checked_file,
    guarded,
)

SIZE_LIMIT = 1 << 26  # bytes of the file
ELEMENT_LIMIT = 1 << 26
UNPACKED_LIMIT = ELEMENT_LIMIT + (1 << 16)  # bytes that compressed parts may become
HEADER_BYTES = 128
HEADER_V4 = 20
MATRIX, COMPRESSED = 14, 15
#: Types of the numbers of an element, by their code.
ELEMENT_TYPES = {1: 'i1', 2: 'u1', 3: 'i2', 4: 'u2', 5: 'i4', 6: 'u4', 7: 'f4', 9: 'f8',
                 12: 'i8', 13: 'u8'}
ELEMENT_TYPES_V4 = ('f8', 'f4', 'i4', 'i2', 'u2', 'u1')
NUMERIC_CLASSES = range(6, 16)
COMPLEX_FLAG = 0x800


class _Element(NamedTuple):
    """A part of a file: its code and its bytes."""

    code: int
    data: bytes


class _Matrix(NamedTuple):
    """A variable of a file; without numbers when it is not a matrix of real ones."""

    name: str
    shape: tuple[int, ...]
    numbers: Optional[np.ndarray]


def load_mat(path: PathLike, name: str, dtype: type = np.uint8) -> np.ndarray:
    """The matrix (rows, columns) called ``name``; no other variable is kept.

    Raises:
        FileNotFoundError: the file does not exist.
        AnnotationFileError: it cannot be read, or has no matrix of this name whose
            numbers are stored as ``dtype``.
    """
    path = checked_file(path, SIZE_LIMIT)
    found = guarded(path, lambda: _find(path.read_bytes(), name))
    if found is None:
        raise AnnotationFileError(path, f'has no variable {name}', code='missing_field')
    array = found.numbers
    if array is None or array.ndim != 2 or array.dtype != dtype:
        raise AnnotationFileError(path, f'{name} is not a matrix of {np.dtype(dtype)}',
                                  code='bad_type')
    return array


def _find(data: bytes, name: str) -> Optional[_Matrix]:
    if data.startswith(b'\x89HDF') or data[:HEADER_BYTES].startswith(b'MATLAB 7.3'):
        raise ValueError('a file of version 7.3; save it with -v7')
    matrices = _matrices_v4(data) if 0 in data[:4] else _matrices(data)
    for matrix in matrices:
        if matrix.name == name:
            return matrix
    return None


def _matrices(data: bytes) -> Iterator[_Matrix]:
    order = {b'IM': '<', b'MI': '>'}.get(data[126:HEADER_BYTES])
    if order is None:
        raise ValueError('not a MATLAB file')
    room = UNPACKED_LIMIT
    for element in _elements(data[HEADER_BYTES:], order):
        if element.code == COMPRESSED:
            unpacker = zlib.decompressobj()
            content = unpacker.decompress(element.data, room + 1)
            room -= len(content)
            if room < 0:
                raise ValueError(f'unpacks to more than {UNPACKED_LIMIT} bytes')
            element = next(_elements(content, order), element)
        if element.code == MATRIX:
            yield _parse_matrix(element.data, order)


def _elements(data: bytes, order: str) -> Iterator[_Element]:
    """The elements of a file or matrix; small ones hold their bytes in their tag."""
    position = 0
    while position + 8 <= len(data):
        code, size = struct.unpack_from(f'{order}II', data, position)
        start = position + 8
        if code >> 16:
            code, size, start = code & 0xffff, code >> 16, position + 4
            if size > 4:
                raise ValueError('a small element of more than four bytes')
        if start + size > len(data):
            raise ValueError('cut short')
        yield _Element(code, data[start:start + size])
        end = start + size
        position = end if code == COMPRESSED else -(-end // 8) * 8


def _parse_matrix(data: bytes, order: str) -> _Matrix:
    parts = _elements(data, order)
    flags, sizes, name = (next(parts, None) for _ in range(3))
    if flags is None or sizes is None or name is None or len(flags.data) < 4 or (
            len(sizes.data) % 4):
        raise ValueError('a matrix without size or name')
    kind, = struct.unpack_from(f'{order}I', flags.data)
    shape = struct.unpack(f'{order}{len(sizes.data) // 4}i', sizes.data)
    title = name.data.decode('latin1')
    if kind & 0xff not in NUMERIC_CLASSES or kind & COMPLEX_FLAG:
        return _Matrix(title, shape, None)
    _check_shape(title, shape)
    numbers = next(parts, None)
    if numbers is None or numbers.code not in ELEMENT_TYPES:
        raise ValueError(f'{title} has no numbers')
    dtype = np.dtype(order + ELEMENT_TYPES[numbers.code])
    return _Matrix(title, shape, _as_array(numbers.data, dtype, shape))


def _matrices_v4(data: bytes) -> Iterator[_Matrix]:
    position = 0
    while position + HEADER_V4 <= len(data):
        order = '<' if struct.unpack_from('<I', data, position)[0] < 5000 else '>'
        kind, rows, columns, is_complex, name_size = struct.unpack_from(
            f'{order}5i', data, position)
        precision = kind // 10 % 10
        if not 0 <= kind < 5000 or precision >= len(ELEMENT_TYPES_V4) or name_size < 1:
            raise ValueError('not a MATLAB file')
        start = position + HEADER_V4 + name_size
        title = data[start - name_size:start - 1].decode('latin1')
        dtype = np.dtype(order + ELEMENT_TYPES_V4[precision])
        _check_shape(title, (rows, columns))
        size = rows * columns * dtype.itemsize
        if start + size > len(data):
            raise ValueError('cut short')
        is_plain = not is_complex and kind % 10 == 0
        yield _Matrix(title, (rows, columns), _as_array(
            data[start:start + size], dtype, (rows, columns)) if is_plain else None)
        position = start + size * (2 if is_complex else 1)


def _check_shape(name: str, shape: tuple[int, ...]) -> None:
    if min(shape, default=-1) < 0 or math.prod(shape) > ELEMENT_LIMIT:
        raise ValueError(f'{name} of {shape[:8]}')


def _as_array(data: bytes, dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    """The numbers of a matrix, column after column."""
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise ValueError(f'{len(data)} bytes for a matrix of {shape[:8]}')
    return np.frombuffer(data, dtype).reshape(shape, order='F').astype(
        dtype.newbyteorder('='))
