"""The server as it runs: loopback, limits, nothing from outside. No browser."""
import http.client
import json
import os
import sys
import urllib.error
import urllib.request
import uuid
from urllib.parse import urlsplit

import pytest

from segvg.demo.desk import Desk
from segvg.demo.limits import MAX_UPLOAD
from segvg.demo.server import private_folder, serve
from segvg.utils.errors import InputError
from tests.demo.made import make_model, make_photograph


def test_missing_gradio_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, 'gradio', None)
    with pytest.raises(InputError, match=r"pip install 'segvg\[demo\]'"):
        with serve(lambda folder: None):
            pass


def test_private_folder_is_removed_and_the_environment_restored(monkeypatch):
    monkeypatch.setenv('GRADIO_ALLOWED_PATHS', '/')
    monkeypatch.setenv('GRADIO_TEMP_DIR', '/elsewhere')
    with private_folder() as folder:
        assert os.environ['GRADIO_TEMP_DIR'] == str(folder)
        assert 'GRADIO_ALLOWED_PATHS' not in os.environ
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()
    assert os.environ['GRADIO_TEMP_DIR'] == '/elsewhere'
    assert os.environ['GRADIO_ALLOWED_PATHS'] == '/'


@pytest.fixture(scope='module')
def address(tmp_path_factory):
    pytest.importorskip('gradio', reason="the extra segvg[demo] is not installed")
    desks = []

    def make_desk(folder):
        desks.append(Desk([make_model('TokenizeExpression')], folder))
        return desks[-1]

    photograph = make_photograph(tmp_path_factory.mktemp('examples'))
    with serve(make_desk, examples=[(str(photograph), 'left box')]) as found:
        yield found.rstrip('/')


def get(url, data=None, **headers) -> tuple[int, bytes]:
    """Return status and content of an answer."""
    try:
        with urllib.request.urlopen(urllib.request.Request(
                url, data, headers), timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def send(address, content: bytes, name='photo.png') -> tuple[int, bytes]:
    """Send a file as the page does."""
    mark = uuid.uuid4().hex
    body = (f'--{mark}\r\nContent-Disposition: form-data; name="files"; '
            f'filename="{name}"\r\nContent-Type: image/png\r\n\r\n').encode()
    body += content + f'\r\n--{mark}--\r\n'.encode()
    return get(f'{address}/gradio_api/upload', body,
               **{'Content-Type': f'multipart/form-data; boundary={mark}'})


def ask(address, *values) -> list:
    """Ask as the page does; return what it would show."""
    _, config = get(f'{address}/config')
    [number] = [part['id'] for part in json.loads(config)['dependencies']
                if len(part['outputs']) == 4]
    session = uuid.uuid4().hex
    body = json.dumps(dict(data=values, fn_index=number, session_hash=session))
    status, _ = get(f'{address}/gradio_api/queue/join', body.encode(),
                    **{'Content-Type': 'application/json'})
    assert status == 200
    _, stream = get(f'{address}/gradio_api/queue/data?session_hash={session}')
    events = [json.loads(line[6:]) for line in stream.decode().splitlines()
              if line.startswith('data: ')]
    [done] = [event for event in events if event['msg'] == 'process_completed']
    return done['output'].get('data') or [done['output'].get('error')]


@pytest.mark.slow
def test_page_is_on_this_machine_only_and_loads_nothing_from_elsewhere(address):
    assert address.startswith('http://127.0.0.1:')
    status, page = get(address)
    assert status == 200 and b'fonts.googleapis' not in page
    config = json.loads(get(f'{address}/config')[1])
    assert config['analytics_enabled'] is False
    assert {part['api_visibility'] for part in config['dependencies']} == {'private'}


@pytest.mark.slow
def test_port_that_is_taken_is_told(address):
    taken = urlsplit(address).port
    with pytest.raises(OSError, match=f'port {taken} of 127.0.0.1 is taken'):
        with serve(lambda folder: Desk([make_model()], folder), port=taken):
            pass


@pytest.mark.slow
def test_files_of_the_machine_are_refused(address):
    for path in ('/gradio_api/file=/etc/passwd', '/gradio_api/file=../../etc/passwd',
                 '/gradio_api/file=%2e%2e/%2e%2e/etc/passwd', '/file=/etc/passwd',
                 '/gradio_api/file/etc/passwd', '/gradio_api/file=file:///etc/passwd',
                 f'/gradio_api/file={__file__}', '/static/../../../../etc/passwd',
                 '/static/..%2f..%2f..%2fetc%2fpasswd', '/assets/%2e%2e/%2e%2e/app.py'):
        status, content = get(address + path)
        assert status in (403, 404) and b'root:' not in content, path


@pytest.mark.slow
def test_what_was_sent_is_answered_and_nothing_else(address, tmp_path):
    status, names = send(address, make_photograph(tmp_path).read_bytes())
    [path] = json.loads(names)
    photograph = {'path': path, 'meta': {'_type': 'gradio.FileData'}}
    picture, words, _, content = ask(address, photograph, 'left box\n<b>zebra</b>')
    assert '&lt;b&gt;zebra' in words and 'not in this image' in words
    shown = content['value']['path']
    status, answers = get(f'{address}/gradio_api/file={shown}')
    assert status == 200 and len(json.loads(answers)['answers']) == 2
    for wrong in ('/etc/passwd', __file__, str(tmp_path / 'photo.png'),
                  'http://127.0.0.1:1/a.png'):
        values = ask(address, {**photograph, 'path': wrong}, 'left box')
        assert 'score' not in str(values[1:2])


@pytest.mark.slow
def test_questions_wait_in_the_queue(address):
    _, config = get(f'{address}/config')
    for part in json.loads(config)['dependencies']:
        if len(part['outputs']) == 4:
            status, _ = get(f'{address}/gradio_api/run/predict', json.dumps(dict(
                data=[None, 'left box'], fn_index=part['id'])).encode(),
                **{'Content-Type': 'application/json'})
            assert status >= 400


@pytest.mark.slow
def test_large_files_and_long_texts_are_refused(address, tmp_path):
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    connection.putrequest('POST', '/gradio_api/upload')
    connection.putheader('Content-Length', str(MAX_UPLOAD + 2**17))
    connection.endheaders()
    assert connection.getresponse().status == 413  # before anything was sent
    connection.close()
    _, names = send(address, make_photograph(tmp_path).read_bytes())
    photograph = {'path': json.loads(names)[0], 'meta': {'_type': 'gradio.FileData'}}
    assert 'at most 300' in str(ask(address, photograph, 'x' * 301))


@pytest.mark.slow
def test_files_that_are_not_pictures_are_not_shown_by_the_browser(address):
    status, names = send(address, b'<script>alert(1)</script>', 'page.html')
    path = json.loads(names)[0]
    with urllib.request.urlopen(f'{address}/gradio_api/file={path}') as answer:
        assert answer.headers['content-disposition'].startswith('attachment')
        assert answer.headers['x-content-type-options'] == 'nosniff'
    values = ask(address, {'path': path, 'meta': {'_type': 'gradio.FileData'}}, 'a')
    assert 'cannot be read as an image' in values[1]
