"""Parquet files: rows as plain values, one batch in memory at a time."""
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from segvg.annotations.files.pickles import AnnotationFileError

ROWS_AT_A_TIME = 64  # rows may hold an image each


def column_names(path: Path) -> list[str]:
    """Names of the columns of a file."""
    with _opened(path) as file:
        return list(file.schema_arrow.names)


def iter_rows(path: Path) -> Iterator[dict]:
    """The rows of a file, values as Python has them: lists, dicts, text, numbers."""
    with _opened(path) as file:
        batches = file.iter_batches(batch_size=ROWS_AT_A_TIME)
        while True:
            rows = _guarded(path, lambda: next(batches, None))
            if rows is None:
                return
            yield from _guarded(path, rows.to_pylist)


@contextmanager
def _opened(path: Path):
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise ImportError(f'{path} is a parquet file, which PyArrow reads: '
                          "pip install 'segvg[data]' or pip install pyarrow") from None
    if not path.is_file():
        raise FileNotFoundError(f'there is no file {path}')
    file = _guarded(path, lambda: ParquetFile(path))
    try:
        yield file
    finally:
        file.close()


def _guarded(path: Path, read):
    """Turn whatever PyArrow raises into the one error type."""
    try:
        return read()
    except Exception as error:
        raise AnnotationFileError(
            path, f'cannot be read ({type(error).__name__}: {error})') from None
