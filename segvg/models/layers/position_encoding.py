"""Sine position encodings of image tokens and of points."""
import math
from functools import lru_cache

import torch
from torch import Tensor


def encode_angles(angles: Tensor, channels: int, temperature: float) -> Tensor:
    """Encode angles (...,) as (..., channels): sines at even, cosines at odd indices.

    Args:
        angles: in radians.
        channels: an even number.
        temperature: ratio between the longest and the shortest wave.
    """
    index = torch.arange(channels, device=angles.device, dtype=torch.float32)
    index = torch.div(index, 2, rounding_mode='floor')
    angle = angles[..., None] / temperature**(2 * index / channels)
    pairs = torch.stack([angle[..., 0::2].sin(), angle[..., 1::2].cos()], dim=-1)
    return pairs.flatten(-2)


def sine_position(padding_mask: Tensor,
                  channels: int,
                  temperature: float = 10000.0,
                  offset: float = 0.0) -> Tensor:
    """Return DETR's sine encoding (B, h * w, channels) of a grid; y before x.

    Positions count the cells that are not padding, scaled so that the last is 2 pi.

    Args:
        padding_mask: (B, h, w) bool, True = padding.
        channels: half of them for y, half for x.
        temperature: ratio between the longest and the shortest wave.
        offset: added to the count of cells before it is scaled.

    Source: Carion et al., ECCV 2020, "Parallel decoding" with normalised coordinates.
    """
    inside = (~padding_mask).float()
    y = inside.cumsum(1)
    x = inside.cumsum(2)
    y = (y + offset) / (y[:, -1:, :] + 1e-6) * (2 * math.pi)
    x = (x + offset) / (x[:, :, -1:] + 1e-6) * (2 * math.pi)
    encoded = [encode_angles(angles, channels // 2, temperature) for angles in (y, x)]
    return torch.cat(encoded, dim=-1).flatten(1, 2)


@lru_cache(maxsize=64)
def grid_position(shape: tuple[int, int], channels: int,
                  device: torch.device) -> Tensor:
    """Return the sine encoding (1, h * w, channels) of a grid without padding.

    The tensor is cached: do not change it in place.
    """
    no_padding = torch.zeros((1, *shape), dtype=torch.bool, device=device)
    return sine_position(no_padding, channels)


def grid_queries(channels: int,
                 steps: int = 4,
                 size: int = 100,
                 temperature: float = 10000.0) -> Tensor:
    """Return the sine encoding (steps ** 2, channels) of points of a regular grid.

    The points are (20, 20), (20, 40), ... of a square of 100. Their coordinates, in
    [0, 1] already, pass through a sigmoid, which moves them close together: the
    published code does so, and trained weights depend on it.

    Args:
        channels: half of them for the first coordinate, half for the second.
        steps: points along a side.
        size: of the square.
        temperature: ratio between the longest and the shortest wave.

    Source: Qu et al., "SiRi", ECCV 2022, queries of the second decoder.
    """
    ticks = torch.arange(1, steps + 1) * (size // (steps + 1))
    points = torch.cartesian_prod(ticks, ticks)  # (Q, 2)
    angles = (points / (size - 1)).sigmoid() * (2 * math.pi)
    return torch.cat([encode_angles(angles[:, axis], channels // 2, temperature)
                      for axis in range(2)], dim=-1)
