"""Where each line of a JSONL file begins and what it counts, saved beside it.

The array is int64 (lines + 1, 6). Its first row dates the file: version of this form,
size, modification time, number of lines, 0, 0. Each further row is one line: offset in
bytes, expressions, samples, refs, captions, image number (see
``image_identity.image_number``).
"""
import contextlib
from pathlib import Path
from typing import Optional, Union

import numpy as np

from segvg.utils.files import whole_file

INDEX_VERSION = 3
COLUMNS = 6
ROW_BYTES = 8 * COLUMNS
INDEX_FLOOR = 1 << 12  # bytes of the header of an array


def index_path(path: Union[str, Path]) -> Path:
    """Where the index of a JSONL file lies."""
    return Path(f'{path}.idx.npy')


def save_index(path: Path, rows: list[list[int]]) -> np.ndarray:
    """Save one row (offset, counts, image) per line under a row that dates the file.

    A folder that cannot be written to is not an error: the index is then made at
    every start.
    """
    stat = path.stat()
    head = [INDEX_VERSION, stat.st_size, stat.st_mtime_ns, len(rows), 0, 0]
    index = np.array([head, *rows], dtype=np.int64)
    with contextlib.suppress(OSError), whole_file(index_path(path)) as stream:
        np.save(stream, index)
    return index


def load_index(path: Path) -> Optional[np.ndarray]:
    """The saved index, or None when there is none or the file changed since."""
    stat, saved = path.stat(), index_path(path)
    try:
        if saved.stat().st_size > INDEX_FLOOR + ROW_BYTES * (stat.st_size + 2):
            return None  # a line has at least one byte
        index = np.load(saved, allow_pickle=False)
    except Exception:  # what cannot be read is made again
        return None
    if not isinstance(index, np.ndarray) or index.ndim != 2 or (
            index.dtype != np.int64) or index.shape[1] != COLUMNS or not len(index):
        return None
    head = [INDEX_VERSION, stat.st_size, stat.st_mtime_ns, len(index) - 1, 0, 0]
    return index if index[0].tolist() == head and _is_sound(index) else None


def _is_sound(index: np.ndarray) -> bool:
    """Whether the lines of an index lie one after the other, with possible counts."""
    if len(index) == 1:
        return True
    starts, counts = np.append(index[1:, 0], index[0, 1]), index[1:, 1:5]
    return bool(starts[0] == 0 and (np.diff(starts) > 0).all()
                and (counts >= 0).all() and (counts <= index[0, 1]).all())
