"""Files are written whole, whatever stops it; errors name them; nothing is left over.
"""
import errno
import os
import subprocess
import sys

import pytest
from mmengine.fileio import get_file_backend
from mmengine.runner import save_checkpoint

from segvg.checkpoints.io import load_checkpoint
from segvg.utils.file_backend import use_whole_files
from segvg.utils.files import whole_file, write_whole


def names(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize('stop', [KeyboardInterrupt, OSError(errno.ENOSPC, 'full')])
def test_stop_leaves_the_file_before(stop, tmp_path, monkeypatch):
    use_whole_files()
    path = tmp_path / 'epoch_1.pth'
    save_checkpoint(dict(epoch=1), str(path))

    def fail(number):
        raise stop

    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises((KeyboardInterrupt, OSError)):
        save_checkpoint(dict(epoch=2), str(path))
    monkeypatch.undo()
    assert load_checkpoint(str(path)) == dict(epoch=1)
    assert names(tmp_path) == [path.name]
    save_checkpoint(dict(epoch=2), str(path))
    assert load_checkpoint(str(path)) == dict(epoch=2)


def test_full_disk_is_told_with_the_name(tmp_path):
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        write_whole('/dev/full', 'x' * 100)


def test_forbidden_folder_is_told_with_the_name(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(OSError, match='file'):
        write_whole(tmp_path / 'file' / 'below', 'text')


def test_part_of_a_killed_process_is_removed(tmp_path):
    """The next good writing of the same file does it, and leaves those of others."""
    program = ('import os; from segvg.utils.files import whole_file\n'
               f'with whole_file({str(tmp_path / "a")!r}) as stream:\n'
               '    stream.write(b"1"); stream.flush(); os.kill(os.getpid(), 9)')
    subprocess.run([sys.executable, '-c', program], check=False)
    assert len(names(tmp_path)) == 1 and names(tmp_path)[0].endswith('.part')
    with whole_file(tmp_path / 'b') as stream:
        stream.write(b'2')
        assert len(names(tmp_path)) == 2
    assert len(names(tmp_path)) == 2
    write_whole(tmp_path / 'a', 'text')
    assert names(tmp_path) == ['a', 'b']


def test_links_are_followed(tmp_path):
    (tmp_path / 'file').touch()
    (tmp_path / 'link').symlink_to('file')
    write_whole(tmp_path / 'link', 'text')
    assert (tmp_path / 'file').read_text() == 'text'
    assert (tmp_path / 'link').is_symlink()


def test_text_and_bytes_are_written_as_before(tmp_path):
    use_whole_files()
    backend = get_file_backend(str(tmp_path))
    backend.put(b'bytes', tmp_path / 'new' / 'a')
    assert backend.get(tmp_path / 'new' / 'a') == b'bytes'
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['a']
