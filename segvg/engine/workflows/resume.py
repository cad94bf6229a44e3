"""Trainings of several in a row: each in its folder, gone on with after a stop."""
import copy
import re
from pathlib import Path
from typing import Optional, Sequence

from mmengine.config import Config


def training_in(cfg: Config, folder: Path, load_from: Optional[str],
                hooks: Sequence[dict] = ()) -> Config:
    """Return the config of a training that goes on where it was stopped, if it was.

    Args:
        cfg: of the training.
        folder: its work folder.
        load_from: weights to begin with.
        hooks: further hooks.
    """
    new = copy.deepcopy(cfg)
    new.work_dir = str(folder)
    # Several runners in one process must not share what they know by name.
    new.experiment_name = f'{folder.parent.name}_{folder.name}'
    new.visualizer.name = f'{new.visualizer.get("name", "visualizer")}_{folder.name}'
    new.custom_hooks = [
        *(cfg.get('custom_hooks') or []), dict(type='EpochSeedHook'),
        dict(type='ValidateAgainHook'), *hooks]
    checkpoint = new.default_hooks.checkpoint
    if checkpoint.get('max_keep_ckpts') == 1:
        # The hook deletes the old file before it writes the new one.
        checkpoint.max_keep_ckpts = 2
    new.resume = (folder / 'last_checkpoint').is_file()
    new.load_from = None if new.resume else load_from
    return new


def last_checkpoint(folder: Path) -> str:
    """Return the last checkpoint of a training.

    Raises:
        FileNotFoundError: there is none.
    """
    note = folder / 'last_checkpoint'
    if not note.is_file():
        raise FileNotFoundError(f'{folder} has no last_checkpoint: {folder.name} has '
                                'to be done before')
    return note.read_text().strip()


def best_checkpoint(folder: Path) -> str:
    """Return the best checkpoint of a training; of several the latest.

    Raises:
        FileNotFoundError: there is none.
    """
    found = list(folder.glob('best_*.pth'))
    if not found:
        raise FileNotFoundError(f'there is no best_*.pth in {folder}: {folder.name} '
                                'has to be done before')
    return str(max(found, key=lambda path: int(re.findall(r'\d+', path.stem)[-1])))
