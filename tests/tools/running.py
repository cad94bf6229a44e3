"""Runs a tool of the repository within the test process, as a user would type it."""
import os
import runpy
import subprocess
import sys

import pytest

from tests.tools.prepared import stand_in_python
from tests.toy import ROOT


def run_tool(monkeypatch: pytest.MonkeyPatch, name: str, *arguments) -> None:
    """Run ``python tools/NAME ARGUMENTS`` in this process."""
    monkeypatch.setattr(sys, 'argv', [name, *map(str, arguments)])
    runpy.run_path(str(ROOT / 'tools' / name), run_name='__main__')


def tool_error(monkeypatch: pytest.MonkeyPatch, name: str, *arguments) -> str:
    """Run a tool that must end with a message, and return it."""
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, name, *arguments)
    message = stop.value.code
    assert isinstance(message, str), f'exit code {message!r}, no message'
    return message


def run_shell(*command) -> str:
    """Run a command from the root of the repository and return what it prints."""
    # The scripts call `python`, and PyTorch's launcher what PYTHON_EXEC names.
    with stand_in_python() as python:
        environment = {**os.environ, 'PYTHON_EXEC': str(python),
                       'PATH': f'{python.parent}{os.pathsep}{os.environ["PATH"]}'}
        result = subprocess.run([str(part) for part in command], cwd=ROOT, text=True,
                                capture_output=True, timeout=300, env=environment)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result.stdout
