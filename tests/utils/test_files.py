"""A stop while a checkpoint is written leaves the one before."""
import pytest
from mmengine.fileio import LocalBackend, get_file_backend
from mmengine.runner import save_checkpoint

from segvg.checkpoints.io import load_checkpoint
from segvg.utils.files import use_whole_files


def test_stop_leaves_the_file_before(tmp_path, monkeypatch):
    use_whole_files()
    path = tmp_path / 'epoch_1.pth'
    save_checkpoint(dict(epoch=1), str(path))
    whole = LocalBackend.put

    def stop(backend, obj, filepath):
        whole(backend, obj[:20], filepath)
        raise KeyboardInterrupt

    monkeypatch.setattr(LocalBackend, 'put', stop)
    with pytest.raises(KeyboardInterrupt):
        save_checkpoint(dict(epoch=2), str(path))
    assert load_checkpoint(str(path)) == dict(epoch=1)
    monkeypatch.undo()
    save_checkpoint(dict(epoch=2), str(path))
    assert load_checkpoint(str(path)) == dict(epoch=2)


def test_text_and_bytes_are_written_as_before(tmp_path):
    use_whole_files()
    backend = get_file_backend(str(tmp_path))
    backend.put(b'bytes', tmp_path / 'new' / 'a')
    assert backend.get(tmp_path / 'new' / 'a') == b'bytes'
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['a']
