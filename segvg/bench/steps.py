"""Runs of a plan: trained, scored, and gone on with where they were stopped.

What is done stands in files: ``trained`` holds the path of the weights, a card stands
for its test. A process that was killed left neither, so its step is done again, from
its last checkpoint.
"""
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Optional

from segvg.bench.plan import ROOT, Plan, Run, folder_of
from segvg.utils.child_processes import die_with_parent

RESULT = 'trained'
SETTINGS = 'run.json'


class StepError(RuntimeError):
    """A step of a run failed."""


def card_path(work_dir: Path, run: Run, split: str) -> Path:
    """Return where the card of a split lies."""
    return work_dir / run.folder / 'cards' / f'{split}.json'


def is_done(work_dir: Path, run: Run) -> bool:
    """Whether all cards of a run are there."""
    return all(card_path(work_dir, run, split).exists() for split in run.splits)


def prepare_data(work_dir: Path, plan: Plan, say: Callable[[str], None]) -> None:
    """Make the data that are not there yet.

    Raises:
        StepError: they cannot be made, or others are in their place.
    """
    work_dir.mkdir(parents=True, exist_ok=True)
    for command in plan.data:
        say(f'data: {command}')
        _call(command.split(), work_dir / 'data.log', plan.threads)


def check_settings(work_dir: Path, run: Run) -> None:
    """Refuse to go on with a run that began with other settings.

    Raises:
        StepError: it did.
    """
    path = work_dir / run.folder / SETTINGS
    fingerprint = run.fingerprint
    if path.exists():
        known = json.loads(path.read_text('utf-8'))
        if known['fingerprint'] != fingerprint:
            raise StepError(f'{path.parent} began with another config or other '
                            'options: remove it, or take another --work-dir')
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix('.part')
    partial.write_text(json.dumps(dict(run._asdict(), fingerprint=fingerprint),
                                  indent=1) + '\n', 'utf-8')
    partial.replace(path)


def train(work_dir: Path, run: Run, plan: Plan) -> Path:
    """Train, or go on with it; return the path of the weights.

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
    marker = folder / RESULT
    partial = marker.with_suffix('.part')
    partial.write_text(f'{weights}\n', 'utf-8')
    partial.replace(marker)
    return weights


def _command(folder: Path, run: Run, plan: Plan, start: Optional[Path]) -> list[str]:
    """Return the arguments that train a run in a folder, from weights if any."""
    words = [run.command, run.config, '--work-dir', str(folder)]
    # what is drawn in an epoch hangs on its number alone: a stop changes nothing
    options = {**run.options, 'default_hooks.epoch_seed.type': 'EpochSeedHook'}
    if run.command == 'tools/partial_res.py':
        words += ['--rec-checkpoint', str(start)] if start else []
    elif run.command == 'tools/train.py' and (folder / 'last_checkpoint').exists():
        words.append('--resume')
    elif start:
        options['load_from'] = start
    if run.command == 'tools/train.py' and plan.gpus > 1:
        words = ['-m', 'torch.distributed.run', '--standalone',
                 f'--nproc_per_node={plan.gpus}', *words, '--launcher', 'pytorch']
    return [*words, '--cfg-options', *option_words(options)]


def trained_weights(work_dir: Path, entry: str, seed: int) -> Optional[Path]:
    """Return the weights of an entry's run, None if it was not trained yet."""
    marker = work_dir / folder_of(entry, seed) / RESULT
    return Path(marker.read_text('utf-8').strip()) if marker.exists() else None


def option_words(options: dict[str, Any]) -> list[str]:
    """Return ``--cfg-options`` as a shell takes them."""
    return [f'{key}={value}' for key, value in options.items()]


def find_weights(folder: Path, checkpoint: str) -> Path:
    """Return the weights that a training left.

    Raises:
        StepError: there are none.
    """
    found = sorted(folder.glob(checkpoint))
    if not found:
        raise StepError(f'the training left no {checkpoint} in {folder}')
    if found[-1].suffix == '.pth':
        return found[-1]
    return Path(found[-1].read_text('utf-8').strip())


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
           str(card), '--work-dir', str(folder / 'tests'), *words],
          folder / f'test_{split}.log', plan.threads)


def perform(work_dir: Path, run: Run, plan: Plan) -> None:
    """Do what is left of a run.

    Raises:
        StepError: a step failed.
    """
    check_settings(work_dir, run)
    weights = train(work_dir, run, plan)
    for split in run.splits:
        score(work_dir, run, split, weights, plan)


def _call(arguments: list[str], log: Path, threads: int) -> None:
    """Run a Python program from the root; its output goes to a log.

    Raises:
        StepError: it failed; with its last lines.
    """
    environment = {**os.environ, 'OMP_NUM_THREADS': str(threads)}
    with open(log, 'ab') as out:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=out,
            stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
    if done.returncode:
        lines = log.read_text('utf-8', errors='replace').splitlines()
        raise StepError(f'{" ".join(arguments[:2])} ended with {done.returncode}; the '
                        f'end of {log}:\n' + '\n'.join(lines[-5:]))
