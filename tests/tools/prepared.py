"""Starts Python programs that are forked from a process that has imported already.

Where a script or a launcher starts ``python``, importing PyTorch again takes seconds
each time. The stand-in passes its command, folder, environment and streams on to a
server, which forks a process for it.
"""
import json
import os
import runpy
import select
import signal
import socket
import sys
import tempfile
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator

import torch

from segvg.utils.child_processes import die_with_parent
from tests.tools.killing import fork_server

LARGEST = 1 << 17  # bytes of a request: it is one message
STAND_IN = """#!{python} -IS
import json, os, socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
server.connect({address!r})
request = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)])
socket.send_fds(server, [request.encode()], [0, 1, 2])
sys.exit(int(server.recv(10) or 1))
"""


@contextmanager
def stand_in_python() -> Iterator[Path]:
    """Give the path of a ``python`` whose programs are forked, in a folder of its own.

    It takes ``-u``, ``-m MODULE`` or a file, and arguments.
    """
    with tempfile.TemporaryDirectory() as folder:
        address = f'{folder}/server'
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(address)
            listener.listen()
            server = fork_server().Process(target=serve, args=(listener, ))
            server.start()
        python = Path(folder, 'bin', 'python')
        python.parent.mkdir()
        python.write_text(STAND_IN.format(python=sys.executable, address=address))
        python.chmod(0o700)
        try:
            yield python
        finally:
            server.kill()
            server.join()


def serve(listener: socket.socket) -> None:
    """Answer each stand-in in a process of its own."""
    die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for these
    while True:
        stand_in, _ = listener.accept()
        with stand_in:
            if not os.fork():
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                answer(stand_in)
                os._exit(0)


def answer(stand_in: socket.socket) -> None:
    """Run the program of a stand-in; it ends with it."""
    request, streams, *_ = socket.recv_fds(stand_in, LARGEST, 3)
    words, folder, environment = json.loads(request)
    if not (child := os.fork()):
        stand_in.close()
        os._exit(run_program(words, folder, environment, streams))
    for stream in streams:
        os.close(stream)
    ended = os.pidfd_open(child)
    if ended not in select.select([ended, stand_in], [], [])[0]:
        os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    stand_in.send(b'%d' % (code if code >= 0 else 128 - code))


def run_program(words: list[str], folder: str, environment: dict[str, str],
                streams: list[int]) -> int:
    """Be a program, in a forked process; returns its exit code."""
    die_with_parent()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    torch.set_num_threads(1)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    sys.argv = [word for word in words if word != '-u']
    try:
        if sys.argv[0] == '-m':
            sys.path.insert(0, folder)
            sys.argv = sys.argv[1:]
            runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)
        else:
            sys.path.insert(0, str(Path(sys.argv[0]).absolute().parent))
            runpy.run_path(sys.argv[0], run_name='__main__')
    except SystemExit as stop:
        if isinstance(stop.code, str):
            print(stop.code, file=sys.stderr)
        return stop.code if isinstance(stop.code, int) else int(bool(stop.code))
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0
