"""Programs that a tool starts, and that do not outlive it."""
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Optional, Sequence

from segvg.utils.layout import PACKAGE, find_folder

#: Where paths of plans begin: the root of a clone, else the current folder.
ROOT = PACKAGE.parent if (PACKAGE.parent / 'configs').is_dir() else Path.cwd()

#: Seconds that programs have to end by themselves: Ctrl-C reaches them, too.
GRACE = 3.0


class Programs:
    """Programs that threads start and wait for, and that can all be ended."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen] = set()
        self._lock = threading.Lock()
        self._may_start = True

    def run(self, command: Sequence[str], **options: Any) -> Optional[int]:
        """Run a program and return its exit code; None: all were ended before.

        Args:
            command: of the program.
            options: of ``Popen``.
        """
        with self._lock:
            if not self._may_start:
                return None
            process = subprocess.Popen(command, preexec_fn=die_with_parent, **options)
            self._running.add(process)
        try:
            return process.wait()
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            with self._lock:
                self._running.discard(process)

    def begin(self) -> None:
        """Let programs start again."""
        with self._lock:
            self._may_start = True

    def end(self) -> None:
        """Let no program start any more, and ask those that run to end."""
        with self._lock:
            self._may_start = False
            running = list(self._running)
        limit = time.monotonic() + GRACE
        for process in running:
            try:
                process.wait(max(limit - time.monotonic(), 0))
            except subprocess.TimeoutExpired:
                process.terminate()


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
