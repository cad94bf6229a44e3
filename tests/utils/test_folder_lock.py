"""A folder is used by one process at a time."""
import os
import signal
import subprocess
import sys

import pytest

from segvg.utils import folder_lock
from segvg.utils.folder_lock import FolderInUseError, is_first_process, lock_folder

HOLD = (
    'import sys, time; from segvg.utils.folder_lock import lock_folder\n'
    'with lock_folder(sys.argv[1]):\n    print("mine", flush=True); time.sleep(60)')

#: As above, with a process that was forked and lives on.
FORK = (
    'import os, sys, time; from segvg.utils.folder_lock import lock_folder\n'
    'with lock_folder(sys.argv[1]):\n'
    '    child = os.fork()\n    if child: print(child, flush=True)\n'
    '    time.sleep(60)')


@pytest.fixture
def holder(tmp_path):
    """A process that has the lock of a folder."""
    process = subprocess.Popen([sys.executable, '-c', HOLD, str(tmp_path)],
                               stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == 'mine\n'
    yield process
    process.kill()
    process.wait()


def test_second_process_is_refused_by_the_name_of_the_first(holder, tmp_path,
                                                            monkeypatch):
    monkeypatch.setattr(folder_lock, 'PATIENCE', 0.1)
    with pytest.raises(FolderInUseError, match=f'in use by process {holder.pid} on'):
        with lock_folder(tmp_path):
            pass


def test_killed_process_gives_the_folder_free(holder, tmp_path):
    holder.send_signal(signal.SIGKILL)
    with lock_folder(tmp_path):
        pass
    assert os.listdir(tmp_path) == []


def test_forked_process_does_not_keep_the_folder(tmp_path, monkeypatch):
    """As a worker that loads data, when the training is killed."""
    monkeypatch.setattr(folder_lock, 'PATIENCE', 0.5)
    with subprocess.Popen([sys.executable, '-c', FORK, str(tmp_path)],
                          stdout=subprocess.PIPE, text=True) as process:
        child = int(process.stdout.readline())
        try:
            with pytest.raises(FolderInUseError), lock_folder(tmp_path):
                pass
            process.kill()
            process.wait()
            os.kill(child, 0)  # it is still there
            with lock_folder(tmp_path):
                pass
        finally:
            os.kill(child, signal.SIGKILL)


def test_lock_and_old_parts_are_removed(tmp_path):
    host = folder_lock.socket.gethostname().replace('.', '-')
    (tmp_path / f'.scores.json.{host}.99999999.part').touch()
    (tmp_path / 'work').mkdir()
    (tmp_path / 'work' / 'empty.log').touch()
    for _ in range(2):
        with lock_folder(tmp_path / 'work'), lock_folder(tmp_path):
            assert sorted(os.listdir(tmp_path)) == ['.lock', 'work']
    assert os.listdir(tmp_path) == ['work'] and os.listdir(tmp_path / 'work') == []


@pytest.mark.parametrize('variable', ['RANK', 'SLURM_PROCID'])
def test_first_process_of_several(variable, monkeypatch):
    for name in ('RANK', 'SLURM_PROCID'):
        monkeypatch.delenv(name, raising=False)
    assert is_first_process()
    monkeypatch.setenv(variable, '1')
    assert not is_first_process()
