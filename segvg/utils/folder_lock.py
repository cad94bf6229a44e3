"""A folder that one process works in at a time."""
import contextlib
import errno
import os
import socket
import time
from pathlib import Path
from typing import IO, Iterator, Optional

from segvg.utils.files import AnyPath, naming, remove_leftovers

try:
    import fcntl
except ImportError:  # not on Windows
    fcntl = None

LOCK = '.lock'
#: Seconds that a process which was killed has to release its folder.
PATIENCE = 5.0

#: Locks that this process has.
_held: set[IO[str]] = set()


def _let_go() -> None:
    """Keep no lock in a process that was forked from the one that has it.

    Workers that load data live for some seconds after a killed training; its folder
    would be in use until then.
    """
    for stream in _held:
        stream.close()
    _held.clear()


if fcntl is not None:
    os.register_at_fork(after_in_child=_let_go)


def is_first_process() -> bool:
    """Return whether this is the first or only one of the processes that train as one.

    Known from what torchrun and Slurm set, before the processes have met.
    """
    rank = os.environ.get('RANK', os.environ.get('SLURM_PROCID', '0'))
    return int(rank) == 0


class FolderInUseError(OSError):
    """Another process works in a folder."""


@contextlib.contextmanager
def lock_folder(folder: AnyPath) -> Iterator[None]:
    """Make a folder and keep other processes from working in it at the same time.

    The system releases the lock when the process ends, however it ends. Parts of files
    that an earlier process left are removed.

    Raises:
        FolderInUseError: another process has it; names the process and its command.
        OSError: the folder cannot be made or written; names it.
    """
    folder = Path(folder)
    with naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
    stream = _open_locked(folder)
    if stream is not None:
        _held.add(stream)
    try:
        remove_leftovers(folder)
        for path in folder.glob('*/*.log'):  # of a process killed before its first line
            if not path.stat().st_size:
                path.unlink()
        yield
    finally:
        if stream is not None:
            # removed before it is released: a process that waits for it sees that
            with contextlib.suppress(OSError):
                (folder / LOCK).unlink()
            _held.discard(stream)
            stream.close()


def _open_locked(folder: Path) -> Optional[IO[str]]:
    """Return the lock of a folder as an open file, None where there are no locks.

    Raises:
        FolderInUseError: another process has it.
    """
    path, end = folder / LOCK, time.monotonic() + PATIENCE
    while fcntl is not None:
        with naming(path):
            stream = open(path, 'a+')
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(stream.fileno()), os.stat(path)):
                    stream.truncate(0)
                    stream.write(_who_am_i())
                    stream.flush()
                    return stream
            stream.close()  # removed by the process that had it: try again
        except OSError as error:
            stream.seek(0)
            owner = stream.read().strip()
            stream.close()
            if error.errno not in (errno.EAGAIN, errno.EACCES):
                return None  # a file system without locks
            if time.monotonic() > end:
                raise FolderInUseError(
                    f'{folder} is in use by {owner or "another process"}: wait for it, '
                    'end it, or give another work folder') from error
            time.sleep(0.1)
    return None


def _who_am_i() -> str:
    """Return how messages call this process."""
    with contextlib.suppress(OSError):
        words = Path('/proc/self/cmdline').read_bytes().split(b'\0')
        command = b' '.join(words).decode(errors='replace').strip()
        return f'process {os.getpid()} on {socket.gethostname()} ({command[:200]})\n'
    return f'process {os.getpid()} on {socket.gethostname()}\n'
