"""Lets through only the requests that the page makes.

Gradio has more routes than this page needs: a proxy, routes that fetch addresses or
work on uploads, its programming interface. What is not listed here is not found.
"""
import re
from pathlib import Path
from typing import Any, Awaitable, Callable, MutableMapping

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

API = '/gradio_api'
UPLOAD = f'{API}/upload'
FILE = f'{API}/file='
READ = re.compile(
    r'/|/config/?|/theme\.css|/favicon\.ico|/manifest\.json|/robots\.txt|/pwa_icon.*'
    r'|/(assets|static|svelte)/.*'
    rf'|{API}/(app_id|startup-events|theme\.css|login_check|heartbeat/\w+|queue/data'
    r'|upload_progress)/?')
# run/predict fills in an example; Gradio refuses there what has to wait in the queue.
WRITE = re.compile(rf'{API}/(upload|queue/join|run/predict|cancel|reset)/?')
#: Bytes of a request that sends no file.
MAX_WORDS = 2**20
#: Bytes around a file in the request that sends it.
AROUND = 2**16
HEADERS = (
    # The page needs its own inline script; nothing is fetched from elsewhere.
    (b'content-security-policy',
     b"default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' "
     b"blob:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; "
     b"form-action 'self'; frame-ancestors 'self'"),
    (b'x-content-type-options', b'nosniff'),
    (b'referrer-policy', b'no-referrer'))


class Gate:
    """Refuses requests that the page does not make, and those that are too large.

    Args:
        app: what answers the others.
        folder: files below it may be fetched, no other ones.
        max_upload: bytes of a file that is sent.
    """

    def __init__(self, app: App, folder: Path, max_upload: int) -> None:
        self.app = app
        self.folder = Path(folder).resolve()
        self.max_upload = max_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of the ASGI interface."""
        if scope['type'] == 'lifespan':
            await self.app(scope, receive, send)
        elif scope['type'] != 'http' or not self.admits(
                scope['method'], path_of(scope)):
            await refuse(scope, send, 404)
        elif declared_size(scope) > self._limit(scope):
            await refuse(scope, send, 413)
        else:
            await self.app(scope, self._counted(scope, receive), with_headers(send))

    def admits(self, method: str, path: str) -> bool:
        """Return whether the page makes such a request.

        Args:
            method: of HTTP.
            path: as it was sent, decoded.
        """
        if method in ('GET', 'HEAD'):
            if path.startswith(FILE):
                return self._is_shown(path.removeprefix(FILE))
            return '..' not in path.split('/') and bool(READ.fullmatch(path))
        return method == 'POST' and bool(WRITE.fullmatch(path))

    def _is_shown(self, name: str) -> bool:
        """Return whether a file lies in the folder, also when links are followed."""
        try:
            path = Path(name)
            return (path.is_absolute() and path.is_file()
                    and path.resolve().is_relative_to(self.folder))
        except (OSError, ValueError):  # too long, or with a null character
            return False

    def _limit(self, scope: Scope) -> int:
        """Return how many bytes a request may have."""
        is_upload = path_of(scope).rstrip('/') == UPLOAD
        return self.max_upload + AROUND if is_upload else MAX_WORDS

    def _counted(self, scope: Scope, receive: Receive) -> Receive:
        """Return a ``receive`` that ends a request larger than its limit."""
        left = self._limit(scope)

        async def counted() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get('body', b''))
            return message if left >= 0 else {'type': 'http.disconnect'}
        return counted


def path_of(scope: Scope) -> str:
    """Return the path of a request below the place where the page is mounted."""
    return scope['path'].removeprefix(scope.get('root_path', ''))


def declared_size(scope: Scope) -> int:
    """Return the number of bytes that a request declares; 0 if it declares none."""
    for name, value in scope['headers']:
        if name == b'content-length':
            return int(value) if value.isdigit() else 0
    return 0


def with_headers(send: Send) -> Send:
    """Return a ``send`` that adds ``HEADERS`` to an answer."""
    async def added(message: Message) -> None:
        if message['type'] == 'http.response.start':
            message['headers'] = [*message.get('headers', ()), *HEADERS]
        await send(message)
    return added


async def refuse(scope: Scope, send: Send, status: int) -> None:
    """Answer with a status and no content."""
    if scope['type'] == 'websocket':
        await send({'type': 'websocket.close', 'code': 1008})
        return
    await send({'type': 'http.response.start', 'status': status,
                'headers': [(b'content-length', b'0')]})
    await send({'type': 'http.response.body', 'body': b''})
