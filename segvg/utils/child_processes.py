"""Programs that a tool starts, and that do not outlive it."""
import signal
import subprocess
import sys


def run_python(*arguments: object) -> None:
    """Run a Python program and wait for it.

    Raises:
        ValueError: it failed; what it has to say, it has printed.
    """
    command = [sys.executable, *map(str, arguments)]
    result = subprocess.run(command, preexec_fn=die_with_parent)
    if result.returncode:
        raise ValueError(f'{" ".join(command)} ended with {result.returncode}')


def die_with_parent() -> None:
    """Ask Linux to end this process with its parent; for ``preexec_fn``.

    A training that outlived the tool that started it would write into the folder where
    the next one goes on.
    """
    if sys.platform == 'linux':
        import ctypes
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
