"""Programs that a tool starts, and that do not outlive it."""
import signal
import subprocess
import sys
from pathlib import Path

from segvg.utils.layout import PACKAGE, find_folder

#: Where paths of plans begin: the root of a clone, else the current folder.
ROOT = PACKAGE.parent if (PACKAGE.parent / 'configs').is_dir() else Path.cwd()


def run_tool(name: str, *arguments: object) -> None:
    """Run ``tools/NAME`` and wait for it; as ``run_python``."""
    run_python(find_folder('tools') / name, *arguments)


def run_python(*arguments: object) -> None:
    """Run a Python program and wait for it.

    Raises:
        ValueError: it failed; its message was printed.
    """
    command = [sys.executable, *map(str, arguments)]
    result = subprocess.run(command, preexec_fn=die_with_parent)
    if result.returncode:
        raise ValueError(f'{" ".join(command)} ended with {result.returncode}')


def die_with_parent() -> None:
    """Ask Linux to end this process with its parent; for ``preexec_fn``.

    A training that outlived the tool that started it would go on writing into the
    folder in which the next one resumes it.
    """
    if sys.platform == 'linux':
        import ctypes
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
