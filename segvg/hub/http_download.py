"""Download a file by https; an interrupted download is resumed."""
import contextlib
import os
from http.client import HTTPResponse
from pathlib import Path
from typing import IO, Iterator, Optional
from urllib.parse import urlsplit

from segvg.utils.errors import InputError
from segvg.utils.fetch import RefusedError, open_address
from segvg.utils.files import naming

CHUNK = 1 << 20  # bytes
TIMEOUT = 30.0  # seconds without data
LOOPBACK = ('127.0.0.1', '::1', 'localhost')


def check_address(address: str) -> None:
    """Refuse an address that is neither https nor on this computer.

    Raises:
        InputError: the address has another scheme, such as ``http://`` or ``file://``.
    """
    parts = urlsplit(address)
    if parts.scheme != 'https' and not (
            parts.scheme == 'http' and parts.hostname in LOOPBACK):
        raise InputError(f'{address} is refused: only https addresses are fetched')


def part_path(path: Path) -> Path:
    """Return the path of the unfinished download of a file."""
    return path.with_name(f'.{path.name}.download')


def _tag_path(path: Path) -> Path:
    """Return the path of the file that holds the ETag of the unfinished download."""
    return path.with_name(f'.{path.name}.download.tag')


def download(address: str, path: Path, *, limit: int) -> None:
    """Download a file; it gets its name only when it is complete.

    An interrupted download is kept beside it and resumed, if the file on the server
    has not changed.

    Args:
        address: https.
        path: of the file.
        limit: bytes; a larger file is refused.

    Raises:
        InputError: the address is not https, or the file is too large or ends early.
        OSError: the connection fails, or the file cannot be written.
    """
    check_address(address)
    part, tag = part_path(path), _tag_path(path)
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with _open(address, part, tag) as (response, start):
        length = response.headers.get('Content-Length')
        total = start + int(length) if length and length.isdigit() else None
        if total is not None and total > limit:
            raise InputError(f'it has {total} bytes, more than the limit of {limit}')
        _store_tag(response, tag)
        with naming(path):
            stream = open(part, 'ab' if start else 'wb')
        with stream:
            done = _copy(response, stream, path, start, total, limit)
    if total is not None and done < total:
        raise InputError(f'it ended after {done} of {total} bytes; the next try '
                         'resumes there')
    with naming(path):
        os.replace(part, path)
        tag.unlink(missing_ok=True)


@contextlib.contextmanager
def _open(address: str, part: Path, tag: Path) -> Iterator[tuple[HTTPResponse, int]]:
    """Yield the response of a server and the number of bytes that it skips."""
    start = part.stat().st_size if part.is_file() and tag.is_file() else 0
    headers = {'Range': f'bytes={start}-',
               'If-Range': tag.read_text('latin1')} if start else {}
    try:
        with open_address(address, check=check_address, seconds=TIMEOUT,
                          headers=headers) as response:
            yield response, start if response.status == 206 else 0
    except RefusedError as error:
        if error.code != 416:
            raise
        # the file has no more bytes than the part: another file
        part.unlink(missing_ok=True)
        raise InputError(f'it has no more than the {start} bytes of an earlier try, '
                         'which were removed: try again') from None


def _store_tag(response: HTTPResponse, tag: Path) -> None:
    """Store the ETag of a file; a weak one does not identify its bytes."""
    version = response.headers.get('ETag') or ''
    if version.startswith('"'):
        tag.write_text(version, 'latin1')
    else:
        tag.unlink(missing_ok=True)


def _copy(response: HTTPResponse, stream: IO[bytes], path: Path, start: int,
          total: Optional[int], limit: int) -> int:
    """Copy a response into a file with a progress bar; return the bytes in the file."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    console, done = Console(stderr=True), start
    with Progress('{task.description}', BarColumn(), DownloadColumn(),
                  TransferSpeedColumn(), TimeRemainingColumn(), console=console,
                  disable=not console.is_terminal) as progress:
        task = progress.add_task(path.name, total=total, completed=start)
        while chunk := response.read(CHUNK):
            done += len(chunk)
            if done > limit:
                part_path(path).unlink()
                raise InputError(f'it has more bytes than the limit of {limit}')
            with naming(path):
                stream.write(chunk)
            progress.update(task, completed=done)
    return done
