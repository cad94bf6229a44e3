"""Runs a tool in a process of its own that is killed at a chosen place.

The process is forked from a server that has imported what takes long, so that a kill
costs little. The server only imports: a process that has computed has threads, which a
fork does not take along. With pytest it is forked from the process of the tests, before
the first one.
"""
import importlib
import multiprocessing.util
import os
import runpy
import signal
import sys
import time
import traceback
import warnings
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO, Callable, Optional
from unittest.mock import patch

import torch
from mmengine.logging import MessageHub

from segvg.utils.child_processes import die_with_parent
from tests.toy import ROOT

#: What a training imports, from the first line to the first step of an optimizer.
IMPORTS = ('torch._dynamo', 'segvg.engine.launch', 'segvg.models', 'segvg.datasets',
           'segvg.engine', 'segvg.evaluation', 'segvg.visualization',
           'segvg.engine.hooks', 'mmcv.ops', 'scipy.optimize',
           'torch.utils.cpp_extension', 'tests.tools.killing')


def fork_server() -> BaseContext:
    """Return a context whose processes are forked from the server."""
    context = multiprocessing.get_context('forkserver')
    context.set_forkserver_preload(list(IMPORTS))
    return context


def start_server() -> None:
    """Start the server as a copy of this process, which has imported nearly all."""
    fork_server()
    resource_tracker.ensure_running()  # a program of its own
    with patch.object(multiprocessing.util, 'spawnv_passfds', fork_and_run):
        forkserver.ensure_running()


def fork_and_run(_: bytes, command: list[str], passed: tuple[int, ...]) -> int:
    """Run ``python -c TEXT`` in a process that is forked from this one.

    It keeps the standard streams and the file descriptors that are passed to it. Other
    threads of this process, such as that of pytest-xdist, are not needed there.
    """
    with warnings.catch_warnings():
        warnings.simplefilter('ignore', DeprecationWarning)
        if child := os.fork():
            return child
    try:
        first = 3
        for number in (*sorted(passed), multiprocessing.util.MAXFD):
            os.closerange(first, number)
            first = number + 1
        exec(command[-1])
    finally:
        os._exit(0)


def run_until_killed(name: str, arguments: list, place: tuple) -> None:
    """Run ``python tools/NAME ARGUMENTS`` until it is killed at a place.

    Args:
        name: of the tool.
        arguments: of its command line; programs it starts are run within its process.
        place: name of a module, of a function in it as ``Class.method``, a word that
            the first two arguments of a call must hold, and the call that is killed.
    """
    code = start(name, arguments, place).exitcode
    assert code == -signal.SIGKILL, f'{name} was never at {place}'


def run_for(name: str, arguments: list, seconds: float) -> bool:
    """Run a tool and kill it after a time; returns whether it was killed."""
    process = start(name, arguments, limit=seconds)
    if process.exitcode is None:
        process.kill()
        process.join()
    assert process.exitcode in (0, -signal.SIGKILL), process.exitcode
    return process.exitcode != 0


def start(name: str, arguments: list, place: Optional[tuple] = None,
          limit: float = 300) -> BaseProcess:
    """Start a tool and wait for its end, so long at most."""
    process = fork_server().Process(
        target=_run, args=(name, list(map(str, arguments)), place, os.getcwd()))
    process.start()
    process.join(limit)
    return process


def run_forked(command: list, *, cwd: Path, stdout: BinaryIO, **_) -> int:
    """Run a Python program as ``Programs.run`` does, in a forked process."""
    process = fork_server().Process(
        target=_run_logged, args=([str(word) for word in command[1:]], cwd,
                                  stdout.name))
    process.start()
    process.join()
    return process.exitcode


def run_until_there(sign: Path, words: list, module: str, limit: float = 200) -> None:
    """Run a Python program until a file is there, and kill it.

    Args:
        sign: the file.
        words: the program, below the root, and its arguments.
        module: starts programs of its own by its ``PROGRAMS``; they are forked from
            it, as children that are to end with it.
        limit: seconds after which it is an error.
    """
    process = fork_server().Process(
        target=_run_parent, args=([str(word) for word in words], module))
    process.start()
    end = time.monotonic() + limit
    while not sign.exists() and process.is_alive() and time.monotonic() < end:
        time.sleep(0.02)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL, f'it was over before {sign} was there'


def _run_parent(words: list[str], module: str) -> None:
    importlib.import_module(module).PROGRAMS = SimpleNamespace(
        run=_run_child, begin=lambda: None, end=lambda: None)
    _run_logged(words, ROOT, os.devnull)


def _run_child(command: list, *, cwd: Path, stdout: BinaryIO, **_) -> int:
    """Run a Python program as ``Programs.run`` does, forked from this process."""
    if not (child := os.fork()):
        code = 1
        try:
            die_with_parent()
            _run_logged([str(word) for word in command[1:]], cwd, stdout.name)
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
            if isinstance(stop.code, str):
                print(stop.code, file=sys.stderr)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run_logged(words: list[str], folder: Path, log: str) -> None:
    os.chdir(folder)
    torch.set_num_threads(1)
    for stream in (1, 2):
        os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND), stream)
    sys.argv = words
    runpy.run_path(words[0], run_name='__main__')


def _run(name: str, arguments: list[str], place: Optional[tuple], folder: str) -> None:
    os.chdir(folder)
    torch.set_num_threads(1)
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)
    import segvg.utils.child_processes as children
    children.run_python = run_here
    if place is not None:
        module, path, word, number = place
        owner = importlib.import_module(module)
        *classes, function = path.split('.')
        for part in classes:
            owner = getattr(owner, part)
        setattr(owner, function, killing(getattr(owner, function), word, number))
    run_here(ROOT / 'tools' / name, *arguments)


def killing(function: Callable, word: str, number: int) -> Callable:
    """Return a function that kills the process at a call."""
    calls = []

    def wrapped(*args, **kwargs):
        if word in ' '.join(map(describe, args[:2])):
            calls.append(1)
            if len(calls) == number:
                os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)
    return wrapped


def describe(value: object) -> str:
    """Return where a runner or a writer works, or the value as text."""
    for name in ('work_dir', 'folder', 'out_dir'):
        if hasattr(value, name):
            return str(getattr(value, name))
    return str(value)


def run_here(*arguments: object) -> None:
    """Run a Python program in this process; as ``run_python``."""
    words, before = [str(word) for word in arguments], sys.argv
    # mmengine knows a training by its config and second: two may be one in a process
    MessageHub._instance_dict.clear()
    sys.argv = [Path(words[0]).name, *words[1:]]
    try:
        runpy.run_path(words[0], run_name='__main__')
    except SystemExit as stop:
        if stop.code:
            raise ValueError(f'{words} ended with {stop.code}') from stop
    finally:
        sys.argv = before
