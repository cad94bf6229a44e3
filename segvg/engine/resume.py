"""Which checkpoint a training is resumed from, and which one it leaves."""
import logging
import re
import zipfile
from pathlib import Path
from typing import Optional

from mmengine.logging import print_log

LAST = 'last_checkpoint'
#: Checkpoints that a training can be resumed from.
STEP = re.compile(r'(?:epoch|iter)_(\d+)\.pth')


def natural_key(path: Path) -> list:
    """Return a key that sorts names as people do: ``round_9`` before ``round_10``."""
    return [int(word) if word.isdigit() else word
            for word in re.split(r'(\d+)', str(path))]


def is_whole(path: Path) -> bool:
    """Return whether a file looks like a complete checkpoint: its end is there."""
    try:
        with zipfile.ZipFile(path):
            return True
    except (OSError, zipfile.BadZipFile):
        return False


def find_last_checkpoint(folder: Path) -> Optional[Path]:
    """Return the checkpoint that a training in a folder is resumed from, or None.

    It is the one that ``last_checkpoint`` names: the file of that name in this folder,
    which may have been moved, or else the path as it stands. Where that note is
    missing, empty or wrong, it is the whole checkpoint of the latest epoch or
    iteration.
    """
    folder = Path(folder)
    try:
        noted = (folder / LAST).read_text('utf-8').strip()
    except (OSError, UnicodeDecodeError):
        noted = ''
    if noted:
        for path in (folder / re.split(r'[/\\]', noted)[-1], Path(noted)):
            if is_whole(path):
                return path
    steps = [path for path in folder.glob('*.pth') if STEP.fullmatch(path.name)]
    found = [path for path in steps if is_whole(path)]
    latest = max(found, key=lambda path: int(STEP.fullmatch(path.name)[1]),
                 default=None)
    if latest is None and steps:
        names = ', '.join(path.name for path in sorted(steps, key=natural_key)[-3:])
        print_log(f'{folder} has no whole checkpoint to resume from; cut or damaged: '
                  f'{names}', logger='current', level=logging.WARNING)
    elif latest is not None:
        print_log(f'{folder / LAST} is missing or names no whole checkpoint; '
                  f'{latest.name} is taken', logger='current')
    return latest


def last_checkpoint(folder: Path) -> str:
    """Return the last checkpoint of a training.

    Raises:
        FileNotFoundError: the folder has no complete checkpoint.
    """
    found = find_last_checkpoint(folder)
    if found is None:
        raise FileNotFoundError(f'{folder} has no whole checkpoint: {folder.name} has '
                                'to be done before')
    return str(found)


def best_checkpoint(folder: Path) -> str:
    """Return the best checkpoint of a training; of several the latest.

    Raises:
        FileNotFoundError: the folder has no best checkpoint.
    """
    found = list(Path(folder).glob('best_*.pth'))
    if not found:
        raise FileNotFoundError(f'{folder} has no best_*.pth: {folder.name} '
                                'has to be done before')
    return str(max(found, key=lambda path: int(re.findall(r'\d+', path.stem)[-1])))
