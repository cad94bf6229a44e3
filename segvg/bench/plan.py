"""A plan: methods x data x seeds, in a small file that mmengine's Config reads.

    name = 'synthref_cpu'            # of the table and of the folder in work_dirs/
    seeds = [0, 1]
    splits = ['val', 'testA', 'testB']
    scores = ['rec/acc@0.5', 'res/mIoU']    # columns of the table
    epochs = 10                      # the budget of every entry, unless it says so
    threads = 1                      # of every process
    gpus = 0                         # of every training; 0 is a training on the CPU
    options = {'train_dataloader.num_workers': 0}      # --cfg-options of all
    data = ['tools/make_synthref.py --level L0 --seed 0 --out data/synthref_l0']
    entries = [
        dict(name='SegVG', config='configs/segvg/segvg_tiny_synthref_l0.py'),
        dict(name='Partial-RES 5 %', config='...', command='tools/partial_res.py',
             checkpoint='5_retrain/last_checkpoint', epochs=3),
        dict(name='SegVG, L1', config='...', starts_from='SegVG')]

An entry may have ``options``, ``epochs``, ``splits``, ``scores`` and ``seeds`` of its
own; ``command`` is the tool that trains it, with the config, --work-dir and
--cfg-options as arguments, and ``checkpoint`` what it leaves: ``last_checkpoint`` in a
folder, or a pattern such as ``best_*.pth``.
``starts_from`` names an entry before it, whose weights of the same seed it begins with.
``data`` are commands that make the data. They run first, every time, so each keeps what
it made before and refuses what was made otherwise.
"""
from pathlib import Path
from typing import Any, NamedTuple, Optional

from mmengine.config import Config

from segvg.utils.child_processes import ROOT
from segvg.utils.configs import check_program, load
from segvg.utils.layout import find_config

KEYS = ('name', 'seeds', 'splits', 'scores', 'epochs', 'threads', 'gpus', 'options',
        'data', 'entries')
ENTRY_KEYS = ('name', 'config', 'command', 'checkpoint', 'options', 'epochs', 'splits',
              'scores', 'seeds', 'starts_from')
NEEDED = ('name', 'splits', 'scores', 'entries')


class Run(NamedTuple):
    """One training of an entry, with one seed, and its tests.

    Attributes:
        entry: name of the entry.
        config: path of its config.
        seed: of the training.
        splits: to score.
        command: tool that trains.
        checkpoint: what it leaves in its folder: ``last_checkpoint``, or a pattern
            whose last match counts.
        options: ``--cfg-options`` of the training.
        starts_from: the entry whose weights it begins with.
        scores: of the table.
    """
    entry: str
    config: str
    seed: int
    splits: tuple[str, ...]
    command: str
    checkpoint: str
    options: dict[str, Any]
    starts_from: Optional[str]
    scores: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Name of its folder."""
        return folder_of(self.entry, self.seed)

    @property
    def settings(self) -> dict[str, Any]:
        """All that decides its results, but for code and data."""
        config = load(config_path(self.config)).to_dict()
        return dict(config=self.config, seed=self.seed, command=self.command,
                    checkpoint=self.checkpoint, options=self.options,
                    starts_from=self.starts_from,
                    **{f'config.{key}': value for key, value in config.items()})


def config_path(name: str) -> Path:
    """Return the path of a config, as a plan names it from the root of a clone."""
    path = ROOT / name
    return path if path.is_file() else find_config(name)


def folder_of(entry: str, seed: int) -> str:
    """Return the name of the folder of an entry's run.

    A plus has a word, since RefCOCO and RefCOCO+ are two data sets.
    """
    word = ''.join(letter if letter.isalnum() else '_'
                   for letter in entry.replace('+', ' plus '))
    return f'{word.strip("_").lower()}/seed_{seed}'


class Plan(NamedTuple):
    """What a plan file says; ``runs`` go seed by seed, so that a table is soon there.
    """
    name: str
    scores: tuple[str, ...]
    threads: int
    gpus: int
    data: tuple[str, ...]
    runs: tuple[Run, ...]


def read_plan(path: Path) -> Plan:
    """Return the plan of a file.

    Raises:
        FileNotFoundError: it or a config that it names does not exist.
        ValueError: a key is missing, unknown or wrong.
    """
    path = Path(path)
    check_program(path, 'plan')
    content = Config.fromfile(path).to_dict()
    _check_keys(path, content, KEYS, NEEDED)
    names = [entry.get('name') for entry in content['entries']]
    if len(set(names)) < len(names):
        raise ValueError(f'{path}: two entries have the same name, of {names}')
    runs = [run for entry in content['entries'] for run in _runs_of(path, content,
                                                                    entry)]
    if not runs:
        raise ValueError(f'{path} has no entries')
    folders: dict[str, str] = {}
    for run in runs:
        other = folders.setdefault(run.folder, run.entry)
        if other != run.entry:
            raise ValueError(f'{path}: the entries {other!r} and {run.entry!r} would '
                             f'have one folder, {run.folder}: give one another name')
    _check_starts(path, runs)
    return Plan(content['name'], tuple(content['scores']), content.get('threads', 1),
                content.get('gpus', 0), tuple(content.get('data', ())),
                tuple(sorted(runs, key=lambda run: run.seed)))


def _check_keys(path: Path, content: dict, known: tuple[str, ...],
                needed: tuple[str, ...]) -> None:
    """Refuse keys that are missing or that nobody reads."""
    missing = [key for key in needed if key not in content]
    unknown = [key for key in content if key not in known]
    if missing or unknown:
        raise ValueError(
            f'{path}: ' + '; '.join(filter(None, [
                missing and f'{", ".join(missing)} is missing',
                unknown and f'{", ".join(unknown)} is none of {", ".join(known)}'])))


def _check_starts(path: Path, runs: list[Run]) -> None:
    """Refuse a run that starts from none of those before it."""
    before: set[tuple[str, int]] = set()
    for run in runs:
        if run.starts_from and (run.starts_from, run.seed) not in before:
            raise ValueError(f'{path}: {run.entry} starts from {run.starts_from} with '
                             f'seed {run.seed}, which no entry before it has')
        before.add((run.entry, run.seed))


def _runs_of(path: Path, content: dict, entry: dict) -> list[Run]:
    """Return the runs of an entry."""
    _check_keys(path, entry, ENTRY_KEYS, ('name', 'config'))
    if not config_path(entry['config']).is_file():
        raise FileNotFoundError(f'{path}: the config {entry["config"]} of '
                                f'{entry["name"]} does not exist')
    options = {**content.get('options', {}), **entry.get('options', {})}
    epochs: Optional[int] = entry.get('epochs', content.get('epochs'))
    if epochs is not None:
        options['train_cfg.max_epochs'] = epochs
    return [Run(entry['name'], entry['config'], seed,
                tuple(entry.get('splits', content['splits'])),
                entry.get('command', 'tools/train.py'),
                entry.get('checkpoint', 'last_checkpoint'),
                {**options, 'randomness.seed': seed}, entry.get('starts_from'),
                tuple(entry.get('scores', content['scores'])))
            for seed in entry.get('seeds', content.get('seeds', [0]))]
