"""Gradients are switched off where they are on, and nowhere else."""
import torch

from segvg.models.layers.graphs import without_gradients


@without_gradients
def double(values):
    """Return twice the values."""
    return 2 * values


def test_function_without_gradients_gives_none_and_leaves_the_switch():
    values = torch.ones(2, requires_grad=True)
    assert not double(values).requires_grad
    assert torch.is_grad_enabled() and (2 * values).requires_grad


def test_nothing_is_switched_where_gradients_are_off(monkeypatch):
    with torch.no_grad():
        monkeypatch.setattr('torch.no_grad', None)
        assert double(torch.ones(2)).tolist() == [2, 2]
