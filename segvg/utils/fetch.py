"""Fetch the content of a web address, with limits of size and time."""
import contextlib
import time
import urllib.request
from http.client import HTTPException, HTTPResponse
from typing import Any, Callable, Iterator, Mapping, Optional
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from segvg.utils.errors import InputError
from segvg.version import __version__

MAX_BYTES = 1 << 25  # 32 MiB; photographs of 50 million pixels are smaller
SECONDS = 20.0
CHUNK = 1 << 16
# No file:, ftp: or data: addresses, not even as the target of a redirection.
HANDLERS = (urllib.request.ProxyHandler, urllib.request.HTTPHandler,
            urllib.request.HTTPSHandler, urllib.request.HTTPDefaultErrorHandler,
            urllib.request.HTTPErrorProcessor, urllib.request.UnknownHandler)


class RefusedError(OSError):
    """A server answers with an error.

    Args:
        code: of HTTP.
        reason: in words.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f'the server answers {code} {reason}')
        self.code = code


class _CheckedRedirects(urllib.request.HTTPRedirectHandler):
    """Follow redirections only to addresses that ``check`` accepts."""

    def __init__(self, check: Callable[[str], None]) -> None:
        self.check = check

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any,
                         newurl: str) -> Optional[urllib.request.Request]:
        self.check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextlib.contextmanager
def open_address(address: str, *, check: Callable[[str], None], seconds: float,
                 headers: Optional[Mapping[str, str]] = None) -> Iterator[HTTPResponse]:
    """Yield the answer of a server.

    Args:
        address: of http or https.
        check: refuses an address, that of a redirection, too.
        seconds: time limit for each wait.
        headers: of the request.

    Raises:
        InputError: ``check`` refuses an address.
        RefusedError: the server answers with an error.
        OSError: it cannot be reached, or what it sends is not HTTP; the message does
            not name the address.
    """
    check(address)
    opener = urllib.request.OpenerDirector()
    for handler in HANDLERS:
        opener.add_handler(handler())
    opener.add_handler(_CheckedRedirects(check))
    request = urllib.request.Request(
        address, headers={'User-Agent': f'segvg/{__version__}', **(headers or {})})
    try:
        with opener.open(request, timeout=seconds) as response:
            yield response
    except HTTPError as error:
        raise RefusedError(error.code, str(error.reason)) from None
    except URLError as error:
        raise OSError(f'{urlsplit(address).hostname} cannot be reached: {error.reason}'
                      ) from None
    except HTTPException as error:
        raise OSError(f'the server answers with damaged HTTP: {error!r}') from None


def is_url(value: object) -> bool:
    """Return whether a value is an address of http or https."""
    return isinstance(value, str) and value.lower().startswith(('http://', 'https://'))


def has_host(url: str) -> bool:
    """Return whether an address of http or https names a server."""
    try:
        return is_url(url) and bool(urlsplit(url).hostname)
    except ValueError:  # brackets that are not those of an address
        return False


def check_url(url: str) -> None:
    """Refuse what is not an address of http or https.

    Raises:
        InputError: it is none.
    """
    if not has_host(url):
        raise InputError(f'{url!r} is not an address of http or https')


def fetch(url: str, *, max_bytes: int = MAX_BYTES,
          seconds: float = SECONDS) -> bytes:
    """Return the content of a web address.

    Args:
        url: address of http or https.
        max_bytes: largest size of the content.
        seconds: time limit for the whole content, and for each wait for a part of it.

    Raises:
        InputError: the content cannot be fetched, is too large or takes too long; the
            message names the address.
    """
    end = time.monotonic() + seconds
    try:
        with open_address(url, check=check_url, seconds=seconds) as response:
            return _read(response, url, max_bytes, end)
    except TimeoutError:
        raise InputError(f'{url} cannot be fetched within {seconds:g} seconds'
                         ) from None
    except InputError:
        raise
    except (OSError, ValueError) as error:
        raise InputError(f'{url} cannot be fetched: {error}') from error


def _read(response: HTTPResponse, url: str, max_bytes: int,
          end: float) -> bytes:
    """Return the content of a response."""
    too_large = f'{url} has more than {max_bytes:,} bytes, the largest size allowed'
    length = response.headers.get('Content-Length', '')
    if length.isdecimal() and int(length) > max_bytes:
        raise InputError(too_large)
    parts, size = [], 0
    while part := response.read1(CHUNK):
        parts.append(part)
        size += len(part)
        if size > max_bytes:
            raise InputError(too_large)
        if time.monotonic() > end:
            raise TimeoutError
    if length.isdecimal() and size < int(length):
        raise InputError(f'{url} ends after {size:,} of {int(length):,} bytes')
    return b''.join(parts)
