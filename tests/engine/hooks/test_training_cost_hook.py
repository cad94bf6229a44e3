"""What a training cost goes into its checkpoints."""
from types import SimpleNamespace

import pytest

from segvg.engine.hooks import TrainingCostHook, training_cost_hook


@pytest.fixture
def clock(monkeypatch):
    now = SimpleNamespace(time=100.0)
    monkeypatch.setattr(training_cost_hook.time, 'monotonic', lambda: now.time)
    return now


def saved(hook) -> dict:
    checkpoint: dict = {}
    hook.before_save_checkpoint(SimpleNamespace(world_size=1), checkpoint)
    return checkpoint['meta']['training']


def test_validation_is_left_out_and_a_stop_counts_on(clock):
    hook = TrainingCostHook()
    hook.before_train_epoch(None)
    clock.time += 5
    hook.after_train_epoch(None)
    first = saved(hook)
    assert first['seconds'] == 5 and first['peak_memory'] > 0
    hook.before_val(None)
    clock.time += 50
    hook.before_train_epoch(None)
    clock.time += 2
    hook.after_train_epoch(None)
    second = saved(hook)
    assert second['seconds'] == 7
    later = TrainingCostHook()
    later.after_load_checkpoint(SimpleNamespace(_resume=True),
                                dict(meta=dict(training=second)))
    later.before_train_epoch(None)
    clock.time += 1
    assert saved(later)['seconds'] == 8


def test_other_weights_to_start_from_are_not_counted():
    hook = TrainingCostHook()
    hook.after_load_checkpoint(SimpleNamespace(_resume=False), dict(
        meta=dict(training=dict(seconds=9, peak_memory=1))))
    assert saved(hook)['seconds'] == 0
