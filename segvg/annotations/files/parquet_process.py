"""The program that reads one parquet file for ``files/parquet.py``.

It imports nothing of segvg, so that it starts quickly, and writes frames to its output:
the length of a pickle of plain values, and the pickle.

    python parquet_process.py FILE NUMPY MEMORY UNPACKED SECONDS [COLUMN ...]

NUMPY is 1 where PyArrow needs NumPy, else 0.
"""
import io
import os
import pickle
import signal
import struct
import sys
from typing import IO, Any

MAX_BATCH_ROWS = 64  # rows may hold an image each
ROW_BYTES = 16  # that any row counts for
FRAME_BYTES = 1 << 27


class _PlainPickler(pickle.Pickler):
    """Values of other types than plain ones become text."""

    def reducer_override(self, value: Any) -> Any:
        return NotImplemented if value is str else (str, (str(value), ))


def say(output: IO[bytes], kind: str, content: Any) -> None:
    """Write a frame."""
    buffer = io.BytesIO()
    _PlainPickler(buffer, protocol=4).dump((kind, content))
    data = buffer.getvalue()
    output.write(struct.pack('<Q', len(data)) + data)
    output.flush()


def limit_process(memory: int, seconds: int) -> None:
    """Limit the memory and the time of this process, and end it with its parent."""
    if not sys.platform.startswith('linux'):
        return
    import ctypes
    import resource
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    with open('/proc/self/statm') as stream:
        used = int(stream.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def say_rows(output: IO[bytes], batch: Any) -> None:
    """Write the rows of a batch, in as many frames as they need.

    Raises:
        ValueError: one row is too large for a frame.
    """
    if batch.nbytes > FRAME_BYTES:
        if len(batch) == 1:
            raise ValueError(f'a row of more than {FRAME_BYTES:,} bytes')
        half = len(batch) // 2
        say_rows(output, batch.slice(0, half))
        say_rows(output, batch.slice(half))
        return
    columns = [column.to_pylist() for column in batch.columns]
    say(output, 'rows', list(zip(*columns)))


def read(path: str, unpacked: int, wanted: list[str], output: IO[bytes]) -> None:
    """Write the columns of a file and its rows; ValueError when they become too many.
    """
    from pyarrow import parquet
    with parquet.ParquetFile(path) as file:
        names = list(file.schema_arrow.names)
        if len(set(names)) != len(names):
            raise ValueError('two columns of one name')
        names = [name for name in names if name in wanted] if wanted else names
        say(output, 'columns', names)
        for batch in file.iter_batches(batch_size=MAX_BATCH_ROWS, columns=names,
                                       use_threads=False):
            unpacked -= batch.nbytes + ROW_BYTES * len(batch)
            if unpacked < 0:
                raise ValueError('its rows become far larger than a file of its size')
            say_rows(output, batch)
        say(output, 'end', None)


def main() -> None:
    """Read the file of the command line."""
    path, wanted = sys.argv[1], sys.argv[6:]
    needs_numpy, memory, unpacked, seconds = map(int, sys.argv[2:6])
    if not needs_numpy:
        # None makes every import of NumPy fail; PyArrow then reads without NumPy.
        sys.modules['numpy'] = None  # type: ignore[assignment]
    output = os.fdopen(os.dup(sys.stdout.fileno()), 'wb')
    try:
        import pyarrow.parquet  # noqa: F401  its own memory does not count
        limit_process(memory, seconds)
        read(path, unpacked, wanted, output)
    except BrokenPipeError:
        sys.exit(1)
    except MemoryError:
        say(output, 'error', 'more memory is needed than a file of its size may take')
    except Exception as error:  # any error of the parser becomes one line
        reason = (str(error).splitlines() or [''])[0][:200]
        say(output, 'error', f'{type(error).__name__}: {reason}')


if __name__ == '__main__':
    main()
