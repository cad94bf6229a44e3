"""The workers of a run end with it, and start again for another."""
import multiprocessing
from types import SimpleNamespace

from torch.utils.data import DataLoader

from segvg.engine.hooks import EndWorkersHook


def make_loop(workers: int) -> SimpleNamespace:
    return SimpleNamespace(dataloader=DataLoader(
        list(range(8)), batch_size=2, num_workers=workers,
        persistent_workers=workers > 0))


def test_workers_of_all_loaders_end_and_a_new_run_starts_others():
    before = set(multiprocessing.active_children())
    train, val = make_loop(2), make_loop(1)
    # a loop that was not needed is the part of its config, or nothing
    runner = SimpleNamespace(_train_loop=train, _val_loop=val, _test_loop=dict())
    for run in range(2):
        found = [[part.tolist() for part in loop.dataloader] for loop in (train, val)]
        assert found == 2 * [[[0, 1], [2, 3], [4, 5], [6, 7]]], f'run {run}'
        assert len(set(multiprocessing.active_children()) - before) == 3
        EndWorkersHook().after_run(runner)
        assert not set(multiprocessing.active_children()) - before


def test_loaders_without_workers_and_runs_without_loops_are_left_alone():
    loop = make_loop(0)
    assert len(list(loop.dataloader)) == 4
    EndWorkersHook().after_run(
        SimpleNamespace(_train_loop=loop, _val_loop=None, _test_loop=None))
    assert len(list(loop.dataloader)) == 4
