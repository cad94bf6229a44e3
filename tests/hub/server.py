"""A local server: files with ranges, and the parts of a hub that tests need."""
import base64
import contextlib
import hashlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

COMMIT = 40 * 'c'


class Server(ThreadingHTTPServer):
    """Serve ``files`` (path -> bytes) and record the requests in ``log``.

    ``cut`` is the number of bytes after which a response ends, ``redirect`` an address
    to which every request is redirected.
    """
    daemon_threads = True

    def __init__(self):
        super().__init__(('127.0.0.1', 0), Handler)
        self.files: dict[str, bytes] = {}
        self.log: list[tuple[str, str, str]] = []
        self.cut = self.redirect = None

    @property
    def address(self) -> str:
        return f'http://127.0.0.1:{self.server_port}'


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.0'

    def log_message(self, *args):
        pass

    def do_HEAD(self):
        self.respond(body=False)

    def do_GET(self):
        self.respond()

    def respond(self, body=True):
        path, server = unquote(urlsplit(self.path).path), self.server
        server.log.append((self.command, path, self.headers.get('Range', '')))
        if server.redirect:
            self.send_response(302)
            self.send_header('Location', server.redirect)
            self.end_headers()
            return
        if path.startswith('/api/models/'):
            return self.send_json(self.describe(path.split('/')[3:5]))
        data = server.files.get(path)
        if data is None:
            self.send_error(404)
            return
        tag = f'"{hashlib.sha256(data).hexdigest()}"'
        start = 0
        if self.headers.get('Range') and self.headers.get('If-Range', tag) == tag:
            start = int(self.headers['Range'].removeprefix('bytes=').partition('-')[0])
        self.send_response(206 if start else 200)
        self.send_header('ETag', tag)
        self.send_header('X-Repo-Commit', COMMIT)
        self.send_header('Content-Length', str(len(data) - start))
        if start:
            self.send_header('Content-Range', f'bytes {start}-{len(data) - 1}/'
                             f'{len(data)}')
        self.end_headers()
        if body:
            self.wfile.write(data[start:start + server.cut if server.cut else None])

    def describe(self, repository):
        """Return the list of files of a model."""
        start = f'/{"/".join(repository)}/resolve/'
        names = sorted(path.removeprefix(start).partition('/')[2]
                       for path in self.server.files if path.startswith(start))
        if self.path.split('/')[5:6] == ['tree']:
            return [dict(type='file', path=name, size=1, oid=COMMIT) for name in names]
        return dict(id='/'.join(repository), sha=COMMIT,
                    siblings=[dict(rfilename=name) for name in names])

    def send_json(self, value):
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        """Accept an upload: a new repository, the types of its files, one commit."""
        path = urlsplit(self.path).path
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        self.server.log.append(('POST', path, ''))
        if path == '/api/repos/create':
            request = json.loads(body)
            return self.send_json(dict(url='/'.join((
                self.server.address, request['organization'], request['name']))))
        if '/preupload/' in path:
            files = json.loads(body)['files']
            return self.send_json(dict(files=[
                dict(path=file['path'], uploadMode='regular', shouldIgnore=False)
                for file in files]))
        if '/commit/' in path:
            repository = '/'.join(path.split('/')[3:5])
            for line in body.decode().splitlines():
                item = json.loads(line)
                if item['key'] == 'file':
                    value = item['value']
                    data = base64.b64decode(value['content'])
                    for revision in ('main', COMMIT):
                        self.server.files[f'/{repository}/resolve/{revision}/'
                                          f'{value["path"]}'] = data
            url = f'{self.server.address}/{repository}/commit/{COMMIT}'
            return self.send_json(dict(commitUrl=url, commitOid=COMMIT,
                                       pullRequestUrl=None, success=True))
        self.send_json({})


@contextlib.contextmanager
def running_server():
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs=dict(
        poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def use_as_hub(monkeypatch, server):
    """Make the client of the hub send all requests to this server."""
    import huggingface_hub.constants as constants
    import huggingface_hub.file_download as file_download
    template = server.address + '/{repo_id}/resolve/{revision}/{filename}'
    monkeypatch.setenv('HF_ENDPOINT', server.address)
    monkeypatch.setattr(constants, 'ENDPOINT', server.address)
    monkeypatch.setattr(constants, 'HF_HUB_OFFLINE', False)
    monkeypatch.setattr(constants, 'HUGGINGFACE_CO_URL_TEMPLATE', template)
    monkeypatch.setattr(file_download, 'HUGGINGFACE_CO_URL_TEMPLATE', template,
                        raising=False)
