"""Whatever mmengine reads, it reads by the safe loader."""
import os

import pytest
import torch
from mmengine.runner import checkpoint as mmengine_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader

from segvg.checkpoints import mmengine_loader
from segvg.checkpoints.mmengine_loader import load_from_http, use_safe_loader


class Bomb:
    """Runs a command when it is unpickled freely."""

    def __reduce__(self):
        return os.system, ('echo boom > boom.txt',)


@pytest.fixture
def bad(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(Bomb(), 'bad.pth')
    yield 'bad.pth'
    assert not (tmp_path / 'boom.txt').exists()


@pytest.mark.parametrize('load', [
    CheckpointLoader.load_checkpoint, mmengine_checkpoint._load_checkpoint,
    lambda path: mmengine_checkpoint._load_checkpoint_with_prefix('a', path),
    lambda path: mmengine_checkpoint.load_checkpoint(torch.nn.Linear(1, 1), path),
    lambda path: mmengine_checkpoint.load_from_local(path, 'cpu')])
def test_local_files(bad, load):
    use_safe_loader()
    with pytest.raises(ValueError, match='bad.pth cannot be read as a checkpoint'):
        load(bad)


@pytest.mark.parametrize('address', [
    'http://example.invalid/x/bad.pth', 'https://example.invalid/bad.pth?a=b'])
def test_downloads(bad, tmp_path, monkeypatch, address):
    def download(url, path, progress):
        os.replace('bad.pth', path)

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path / 'hub'))
    with pytest.raises(ValueError, match='bad.pth cannot be read as a checkpoint'):
        CheckpointLoader.load_checkpoint(address)
    with pytest.raises(ValueError, match='does not name a file'):
        load_from_http('http://example.invalid/')


@pytest.mark.parametrize('address', ['s3://a/b.pth', 'x:s3://a/b.pth', 'pavi://a'])
def test_other_stores_are_refused(address):
    with pytest.raises(ValueError, match='copy the file and name its path'):
        CheckpointLoader.load_checkpoint(address)


def test_model_collections_use_the_same_download(monkeypatch):
    assert mmengine_checkpoint.load_from_http is mmengine_loader.load_from_http
