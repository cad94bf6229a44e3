"""Downloads that are interrupted, changed, too large or redirected."""
import pytest

from segvg.hub.http_download import download
from segvg.utils.errors import InputError

DATA = bytes(range(256)) * 64


def test_complete_file_is_the_only_one_left(server, tmp_path):
    server.files['/a.pth'] = DATA
    download(f'{server.address}/a.pth', tmp_path / 'new/a.pth', limit=len(DATA))
    assert (tmp_path / 'new/a.pth').read_bytes() == DATA
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['a.pth']


@pytest.mark.parametrize('changed', [False, True])
def test_interrupted_file_is_resumed_unless_it_changed(server, tmp_path, changed):
    server.files['/a.pth'], server.cut = DATA, 5000
    with pytest.raises(InputError, match=f'ended after 5000 of {len(DATA)} bytes'):
        download(f'{server.address}/a.pth', tmp_path / 'a.pth', limit=10**6)
    assert not (tmp_path / 'a.pth').exists()
    server.cut, other = None, DATA[::-1]
    if changed:
        server.files['/a.pth'] = other
    download(f'{server.address}/a.pth', tmp_path / 'a.pth', limit=10**6)
    assert server.log[-1] == ('GET', '/a.pth', 'bytes=5000-')
    assert (tmp_path / 'a.pth').read_bytes() == (other if changed else DATA)


def test_large_file_is_refused_before_it_is_fetched(server, tmp_path):
    server.files['/a.pth'] = DATA
    with pytest.raises(InputError, match=f'{len(DATA)} bytes, more than .* 1000'):
        download(f'{server.address}/a.pth', tmp_path / 'a.pth', limit=1000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('address', [
    'http://example.com/a.pth', 'file:///etc/passwd', 'ftp://example.com/a.pth'])
def test_only_https_is_fetched_also_after_a_redirection(server, tmp_path, address):
    with pytest.raises(InputError, match='only https addresses'):
        download(address, tmp_path / 'a.pth', limit=10)
    server.redirect = address
    with pytest.raises((InputError, OSError), match='only https|not allowed'):
        download(f'{server.address}/a.pth', tmp_path / 'a.pth', limit=10)


def test_missing_file_and_server_are_reported(server, tmp_path):
    with pytest.raises(OSError, match='the server answers 404'):
        download(f'{server.address}/a.pth', tmp_path / 'a.pth', limit=10)
    with pytest.raises(OSError, match='127.0.0.1 cannot be reached: .*refused'):
        download('http://127.0.0.1:9/a.pth', tmp_path / 'a.pth', limit=10)
