"""Fetch the content of a web address, with limits of size and time."""
import http.client
import time
import urllib.request
from urllib.error import HTTPError
from urllib.parse import urlsplit

from segvg.utils.errors import InputError
from segvg.version import __version__

MAX_BYTES = 1 << 25  # 32 MiB; photographs of 50 million pixels are smaller
SECONDS = 20.0
CHUNK = 1 << 16
# No file:, ftp: or data: addresses, not even as the target of a redirection.
HANDLERS = (urllib.request.ProxyHandler, urllib.request.HTTPHandler,
            urllib.request.HTTPSHandler, urllib.request.HTTPRedirectHandler,
            urllib.request.HTTPDefaultErrorHandler, urllib.request.HTTPErrorProcessor,
            urllib.request.UnknownHandler)


def is_url(value: object) -> bool:
    """Return whether a value is an address of http or https."""
    return isinstance(value, str) and value.lower().startswith(('http://', 'https://'))


def has_host(url: str) -> bool:
    """Return whether an address of http or https names a server."""
    try:
        return is_url(url) and bool(urlsplit(url).hostname)
    except ValueError:  # brackets that are not those of an address
        return False


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
    if not has_host(url):
        raise InputError(f'{url!r} is not an address of http or https')
    opener = urllib.request.OpenerDirector()
    for handler in HANDLERS:
        opener.add_handler(handler())
    end = time.monotonic() + seconds
    try:
        request = urllib.request.Request(
            url, headers={'User-Agent': f'segvg/{__version__}'})
        with opener.open(request, timeout=seconds) as response:
            return _read(response, url, max_bytes, end)
    except HTTPError as error:
        raise InputError(f'{url} cannot be fetched: the server answers {error.code} '
                         f'{error.reason}') from None
    except TimeoutError:
        raise InputError(f'{url} cannot be fetched within {seconds:g} seconds'
                         ) from None
    except InputError:
        raise
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise InputError(f'{url} cannot be fetched: {error}') from error


def _read(response: http.client.HTTPResponse, url: str, max_bytes: int,
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
