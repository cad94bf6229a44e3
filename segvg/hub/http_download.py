"""A file from an address, resumed where an earlier try ended."""
import contextlib
import os
import urllib.request
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import IO, Any, Iterator, Optional
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from segvg.utils.errors import InputError
from segvg.utils.files import naming

CHUNK = 1 << 20  # bytes
TIMEOUT = 30.0  # seconds without an answer
LOOPBACK = ('127.0.0.1', '::1', 'localhost')


def check_address(address: str) -> None:
    """Refuse an address that is neither https nor of this machine.

    Raises:
        InputError: it is another one, such as ``http://`` or ``file://``.
    """
    parts = urlsplit(address)
    if parts.scheme != 'https' and not (
            parts.scheme == 'http' and parts.hostname in LOOPBACK):
        raise InputError(f'{address} is not fetched: only https addresses are')


class _CheckedRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirection only to an address that could have been given at first."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any,
                         newurl: str) -> Optional[urllib.request.Request]:
        check_address(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def part_path(path: Path) -> Path:
    """Return the path of the part of a file that was fetched before."""
    return path.with_name(f'.{path.name}.download')


def _tag_path(path: Path) -> Path:
    """Return where the version of that part is written down, as the server calls it."""
    return path.with_name(f'.{path.name}.download.tag')


def download(address: str, path: Path, *, limit: int) -> None:
    """Write a file from an address; it has its name only when it is whole.

    What an interrupted try has fetched lies beside it and is continued, if the server
    still has the same file.

    Args:
        address: https.
        path: of the file.
        limit: bytes; a larger file is refused.

    Raises:
        InputError: the file is too large, or the answer ends early.
        OSError: the connection fails, or the file cannot be written.
    """
    check_address(address)
    part, tag = part_path(path), _tag_path(path)
    with naming(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with _open(address, part, tag) as (answer, start):
        length = answer.headers.get('Content-Length')
        total = start + int(length) if length and length.isdigit() else None
        if total is not None and total > limit:
            raise InputError(f'it has {total} bytes, more than the limit of {limit}')
        _remember(answer, tag)
        with naming(path):
            stream = open(part, 'ab' if start else 'wb')
        with stream:
            done = _copy(answer, stream, path, start, total, limit)
    if total is not None and done < total:
        raise InputError(f'it ended after {done} of {total} bytes; the next try '
                         'continues there')
    with naming(path):
        os.replace(part, path)
        tag.unlink(missing_ok=True)


@contextlib.contextmanager
def _open(address: str, part: Path, tag: Path) -> Iterator[tuple[HTTPResponse, int]]:
    """Give the answer of a server and the number of bytes that were fetched before."""
    headers = {'User-Agent': 'segvg'}
    start = part.stat().st_size if part.is_file() and tag.is_file() else 0
    if start:
        headers.update({'Range': f'bytes={start}-',
                        'If-Range': tag.read_text('latin1')})
    opener = urllib.request.build_opener(_CheckedRedirects)
    try:
        with opener.open(urllib.request.Request(address, headers=headers),
                         timeout=TIMEOUT) as answer:
            yield answer, start if answer.status == 206 else 0
    except HTTPError as error:
        if error.code == 416:  # nothing follows what is there: another file
            part.unlink(missing_ok=True)
            raise InputError(f'it has no more than the {start} bytes of an earlier '
                             'try, which were removed: try again') from None
        raise OSError(f'the server answers {error.code} {error.reason}') from None
    except URLError as error:
        raise OSError(f'{urlsplit(address).hostname} cannot be reached: {error.reason}'
                      ) from None
    except HTTPException as error:
        raise OSError(f'the server answers with damaged HTTP: {error!r}') from None


def _remember(answer: HTTPResponse, tag: Path) -> None:
    """Write down which version of a file is being fetched; weak names do not count."""
    version = answer.headers.get('ETag') or ''
    if version.startswith('"'):
        tag.write_text(version, 'latin1')
    else:
        tag.unlink(missing_ok=True)


def _copy(answer: HTTPResponse, stream: IO[bytes], path: Path, start: int,
          total: Optional[int], limit: int) -> int:
    """Copy an answer into a file and show how far it is; returns the bytes there."""
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
        while chunk := answer.read(CHUNK):
            done += len(chunk)
            if done > limit:
                part_path(path).unlink()
                raise InputError(f'it has more bytes than the limit of {limit}')
            with naming(path):
                stream.write(chunk)
            progress.update(task, completed=done)
    return done
