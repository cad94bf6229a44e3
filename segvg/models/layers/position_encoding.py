"""Position encodings of image tokens."""
import math

import torch
from torch import Tensor


def encode_angles(angles: Tensor, channels: int, temperature: float) -> Tensor:
    """Return sines on even and cosines on odd places, (..., channels), of (...,)."""
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
        channels: half of them for y, half for x; sines on even, cosines on odd places.
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
