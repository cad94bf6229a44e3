"""Web addresses, from a server of this machine."""
import http.server
import threading
import time

import pytest

from segvg.utils.errors import InputError
from segvg.utils.fetch import fetch, is_url


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == '/to_file':
            self.send_response(302)
            self.send_header('Location', 'file:///etc/hostname')
            self.end_headers()
            return
        if self.path == '/none':
            self.send_error(404)
            return
        self.send_response(200)
        if self.path == '/cut':
            self.send_header('Content-Length', '100')
        self.end_headers()
        if self.path == '/slow':
            for _ in range(20):
                self.wfile.write(b'x')
                time.sleep(0.02)
        self.wfile.write(b'content')

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope='module')
def address():
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f'http://127.0.0.1:{server.server_port}'
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv('no_proxy', '127.0.0.1')


def test_content_is_fetched(address):
    assert fetch(f'{address}/photo') == b'content'
    assert is_url('HTTPS://a.org/b.jpg') and not is_url('photo.jpg') and not is_url(3)


@pytest.mark.parametrize('path, settings, told', [
    ('none', {}, 'the server answers 404 Not Found'),
    ('photo', dict(max_bytes=6), 'has more than 6 bytes'),
    ('slow', dict(seconds=0.1), 'cannot be fetched within 0.1 seconds'),
    ('cut', {}, 'ends after 7 of 100 bytes'),
    ('to_file', {}, 'cannot be fetched: ')])
def test_what_cannot_be_fetched_is_told(address, path, settings, told):
    with pytest.raises(InputError, match=f'{address}/{path} .*{told}|{told}'):
        fetch(f'{address}/{path}', **settings)


@pytest.mark.parametrize('url', ['file:///etc/hostname', 'ftp://a.org/b', 'http://',
                                 'http://[', 'photo.jpg'])
def test_other_addresses_are_refused(url):
    with pytest.raises(InputError, match='is not an address of http or https'):
        fetch(url)


def test_server_that_does_not_run_is_told():
    with pytest.raises(InputError, match='http://127.0.0.1:9/ cannot be fetched'):
        fetch('http://127.0.0.1:9/', seconds=5)
