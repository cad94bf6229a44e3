"""Requests that the page does not make are refused."""
import asyncio

import pytest

from segvg.demo.gate import AROUND, HEADERS, MAX_WORDS, Gate

MAX = 1000


def request(gate, method, path, body=b'', declared=None, kind='http') -> list[dict]:
    """Send a request and return the messages of the answer."""
    headers = [] if declared is None else [(b'content-length', str(declared).encode())]
    sent = []

    async def receive():
        return dict(type='http.request', body=body, more_body=False)

    async def send(message):
        sent.append(message)

    asyncio.run(gate(dict(type=kind, method=method, path=path, headers=headers),
                     receive, send))
    return sent


async def app(scope, receive, send):
    """Read the request and answer with its type."""
    message = await receive()
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})
    await send({'type': 'http.response.body', 'body': message['type'].encode()})


@pytest.fixture
def gate(tmp_path):
    (tmp_path / 'sent').mkdir()
    (tmp_path / 'sent' / 'photo.png').write_bytes(b'x')
    (tmp_path / 'secret.txt').write_text('x')
    (tmp_path / 'sent' / 'link').symlink_to(tmp_path / 'secret.txt')
    return Gate(app, tmp_path / 'sent', MAX)


def test_only_files_of_the_folder_are_served(gate, tmp_path):
    file = f'/gradio_api/file={tmp_path}/sent/photo.png'
    assert request(gate, 'GET', file)[0]['status'] == 200
    for name in ('/etc/passwd', '../../etc/passwd', 'sent/photo.png', '', '.',
                 f'{tmp_path}/secret.txt', f'{tmp_path}/sent/../secret.txt',
                 f'{tmp_path}/sent/link', f'{tmp_path}/sent', 'a\0b', 'x' * 5000,
                 'http://example.com/a.png', 'file:///etc/passwd'):
        assert request(gate, 'GET', f'/gradio_api/file={name}')[0]['status'] == 404


@pytest.mark.parametrize('method,path,admitted', [
    ('GET', '/', True), ('GET', '/config', True), ('GET', '/assets/index.js', True),
    ('HEAD', '/theme.css', True), ('GET', '/gradio_api/queue/data', True),
    ('POST', '/gradio_api/queue/join', True),
    ('POST', '/gradio_api/run/predict', True), ('POST', '/gradio_api/upload', True),
    ('GET', '/assets/../../etc/passwd', False), ('GET', '/gradio_api/info', False),
    ('GET', '/gradio_api/proxy=https://a.hf.space/x', False),
    ('GET', '/gradio_api/file/etc/passwd', False), ('GET', '/monitoring', False),
    ('GET', '/docs', False), ('GET', '/openapi.json', False),
    ('POST', '/gradio_api/process_recording', False), ('PUT', '/', False),
    ('POST', '/gradio_api/run/ask', False), ('POST', '/gradio_api/call/ask', False),
    ('POST', '/gradio_api/run-history/connect', False), ('POST', '/login', False),
    ('GET', '/gradio_api/deep_link', False), ('DELETE', '/gradio_api/upload', False)])
def test_routes_that_the_page_does_not_use_are_not_found(gate, method, path, admitted):
    [start, _] = request(gate, method, path)
    assert start['status'] == (200 if admitted else 404)
    assert not admitted or set(HEADERS) <= set(start['headers'])


def test_requests_that_are_too_large_are_refused(gate):
    upload, words = '/gradio_api/upload', '/gradio_api/queue/join'
    for path, most in ((upload, MAX + AROUND), (words, MAX_WORDS)):
        assert request(gate, 'POST', path, declared=most)[0]['status'] == 200
        assert request(gate, 'POST', path, declared=most + 1)[0]['status'] == 413
        # one that does not say its size is stopped while it is read
        [_, body] = request(gate, 'POST', path, body=b'x' * (most + 1))
        assert body['body'] == b'http.disconnect'


def test_sockets_are_closed(gate):
    [message] = request(gate, 'GET', '/', kind='websocket')
    assert message['type'] == 'websocket.close'
