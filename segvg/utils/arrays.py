"""Archives of arrays (``.npz``) of unknown origin: no objects, sizes compared first."""
import math
import zipfile
from pathlib import Path
from typing import IO, Union

import numpy as np
from numpy.lib import format as npy

#: Bytes that the arrays may have together: what is compressed can be a thousand times
#: larger, which results of all zeros are.
UNPACKED_FLOOR, UNPACKED_FACTOR = 1 << 28, 64
HEADER_LIMIT = 1 << 16


def read_arrays(path: Union[str, Path]) -> dict[str, np.ndarray]:
    """Return the arrays of an archive by name.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: it is not an archive of plain arrays, or becomes far larger than a
            file of its size.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'file {path} does not exist')
    limit = UNPACKED_FLOOR + UNPACKED_FACTOR * path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            size = sum(entry.file_size for entry in entries)
            if size > limit:
                raise ValueError(f'it unpacks to {size} bytes, more than {limit}')
            found = {}
            for entry in entries:
                with archive.open(entry) as stream:
                    found[entry.filename.removesuffix('.npy')] = _read_array(
                        stream, entry.file_size)
            return found
    except Exception as error:  # of a parser, on bytes of any kind
        reason = (str(error).splitlines() or [''])[0][:200]
        raise ValueError(f'{path} is not an archive of plain arrays: '
                         f'{type(error).__name__}: {reason}') from None


def _read_array(stream: IO[bytes], size: int) -> np.ndarray:
    """One array; its header must promise the bytes that there are."""
    version = npy.read_magic(stream)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
    if version not in read:
        raise ValueError(f'version {version} of arrays')
    shape, is_fortran, dtype = read[version](stream, max_header_size=HEADER_LIMIT)
    count = math.prod(shape)
    if dtype.hasobject or count * dtype.itemsize > size or min(shape, default=0) < 0:
        raise ValueError(f'an array of shape {shape[:8]} and type {dtype} in {size} '
                         'bytes')
    data = stream.read(count * dtype.itemsize)
    return np.frombuffer(bytearray(data), dtype, count).reshape(
        shape, order='F' if is_fortran else 'C')
