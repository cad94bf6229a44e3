"""Warm-up, then steps or a cosine, never below a hundredth."""
import pytest
import torch

from segvg.engine.optim import WarmupSchedule


def rates(steps, **kwargs):
    """Return the rates of some steps of four epochs of five steps."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
    schedule = WarmupSchedule(optimizer, 4, 5, warmup_epochs=1, **kwargs)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        schedule.step()
    return found


def test_rate_rises_falls_and_keeps_a_floor():
    found = rates(20)
    assert found[:6] == pytest.approx([0.4, 0.8, 1.2, 1.6, 2.0, 2.0])
    assert found[5:] == sorted(found[5:], reverse=True)
    assert found[-1] == pytest.approx(0.0218, abs=1e-3) and min(found) >= 0.02


def test_rate_is_a_tenth_from_each_milestone_on():
    found = rates(20, milestones=[2, 3])
    assert found[9:11] == pytest.approx([2.0, 0.2])
    assert found[14:16] == pytest.approx([0.2, 0.02])
