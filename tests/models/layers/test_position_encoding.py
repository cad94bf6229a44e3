"""Sine positions of grids and points."""
import math

import torch

from segvg.models.layers import grid_position, sine_position


def test_sine_position_by_hand():
    """Two rows, one column, four channels: sin y, cos y, sin x, cos x."""
    pos = sine_position(torch.zeros(1, 2, 1, dtype=torch.bool), 4)
    half, full = math.pi, 2 * math.pi
    expected = torch.tensor([[[math.sin(half), math.cos(half), 0, 1],
                              [math.sin(full), math.cos(full), 0, 1]]])
    torch.testing.assert_close(pos, expected, atol=1e-5, rtol=0)


def test_sine_position_spans_what_is_not_padding():
    padding = torch.zeros(1, 3, 4, dtype=torch.bool)
    padding[:, :, 2:] = True
    masked = sine_position(padding, 8).view(3, 4, 8)
    small = sine_position(torch.zeros(1, 3, 2, dtype=torch.bool), 8).view(3, 2, 8)
    torch.testing.assert_close(masked[:, :2], small)


def test_position_of_a_grid_without_padding():
    no_padding = torch.zeros(1, 2, 3, dtype=torch.bool)
    position = grid_position((2, 3), 8, torch.device('cpu'))
    torch.testing.assert_close(position, sine_position(no_padding, 8))
