"""Two processes, one model each: started, compared and timed in turns."""
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Iterator, NamedTuple, Optional, Sequence

from segvg.bench.published.adapter import DECIDED, find_adapter
from segvg.utils.child_processes import die_with_parent
from segvg.utils.errors import InputError
from segvg.utils.layout import PACKAGE

#: Largest difference of an answer, times its largest value if that is above 1.
ANSWERS = 1e-4
#: Largest relative difference of the training loss.
LOSS = 1e-3
#: Largest share of the elements of a hard decision that rounding may turn.
TURNED = 3e-4
#: In this order: training leaves gradients and averages in memory, other weights too.
PHASES = ('infer', 'train')
SHOWN = 15  # last lines that a process has printed, when it fails


class Settings(NamedTuple):
    """How both models are run.

    Attributes:
        device: of both.
        threads: of torch on the CPU.
        iters: measured steps; one more before them is not counted.
        batch_size: images, with a sentence each, of a training step.
        sentences: about the image of an inference.
        python: program that runs the published model; it may have older packages.
    """
    device: str = 'cpu'
    threads: int = 2
    iters: int = 3
    batch_size: int = 2
    sentences: int = 7
    python: str = sys.executable


def read_checkouts(words: Sequence[str]) -> dict[str, Path]:
    """Return the checkouts that ``NAME=DIR`` name.

    Raises:
        InputError: a method is unknown, a folder does not exist, or it does not hold
            the repository of the method.
    """
    checkouts = {}
    for word in words:
        name, equals, folder = word.partition('=')
        if not equals:
            raise InputError(f'{word!r} is not NAME=DIR')
        try:
            adapter = find_adapter(name)
        except ValueError as error:
            raise InputError(str(error)) from None
        path = Path(folder)
        if not path.is_dir():
            raise InputError(f'{word}: the folder {folder} does not exist. To make it: '
                             f'git clone {adapter.repository} {folder}')
        if not (path / adapter.file).is_file():
            raise InputError(f'{word}: the folder does not have {adapter.file}, which '
                             f'every clone of {adapter.repository} has')
        checkouts[name] = path.resolve()
    return checkouts


class Process:
    """The process of one side, which answers commands.

    Args:
        side: ``'ours'`` or ``'theirs'``.
        name: of the adapter.
        folder: where both sides leave files for each other.
        options: passed on to the side.
        python: the program.

    Raises:
        InputError: a command failed; what it printed last is in the message.
    """

    def __init__(self, side: str, name: str, folder: Path, options: dict,
                 python: str) -> None:
        self.title = f'{name}, {side}'
        self.log = folder / f'{side}.log'
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(
            [str(PACKAGE.parent), *filter(None, [os.environ.get('PYTHONPATH')])]))
        with self.log.open('w') as log:
            self.process = subprocess.Popen(
                [python, '-m', 'segvg.bench.published.child', side, name, str(folder),
                 json.dumps(options)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
                cwd=folder, env=environment, preexec_fn=die_with_parent)

    def answer(self) -> dict[str, Any]:
        """Return the answer to the last command; the first is that it is ready."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.wait()
            raise InputError(f'{self.title}: {explain(self.log.read_text("utf-8"))}')
        return json.loads(line)

    def tell(self, command: str, **arguments: Any) -> None:
        """Send a command, and do not wait for its answer."""
        assert self.process.stdin is not None
        try:
            print(json.dumps(dict(arguments, do=command)), file=self.process.stdin,
                  flush=True)
        except BrokenPipeError:
            pass  # it has ended; ``answer`` says why

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Send a command and return its answer."""
        self.tell(command, **arguments)
        return self.answer()

    def __enter__(self) -> 'Process':
        return self

    def __exit__(self, kind: Optional[type], error: Optional[BaseException],
                 trace: Optional[TracebackType]) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                stream.close()


def explain(log: str) -> str:
    """Return what went wrong in a process, from what it printed."""
    lines = [line for line in log.splitlines() if line.strip()]
    last = lines[-1] if lines else 'it ended without a message'
    if last.startswith('ModuleNotFoundError: No module named '):
        package = last.rpartition('named ')[2].strip("'\"").partition('.')[0]
        return (f'the published code needs the package {package!r}, which is not '
                'installed. Install it, or name another Python with '
                '--published-python')
    return '\n'.join([last, *(f'    {line}' for line in lines[-SHOWN:])])


def differences(ours: dict, theirs: dict) -> Iterator[tuple[str, float, float]]:
    """Yield name, difference and tolerance of each answer.

    Raises:
        InputError: the two sides do not have the same answers of the same shapes.
    """
    for name in sorted({*ours, *theirs}):
        a, b = ours.get(name), theirs.get(name)
        if a is None or b is None or a.shape != b.shape:
            shapes = [None if value is None else tuple(value.shape)
                      for value in (a, b)]
            raise InputError(f'{name!r} has the shape {shapes[0]} of ours and '
                             f'{shapes[1]} of the published model')
        largest = float(b.abs().max())
        difference = float((a - b).abs().max())
        if name.endswith('loss'):
            yield name, difference / max(largest, 1e-12), LOSS
        elif name == DECIDED:
            yield name, difference, TURNED
        else:
            yield name, difference / max(1.0, largest), ANSWERS


def check_equal(folder: Path) -> dict[str, float]:
    """Return the differences of all answers that both sides have left.

    Raises:
        InputError: one is larger than allowed, so that a comparison means nothing.
    """
    import torch  # slow
    ours, theirs = (torch.load(folder / f'answers_{side}.pt', weights_only=True)
                    for side in ('ours', 'theirs'))
    found = {}
    for name, difference, allowed in differences(ours, theirs):
        found[name] = difference
        if not difference <= allowed:
            raise InputError(
                f'with the same weights and inputs, {name!r} of ours and of the '
                f'published model differ by {difference:.2g}, {allowed:g} is allowed: '
                'times of different computations are not compared')
    return found


def take_turns(sides: dict[str, Process], phase: str, iters: int) -> dict[str, Any]:
    """Return the times and the memory of both sides in a phase.

    The two take turns, so that what else the machine does strikes both.
    """
    for process in sides.values():
        process.ask('begin', phase=phase)
    steps: dict[str, list[dict]] = {side: [] for side in sides}
    for number in range(iters + 1):
        for side, process in sides.items():
            step = process.ask('step', phase=phase)
            if number:  # the first is to warm up
                steps[side].append(step)
    found: dict[str, Any] = {}
    for side, process in sides.items():
        found[side] = {
            key: statistics.median(step[key] for step in steps[side])
            for key in ('seconds', 'processor')}
        found[side]['mib'] = process.ask('memory')['mib']
    found['ratio'] = {key: found['theirs'][key] / max(found['ours'][key], 1e-9)
                      for key in ('seconds', 'processor', 'mib')}
    return found


def compare(name: str, checkout: Path, settings: Settings,
            phases: Sequence[str] = PHASES) -> dict[str, Any]:
    """Return the figures of a published model and of ours.

    Args:
        name: of the adapter.
        checkout: folder of the published code.
        settings: how both are run.
        phases: what is measured, of ``PHASES``.

    Raises:
        InputError: one of them cannot be run, or they do not answer alike.
    """
    options = settings._asdict()
    python = options.pop('python')
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        sides = {
            'theirs': stack.enter_context(Process(
                'theirs', name, folder, dict(options, checkout=str(checkout)),
                python)),
            'ours': stack.enter_context(Process(
                'ours', name, folder, options, sys.executable))}
        for process in sides.values():
            process.answer()
        told = {side: process.ask('read') for side, process in sides.items()}
        for process in sides.values():
            process.ask('compare')
        equal = check_equal(folder)
        found = {phase: take_turns(sides, phase, settings.iters)
                 for phase in phases}
    return dict(name=name, commit=commit_of(checkout), told=told, differences=equal,
                **found)


def commit_of(checkout: Path) -> Optional[str]:
    """Return the commit of a checkout, None if git does not say."""
    try:
        return subprocess.run(
            ['git', '-C', str(checkout), 'rev-parse', '--short', 'HEAD'], check=True,
            capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def table(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the table in Markdown: ours / theirs, and the ratio."""
    yield ('| method | checkout | s a training step, ours / theirs | ratio | '
           'MiB, ours / theirs | s an image with its sentences, ours / theirs | ratio '
           '| MiB, ours / theirs |')
    yield '|---' * 8 + '|'
    for row in rows:
        cells = [row['name'], row['commit'] or '-']
        for phase in reversed(PHASES):
            if phase not in row:
                cells += ['-'] * 3
                continue
            ours, theirs = row[phase]['ours'], row[phase]['theirs']
            cells += [f'{ours["seconds"]:.2f} / {theirs["seconds"]:.2f}',
                      f'{row[phase]["ratio"]["seconds"]:.2f} x',
                      f'{ours["mib"]:.0f} / {theirs["mib"]:.0f}']
        yield f'| {" | ".join(cells)} |'
