"""The hook draws the first expressions of a run, and no more."""
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from segvg.engine.hooks.visualization_hook import GroundingVisualizationHook
from segvg.structures import GroundingDataSample


class Recorder:
    """A visualizer that remembers what it was asked to draw."""

    def __init__(self):
        self.calls = []

    def add_datasample(self, name, image, sample, **more):
        assert image.shape == (8, 9, 3)
        self.calls.append((name, sample.expr_idx, more))


@pytest.fixture
def runner(tmp_path):
    return SimpleNamespace(work_dir=str(tmp_path), timestamp='now', iter=5,
                           visualizer=Recorder())


@pytest.fixture
def samples(tmp_path):
    path = tmp_path / 'cat.png'
    Image.fromarray(np.zeros((8, 9, 3), dtype=np.uint8)).save(path)
    return [GroundingDataSample(metainfo=dict(img_path=str(path), expr_idx=i))
            for i in range(3)]


def test_first_pictures_of_a_test_are_files(runner, samples, tmp_path):
    hook = GroundingVisualizationHook(draw=True, max_pictures=4)
    for _ in range(2):
        hook.before_test_epoch(runner)
        for batch in range(3):
            hook.after_test_iter(runner, batch, {}, samples)
        hook.after_test_epoch(runner, {})
    calls = runner.visualizer.calls
    assert [call[1] for call in calls] == [0, 1, 2, 0] * 2
    folder = tmp_path / 'now' / 'pictures'
    assert [call[2]['out_file'] for call in calls[:4]] == [
        folder / f'000{i}_cat.jpg' for i in range(4)]


def test_folder_can_be_chosen(runner, samples, tmp_path):
    hook = GroundingVisualizationHook(draw=True, test_out_dir=str(tmp_path / 'mine'))
    hook.after_test_iter(runner, 0, {}, samples)
    assert runner.visualizer.calls[0][2]['out_file'].parent == tmp_path / 'mine'


def test_pictures_of_validation_go_to_the_backends(runner, samples):
    hook = GroundingVisualizationHook(draw=True, max_pictures=2)
    hook.before_val_epoch(runner)
    hook.after_val_iter(runner, 0, {}, samples)
    hook.after_val_iter(runner, 1, {}, samples)
    assert runner.visualizer.calls == [('val_0', 0, dict(step=5)),
                                       ('val_1', 1, dict(step=5))]


def test_nothing_is_drawn_by_default(runner, samples):
    hook = GroundingVisualizationHook()
    hook.after_val_iter(runner, 0, {}, samples)
    hook.after_test_iter(runner, 0, {}, samples)
    hook.after_test_epoch(runner, {})
    assert runner.visualizer.calls == []


def test_other_processes_draw_nothing(runner, samples, monkeypatch):
    from segvg.engine.hooks import visualization_hook
    monkeypatch.setattr(visualization_hook, 'is_main_process', lambda: False)
    hook = GroundingVisualizationHook(draw=True)
    hook.after_test_iter(runner, 0, {}, samples)
    assert runner.visualizer.calls == []
