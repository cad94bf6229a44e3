"""Killed anywhere and resumed, a training ends as one that was never stopped.

``python -m tests.tools.kill_table`` tries many more places, and the other tools.
"""
import hashlib
import shutil
from pathlib import Path

import pytest

from segvg.checkpoints.io import load_checkpoint
from tests.tools.killing import run_until_killed
from tests.tools.running import run_tool
from tests.toy import ROOT, make_data, toy_config

pytestmark = pytest.mark.slow

SEGVG = ROOT / 'configs/segvg/segvg_refcoco.py'
EPOCHS = 3
CALL = ('mmengine.runner', 'Runner.call_hook')
PLACES = {
    'before the first checkpoint': (*CALL, 'parts before_train_iter', 2),
    'between batches': (*CALL, 'parts before_train_iter', 5),
    'while a checkpoint is written': ('os', 'replace', 'epoch_2.pth', 1),
    'before last_checkpoint is written': ('os', 'replace', 'last_checkpoint', 2),
    'between save and validation': (*CALL, 'parts before_val_epoch', 2),
    'while the best is written': ('os', 'replace', 'best_', 1),
    'in the last validation': (*CALL, 'parts after_val_iter', 2 * EPOCHS)}


def digests(folder: Path) -> dict[str, str]:
    """Return a sum of the weights and of the optimizer of every checkpoint."""
    found = {}
    for path in sorted(folder.rglob('*.pth')):
        total, state = hashlib.sha256(), load_checkpoint(str(path))
        add(total, [state['state_dict'], state.get('optimizer')])
        found[str(path.relative_to(folder))] = total.hexdigest()
    return found


def add(total, value) -> None:
    """Add a value of a checkpoint to a sum, whatever it is made of."""
    if isinstance(value, dict):
        value = [item for pair in value.items() for item in pair]
    if isinstance(value, (list, tuple)):
        for item in value:
            add(total, item)
    elif hasattr(value, 'numpy'):
        total.update(value.numpy().tobytes())
    else:
        total.update(repr(value).encode())


def write_config(folder: Path, workers: int) -> Path:
    """Write a toy training; returns its config."""
    cfg = toy_config(SEGVG, make_data(folder / 'data'), folder / 'unused')
    cfg.pop('work_dir')
    cfg.train_cfg.update(max_epochs=EPOCHS, val_interval=1)
    cfg.train_dataloader.update(
        batch_size=4, num_workers=workers, persistent_workers=workers > 0)
    cfg.default_hooks.checkpoint.save_best = 'rec/mIoU'
    cfg.dump(folder / 'toy.py')
    return folder / 'toy.py'


@pytest.fixture(scope='module')
def whole(tmp_path_factory) -> dict[str, str]:
    """Sums of an unbroken training without workers."""
    root = tmp_path_factory.mktemp('whole')
    with pytest.MonkeyPatch.context() as patch:
        run_tool(patch, 'train.py', write_config(root, 0), '--work-dir', root / 'work')
    return digests(root / 'work')


# Workers at every second place; kill_table tries all with and without.
@pytest.mark.parametrize('place, workers', [
    (place, 2 * (number % 2)) for number, place in enumerate(PLACES)])
def test_killed_training_ends_as_the_unbroken_one(place, workers, whole, tmp_path,
                                                  monkeypatch):
    config, parts = write_config(tmp_path, workers), tmp_path / 'parts'
    arguments = ['train.py', config, '--work-dir', parts]
    run_until_killed(*arguments[:1], arguments[1:], PLACES[place])
    run_tool(monkeypatch, *arguments, '--resume')
    assert digests(parts) == whole
    left = [path.name for path in parts.iterdir()
            if path.name.startswith('.') or path.is_file() and not path.stat().st_size]
    assert left == []


def test_moved_work_folder_is_resumed(whole, tmp_path, monkeypatch):
    config, parts = write_config(tmp_path, 0), tmp_path / 'parts'
    run_until_killed('train.py', [config, '--work-dir', parts],
                     PLACES['between save and validation'])
    moved = shutil.move(parts, tmp_path / 'moved')
    run_tool(monkeypatch, 'train.py', config, '--work-dir', moved, '--resume')
    assert digests(Path(moved)) == whole and not parts.exists()
