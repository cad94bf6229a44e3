"""Files that are there whole or not at all."""
import contextlib
import glob
import os
import re
import socket
from pathlib import Path
from typing import IO, Iterator, Union

AnyPath = Union[str, Path]
#: A file that is being written: .NAME.HOST.PROCESS.part beside its final place.
PART = re.compile(r'\.(?P<name>.+)\.(?P<host>[^.]*)\.(?P<process>\d+)\.part')


def write_whole(path: AnyPath, content: Union[str, bytes]) -> None:
    """Write a file that has its name only when it has all of its content.

    Args:
        path: of the file; its folder is made if need be. A file that is there is
            replaced.
        content: text, written as UTF-8, or bytes.

    Raises:
        OSError: it cannot be written; names the file. What was there stays.
    """
    data = content.encode() if isinstance(content, str) else content
    with whole_file(path) as stream:
        stream.write(data)


@contextlib.contextmanager
def whole_file(path: AnyPath) -> Iterator[IO[bytes]]:
    """Give a stream for the bytes of a file; see ``write_whole``."""
    path = Path(os.path.realpath(path))
    part = part_of(path)
    if path.exists() and not path.is_file():  # /dev/stdout, a pipe
        part = path
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with open(part, 'wb') as stream:
                yield stream
                stream.flush()
                if part != path:
                    os.fsync(stream.fileno())
            if part != path:
                os.replace(part, path)
        except BaseException:
            if part != path:
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)
            raise
    _sync_folder(path.parent)
    remove_leftovers(path.parent, path.name)


def part_of(path: Path) -> Path:
    """Return how a file is called while this process writes it."""
    return path.with_name(f'.{path.name}.{_host()}.{os.getpid()}.part')


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Make errors of the system that name no file, or a part of it, name this one."""
    try:
        yield
    except OSError as error:
        name = error.filename
        if error.errno is None or (name is not None
                                   and not PART.fullmatch(Path(name).name)):
            raise
        raise OSError(error.errno, os.strerror(error.errno), str(path)) from error


def _sync_folder(folder: Path) -> None:
    """Make new names in a folder survive a loss of power, where the system can."""
    with contextlib.suppress(OSError):
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def remove_leftovers(folder: AnyPath, name: str = '') -> None:
    """Remove parts of files that processes left which do not run any more.

    Args:
        folder: where to look, not below it.
        name: of the one file whose parts are meant; '' means all.
    """
    with contextlib.suppress(OSError):
        for path in Path(folder).glob(f'.{glob.escape(name) or "*"}.*.part'):
            found = PART.fullmatch(path.name)
            if found and found['host'] == _host() and not _runs(int(found['process'])):
                path.unlink(missing_ok=True)


def _host() -> str:
    """Return the name of this machine without dots."""
    return socket.gethostname().replace('.', '-')


def _runs(process: int) -> bool:
    """Return whether a process of this machine runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
