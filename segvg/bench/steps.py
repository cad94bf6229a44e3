"""Runs of a plan: trained, scored, and resumed where they were stopped.

What is done stands in files: ``trained`` names the weights, a card stands for its test.
A process that was killed left neither, so its step is done again, from its last
checkpoint.
"""
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Optional

from segvg.bench.plan import ROOT, Plan, Run, folder_of
from segvg.engine.resume import LAST, find_last_checkpoint, natural_key
from segvg.engine.workflows.folders import StepFolders, check_settings
from segvg.utils.child_processes import Programs
from segvg.utils.files import write_whole
from segvg.utils.layout import find_folder

RESULT = 'trained'
#: A tool that trains in several steps has a note of its own in the same folder.
SETTINGS = 'run_settings.json'
#: Those that runs have started.
PROGRAMS = Programs()


class StepError(RuntimeError):
    """A step of a run failed."""


class RunFolders(StepFolders):
    """The runs of a plan; one is done when all its cards are there.

    Args:
        work_dir: folder of all results.
        plan: what to run.
        say: takes a line about the progress.
    """

    def __init__(self, work_dir: Path, plan: Plan, **kwargs) -> None:
        self.runs = {run.folder: run for run in plan.runs}
        after = {run.folder: [folder_of(run.starts_from, run.seed)]
                 for run in plan.runs if run.starts_from}
        super().__init__(work_dir, list(self.runs), after=after, **kwargs)

    def is_done(self, name: str) -> bool:
        """Return whether all cards of a run are there."""
        run = self.runs[name]
        return all(card_path(self.work_dir, run, split).exists()
                   for split in run.splits)


def card_path(work_dir: Path, run: Run, split: str) -> Path:
    """Return where the card of a split lies."""
    return work_dir / run.folder / 'cards' / f'{split}.json'


def prepare_data(work_dir: Path, plan: Plan, say: Callable[[str], None]) -> None:
    """Make the data that are not there yet.

    Raises:
        StepError: they cannot be made, or others are in their place.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    for command in plan.data:
        say(f'data: {command}')
        _call(command.split(), work_dir / 'data.log', plan.threads)


def train(work_dir: Path, run: Run, plan: Plan) -> Path:
    """Train, or resume it; return the path of the weights.

    Raises:
        StepError: the tool failed or left no weights, or what it starts from has none.
    """
    folder = (work_dir / run.folder).absolute()
    known = trained_weights(work_dir, run.entry, run.seed)
    if known is not None:
        return known
    start = None
    if run.starts_from:
        start = trained_weights(work_dir, run.starts_from, run.seed)
        if start is None:
            raise StepError(f'it starts from {run.starts_from}, which has no weights '
                            'yet')
    _call(_command(folder, run, plan, start), folder / 'train.log', plan.threads)
    weights = find_weights(folder, run.checkpoint)
    write_whole(folder / RESULT, f'{os.path.relpath(weights, folder)}\n')
    return weights


def _command(folder: Path, run: Run, plan: Plan, start: Optional[Path]) -> list[str]:
    """Return the arguments that train a run in a folder, from weights if any."""
    words = [run.command, run.config, '--work-dir', str(folder)]
    options = dict(run.options)
    if run.command == 'tools/partial_res.py':
        words += ['--rec-checkpoint', str(start)] if start else []
    elif run.command == 'tools/train.py' and find_last_checkpoint(folder):
        words.append('--resume')
    elif start:
        options['load_from'] = start
    if run.command == 'tools/train.py' and plan.gpus > 1:
        words = ['-m', 'torch.distributed.run', '--standalone',
                 f'--nproc_per_node={plan.gpus}', *words, '--launcher', 'pytorch']
    return [*words, '--cfg-options', *option_words(options)]


def trained_weights(work_dir: Path, entry: str, seed: int) -> Optional[Path]:
    """Return the weights of an entry's run, None if it was not trained yet."""
    folder = (work_dir / folder_of(entry, seed)).absolute()
    marker = folder / RESULT
    return folder / marker.read_text('utf-8').strip() if marker.exists() else None


def option_words(options: dict[str, Any]) -> list[str]:
    """Return ``--cfg-options`` as a shell takes them."""
    return [f'{key}={value}' for key, value in options.items()]


def find_weights(folder: Path, checkpoint: str) -> Path:
    """Return the weights that a training left.

    Args:
        folder: of the training.
        checkpoint: a pattern, or ``last_checkpoint`` behind the name or pattern of a
            folder. Of several files the last counts, ``round_10`` after ``round_9``.

    Raises:
        StepError: there are none.
    """
    pattern = Path(checkpoint)
    if pattern.name == LAST:
        folders = folder.glob(str(pattern.parent)) if pattern.parts[1:] else [folder]
        found = [path for path in map(find_last_checkpoint, folders) if path]
    else:
        found = list(folder.glob(checkpoint))
    if not found:
        raise StepError(f'the training left no {checkpoint} in {folder}')
    return max(found, key=natural_key).absolute()


def score(work_dir: Path, run: Run, split: str, weights: Path, plan: Plan) -> None:
    """Score a split, unless its card is there.

    Raises:
        StepError: the tool failed.
    """
    card = card_path(work_dir, run, split).absolute()
    if card.exists():
        return
    folder = (work_dir / run.folder).absolute()
    options = {key: value for key, value in run.options.items()
               if not key.startswith(('train_cfg.', 'train_dataloader.'))}
    words = ['--cfg-options', *option_words(options)] if options else []
    _call(['tools/test.py', run.config, str(weights), '--split', split, '--card',
           str(card), '--overwrite', '--work-dir', str(folder / 'tests'), *words],
          folder / f'test_{split}.log', plan.threads)


def perform(steps: RunFolders, run: Run, plan: Plan) -> None:
    """Do what is left of a run.

    Raises:
        StepError: a step failed.
        ValueError: it was begun with other settings.
    """
    def train_and_score(folder: Path) -> None:
        check_settings(folder, run.settings, SETTINGS)
        weights = train(steps.work_dir, run, plan)
        for split in run.splits:
            score(steps.work_dir, run, split, weights, plan)

    folder = steps.folder(run.folder)
    if (folder / SETTINGS).exists():  # of a run that is done, too
        check_settings(folder, run.settings, SETTINGS)
    steps.perform(run.folder, train_and_score)


def _call(arguments: list[str], log: Path, threads: int) -> None:
    """Run a Python program from the root; its output goes to a log.

    Raises:
        StepError: it failed; with its last lines.
    """
    environment = {**os.environ, 'OMP_NUM_THREADS': str(threads)}
    words = [str(find_folder('tools') / word.removeprefix('tools/'))
             if word.startswith('tools/') else word for word in arguments]
    with open(log, 'ab') as out:
        code = PROGRAMS.run([sys.executable, *words], cwd=ROOT, env=environment,
                            stdout=out, stderr=subprocess.STDOUT)
    if code is None:
        raise StepError(f'{" ".join(arguments[:2])} did not begin: all were stopped')
    if code:
        lines = log.read_text('utf-8', errors='replace').splitlines()
        raise StepError(f'{" ".join(arguments[:2])} ended with {code}; the end of '
                        f'{log}:\n' + '\n'.join(lines[-5:]))
