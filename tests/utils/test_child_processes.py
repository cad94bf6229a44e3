"""What a tool starts ends with it."""
import os
import signal
import subprocess
import sys
import time

import pytest

from segvg.utils.child_processes import run_python

CHILD = 'import os, time; print(os.getpid(), flush=True); time.sleep(60)'
PARENT = ('from segvg.utils.child_processes import run_python\n'
          f'run_python("-c", {CHILD!r})')


def is_running(number: int) -> bool:
    """Whether a process is there and no mere remains of one."""
    try:
        with open(f'/proc/{number}/stat') as file:
            return file.read().rpartition(')')[2].split()[0] != 'Z'
    except FileNotFoundError:
        return False


def test_failure_is_told():
    with pytest.raises(ValueError, match='ended with 3'):
        run_python('-c', 'raise SystemExit(3)')


@pytest.mark.skipif(sys.platform != 'linux', reason='only Linux can be asked for it')
def test_child_ends_with_its_killed_parent():
    parent = subprocess.Popen([sys.executable, '-c', PARENT], text=True,
                              stdout=subprocess.PIPE)
    child = int(parent.stdout.readline())
    assert is_running(child)
    os.kill(parent.pid, signal.SIGKILL)
    assert parent.wait() == -signal.SIGKILL
    end = time.monotonic() + 10
    while is_running(child) and time.monotonic() < end:
        time.sleep(0.02)
    assert not is_running(child)
