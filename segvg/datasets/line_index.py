"""Where each line of a JSONL file begins and what it counts, saved beside it.

The array is int64 (lines + 1, 5). Its first row dates the file: version of this form,
size, modification time, number of lines, 0. Each further row is one line: offset in
bytes, expressions, samples, refs, captions.
"""
import os
from pathlib import Path
from typing import Optional, Union

import numpy as np

INDEX_VERSION = 1


def index_path(path: Union[str, Path]) -> Path:
    """Where the index of a JSONL file lies."""
    return Path(f'{path}.idx.npy')


def save_index(path: Path, rows: list[list[int]]) -> np.ndarray:
    """Save one row (offset, counts) per line under a row that dates the file.

    A folder that cannot be written to is no error: the index is then made at
    every start.
    """
    stat = path.stat()
    head = [INDEX_VERSION, stat.st_size, stat.st_mtime_ns, len(rows), 0]
    index = np.array([head, *rows], dtype=np.int64)
    temporary = path.with_name(f'.{path.name}.{os.getpid()}.idx.npy')
    try:
        np.save(temporary, index)
        os.replace(temporary, index_path(path))
    except OSError:
        temporary.unlink(missing_ok=True)
    return index


def load_index(path: Path) -> Optional[np.ndarray]:
    """The saved index, or None when there is none or the file changed since."""
    try:
        index = np.load(index_path(path), allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    stat = path.stat()
    if index.ndim != 2 or index.shape[1] != 5 or index.dtype != np.int64:
        return None
    head = [INDEX_VERSION, stat.st_size, stat.st_mtime_ns, len(index) - 1, 0]
    return index if index[0].tolist() == head else None
