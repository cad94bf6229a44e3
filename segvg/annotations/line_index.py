"""Where each line of a JSONL file begins and what it counts, saved beside it.

The array is int64 (lines + 1, 6). Its first row dates the file: version of this form,
size, modification time, number of lines, 0, 0. Each further row is one line: offset in
bytes, expressions, samples, refs, captions, image number (see ``image_number``).
"""
import hashlib
import os
from pathlib import Path
from typing import Optional, Union

import numpy as np

INDEX_VERSION = 2
COLUMNS = 6


def index_path(path: Union[str, Path]) -> Path:
    """Where the index of a JSONL file lies."""
    return Path(f'{path}.idx.npy')


def image_number(image: dict) -> int:
    """A number that two records share when they are of one image.

    That of COCO when the image is known to be in COCO, else a negative hash of its id:
    numbers of different sources are never taken for each other.
    """
    if isinstance(image.get('coco_id'), int):
        return image['coco_id']
    space, _, number = str(image['id']).partition(':')
    if space == 'coco' and number.isdecimal():
        return int(number)
    digest = hashlib.blake2b(str(image['id']).encode('utf-8', 'surrogatepass'),
                             digest_size=8).digest()
    return -1 - (int.from_bytes(digest, 'little') >> 1)


def save_index(path: Path, rows: list[list[int]]) -> np.ndarray:
    """Save one row (offset, counts, image) per line under a row that dates the file.

    A folder that cannot be written to is no error: the index is then made at
    every start.
    """
    stat = path.stat()
    head = [INDEX_VERSION, stat.st_size, stat.st_mtime_ns, len(rows), 0, 0]
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
    if index.ndim != 2 or index.shape[1] != COLUMNS or index.dtype != np.int64:
        return None
    head = [INDEX_VERSION, stat.st_size, stat.st_mtime_ns, len(index) - 1, 0, 0]
    return index if index[0].tolist() == head else None
