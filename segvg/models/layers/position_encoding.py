"""Position encodings of image tokens."""
import math

import torch
from torch import Tensor


def sine_position(padding_mask: Tensor,
                  channels: int,
                  temperature: float = 10000.0) -> Tensor:
    """Return DETR's sine encoding (B, h * w, channels) of a grid; y before x.

    Positions count the cells that are not padding, scaled so that the last is 2 pi.

    Args:
        padding_mask: (B, h, w) bool, True = padding.
        channels: half of them for y, half for x; sines on even, cosines on odd places.
        temperature: ratio between the longest and the shortest wave.

    Source: Carion et al., ECCV 2020, "Parallel decoding" with normalised coordinates.
    """
    inside = (~padding_mask).float()
    y = inside.cumsum(1)
    x = inside.cumsum(2)
    y = y / (y[:, -1:, :] + 1e-6) * (2 * math.pi)
    x = x / (x[:, :, -1:] + 1e-6) * (2 * math.pi)
    index = torch.arange(channels // 2, device=inside.device, dtype=torch.float32)
    index = torch.div(index, 2, rounding_mode='floor')
    wave = temperature**(2 * index / (channels // 2))

    def encode(position: Tensor) -> Tensor:
        angle = position[..., None] / wave  # (B, h, w, channels / 2)
        pairs = torch.stack([angle[..., 0::2].sin(), angle[..., 1::2].cos()], dim=-1)
        return pairs.flatten(-2)

    return torch.cat([encode(y), encode(x)], dim=-1).flatten(1, 2)
