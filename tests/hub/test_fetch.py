"""Files from a hub, Google Drive or an https server, or downloaded by hand."""
import hashlib
import sys
from types import SimpleNamespace

import pytest

from segvg.hub.fetch import fetch, reason_of, way_of
from segvg.utils.errors import InputError
from tests.hub.server import use_as_hub

HUB = 'https://huggingface.co/owner/name/resolve/main/part/a%2Bb.pth'
FILE = 'https://drive.google.com/file/d/1n-ReX/view?usp=sharing'
FOLDER = 'https://drive.google.com/drive/u/0/folders/1oK_r'


@pytest.mark.parametrize('address, file, way', [
    (HUB, '', 'hub'), (FILE, '', 'drive'), (FOLDER, 'a.pth', 'drive'),
    (FOLDER, '', 'by hand'), ('https://pan.baidu.com/s/1m?pwd=h', '', 'by hand'),
    ('https://zenodo.org/record/1/files/a%2B.pth?download=1', '', 'https')])
def test_way_of_an_address(address, file, way):
    assert way_of(address, file) == way


def test_file_of_a_hub_is_fetched_by_its_client(server, tmp_path, monkeypatch):
    use_as_hub(monkeypatch, server)
    server.files['/owner/name/resolve/main/part/a+b.pth'] = b'weights'
    fetch(HUB, tmp_path / 'x/a.pth', size=7)
    assert (tmp_path / 'x/a.pth').read_bytes() == b'weights'
    assert [path.name for path in (tmp_path / 'x').iterdir()] == ['a.pth']
    with pytest.raises(InputError, match='7 bytes, more than the limit of 3'):
        fetch(HUB, tmp_path / 'b.pth', limit=3)


class Drive:
    """What the tests need of gdown."""

    def download_folder(self, id, skip_download, **kwargs):
        assert id == '1oK_r' and skip_download
        return [SimpleNamespace(path=f'ckpt/{name}.pth', id=name) for name in 'ab']

    def download(self, id, output, **kwargs):
        with open(output, 'w') as stream:
            stream.write(f'file {id}')


def test_file_and_folder_of_google_drive(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'gdown', Drive())
    fetch(FILE, tmp_path / '1.pth')
    fetch(FOLDER, tmp_path / '2.pth', file='b.pth')
    assert [path.read_text() for path in sorted(tmp_path.iterdir())] == [
        'file 1n-ReX', 'file b']
    with pytest.raises(InputError, match='the folder has no c.pth'):
        fetch(FOLDER, tmp_path / '3.pth', file='c.pth')
    for size in (None, 10):
        with pytest.raises(InputError, match='more bytes than the limit of 3'):
            fetch(FILE, tmp_path / '4.pth', size=size, limit=3)
    monkeypatch.setattr(Drive, 'download', lambda *args, **kwargs: None)
    with pytest.raises(InputError, match='gdown wrote no file'):
        fetch(FILE, tmp_path / '5.pth')


def test_missing_gdown_is_reported(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'gdown', None)
    with pytest.raises(InputError, match=r"pip install 'segvg\[download\]'"):
        fetch(FILE, tmp_path / 'a.pth')


@pytest.mark.parametrize('address', [
    FOLDER, HUB, 'https://127.0.0.1:9/a.pth', 'https://pan.baidu.com/s/1m?pwd=h'])
def test_error_names_address_and_path_for_a_file_fetched_by_hand(tmp_path, address):
    """Tests run without network; so does the client of the hub."""
    path = tmp_path / 'source/a.pth'
    with pytest.raises(InputError) as error:
        fetch(address, path)
    message = str(error.value)
    assert message.startswith(f'{address} was not fetched (') and '\n' not in message
    assert f'save the file as {path}, then run this again' in message


def test_reason_of_an_error_is_one_plain_line():
    assert reason_of(ValueError('a\x1b[1m\nb')) == 'a\\x1b[1m'
    assert reason_of(KeyError()) == 'KeyError'


def test_existing_file_is_used_if_size_and_hash_are_right(tmp_path):
    path = tmp_path / 'a.pth'
    path.write_bytes(b'weights')
    sha256 = hashlib.sha256(b'weights').hexdigest()
    fetch(FOLDER, path, size=7, sha256=sha256.upper())
    with pytest.raises(InputError, match='a.pth has 7 bytes; the file at .* has 8'):
        fetch(FOLDER, path, size=8)
    with pytest.raises(InputError, match=f'a.pth has the SHA-256 {sha256}; the file'):
        fetch(FOLDER, path, sha256=64 * '0')
    assert path.exists()
