"""The checkpoint to resume from is found, whatever became of the note about it."""
import logging

import pytest
import torch

from segvg.engine import resume
from segvg.engine.resume import (
    best_checkpoint,
    find_last_checkpoint,
    last_checkpoint,
    natural_key,
)


@pytest.fixture
def folder(tmp_path):
    """Two whole checkpoints, the beginning of a third, one that is not of a step."""
    for name in ('epoch_9', 'epoch_10', 'epoch_11', 'best_score_epoch_12'):
        torch.save(dict(epoch=torch.ones(9)), tmp_path / f'{name}.pth')
    part = (tmp_path / 'epoch_11.pth').read_bytes()[:-40]
    (tmp_path / 'epoch_11.pth').write_bytes(part)
    return tmp_path


@pytest.mark.parametrize('note,name', [
    ('{}/epoch_9.pth', 'epoch_9'), ('epoch_9.pth', 'epoch_9'), ('', 'epoch_10'),
    ('/elsewhere/run/epoch_9.pth\n', 'epoch_9'), ('D:\\work\\epoch_9.pth', 'epoch_9'),
    ('{}/epoch_8.pth', 'epoch_10'), ('{}/epoch_11.pth', 'epoch_10'),
    (None, 'epoch_10')], ids=['right', 'relative', 'empty', 'other machine', 'windows',
                              'stale', 'cut', 'missing'])
def test_note_is_read_leniently(note, name, folder):
    if note is not None:
        (folder / 'last_checkpoint').write_text(note.format(folder))
    assert find_last_checkpoint(folder) == folder / f'{name}.pth'


def test_note_about_another_folder_counts_if_it_is_there(folder, tmp_path):
    work = tmp_path / 'work'
    work.mkdir()
    (work / 'last_checkpoint').write_text(str(folder / 'epoch_9.pth'))
    assert find_last_checkpoint(work) == folder / 'epoch_9.pth'


def test_folder_without_checkpoints(tmp_path):
    assert find_last_checkpoint(tmp_path / 'absent') is None
    with pytest.raises(FileNotFoundError, match='has no whole checkpoint'):
        last_checkpoint(tmp_path)
    with pytest.raises(FileNotFoundError, match='has no best_'):
        best_checkpoint(tmp_path)


def test_damaged_checkpoints_are_not_passed_over_in_silence(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(resume, 'print_log', lambda text, **more: told.append(
        (text, more['level'])))
    for number in (1, 10, 9):
        (tmp_path / f'epoch_{number}.pth').touch()
    assert find_last_checkpoint(tmp_path) is None
    assert told == [(f'{tmp_path} has no whole checkpoint to resume from; cut or '
                     'damaged: epoch_1.pth, epoch_9.pth, epoch_10.pth',
                     logging.WARNING)]


def test_names_sort_by_their_numbers(tmp_path):
    names = ['round_10', 'round_9', 'round_1']
    assert sorted((tmp_path / name for name in names), key=natural_key)[-1].name == (
        'round_10')
