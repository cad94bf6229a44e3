"""A program with streams for its commands and answers, forked instead of started."""
import os
import runpy
import sys
from multiprocessing.reduction import DupFd
from pathlib import Path
from typing import IO, Any

import torch

from tests.tools.killing import fork_server


class ForkedChild:
    """Stands in for ``subprocess.Popen`` of ``python -m MODULE ARGUMENTS``.

    It is forked from the server that has imported what takes long. Settings of a
    program that is started anew are left out: its environment, and that it is to end
    with its parent.
    """

    def __init__(self, command: list[str], *, stderr: IO[str], cwd: Path, **_: Any
                 ) -> None:
        assert command[:2] == [sys.executable, '-m']
        (commands, stdin), (stdout, answers) = os.pipe(), os.pipe()
        self.process = fork_server().Process(
            target=run_module, args=(command[2:], cwd, stderr.name, Passed(commands),
                                     Passed(answers)))
        self.process.start()
        os.close(commands)
        os.close(answers)
        self.stdin, self.stdout = open(stdin, 'w'), open(stdout)

    def kill(self) -> None:
        """Kill it."""
        self.process.kill()

    def wait(self) -> None:
        """Wait for its end."""
        self.process.join()


class Passed:
    """A file descriptor that is passed on to a process with its arguments."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __reduce__(self) -> tuple:
        return receive, (DupFd(self.number), )


def receive(descriptor: Any) -> int:
    """Return the number that a passed descriptor has in this process."""
    return descriptor.detach()


def run_module(words: list[str], folder: Path, log: str, stdin: int, stdout: int
               ) -> None:
    """Run a module as a program, in a forked process."""
    os.chdir(folder)
    torch.set_num_threads(1)
    for stream, own in enumerate((stdin, stdout, os.open(log, os.O_WRONLY))):
        os.dup2(own, stream)
        os.close(own)
    sys.stdin, sys.argv = open(0), words
    runpy.run_module(words[0], run_name='__main__')
