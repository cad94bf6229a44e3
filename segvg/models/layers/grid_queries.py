"""Constant queries on a grid of points."""
import math

import torch
from torch import Tensor

from segvg.models.layers.position_encoding import encode_angles


def grid_queries(channels: int,
                 steps: int = 4,
                 size: int = 100,
                 temperature: float = 10000.0) -> Tensor:
    """Return the sine encoding (steps ** 2, channels) of points of a regular grid.

    The points are (20, 20), (20, 40), ... of a square of 100. The published code puts
    their coordinates, in [0, 1] already, through a sigmoid, so that they lie close
    together; trained weights know them so.

    Args:
        channels: half of them for the first coordinate, half for the second.
        steps: points along a side.
        size: of the square.
        temperature: ratio between the longest and the shortest wave.

    Source: Qu et al., "SiRi", ECCV 2022, queries of the second decoder.
    """
    places = torch.arange(1, steps + 1) * (size // (steps + 1))
    points = torch.cartesian_prod(places, places)  # (Q, 2)
    angles = (points / (size - 1)).sigmoid() * (2 * math.pi)
    return torch.cat([encode_angles(angles[:, side], channels // 2, temperature)
                      for side in range(2)], dim=-1)
