"""A pyramid of maps from the one map of a plain transformer."""
from typing import Optional

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.models.layers.blocks import plain_on_cpu
from segvg.registry import MODELS


class ChannelNorm(nn.LayerNorm):
    """Layer norm over the channels of maps (B, C, h, w)."""

    def forward(self, maps: Tensor) -> Tensor:
        """Return (B, C, h, w) for (B, C, h, w)."""
        normed = super().forward(maps.permute(0, 2, 3, 1))
        return plain_on_cpu(normed.permute(0, 3, 1, 2))


class ConvChannelNorm(nn.Module):
    """A convolution without bias and a norm over channels, no activation."""

    def __init__(self, in_channels: int, channels: int, kernel_size: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, kernel_size,
                              padding=kernel_size // 2, bias=False)
        self.norm = ChannelNorm(channels)

    def forward(self, maps: Tensor) -> Tensor:
        """Return (B, C, h, w) for (B, C_in, h, w)."""
        return self.norm(self.conv(maps))


@MODELS.register_module()
class SimplePyramid(BaseModule):
    """Maps of four, two, one and half the size of one map, finest first.

    Args:
        in_channels: C_in of the map, a multiple of 4.
        channels: C of the pyramid.
        init_cfg: mmengine's.

    Source: Li et al., "Exploring Plain Vision Transformer Backbones", ECCV 2022.
    """

    def __init__(self, in_channels: int = 256, channels: int = 256, *,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        half, quarter = in_channels // 2, in_channels // 4
        self.enlarge_4 = nn.Sequential(
            nn.ConvTranspose2d(in_channels, half, 2, stride=2), ChannelNorm(half),
            nn.GELU(), nn.ConvTranspose2d(half, quarter, 2, stride=2))
        self.enlarge_2 = nn.ConvTranspose2d(in_channels, half, 2, stride=2)
        widths = (quarter, half, in_channels, in_channels)
        self.laterals = nn.ModuleList(
            ConvChannelNorm(width, channels, 1) for width in widths)
        self.outputs = nn.ModuleList(
            ConvChannelNorm(channels, channels, 3) for _ in widths)

    def forward(self, maps: Tensor) -> tuple[Tensor, ...]:
        """Return four maps (B, C, h_i, w_i) of one (B, C_in, h, w)."""
        sizes = (self.enlarge_4(maps), self.enlarge_2(maps), maps,
                 F.max_pool2d(maps, 2))
        return tuple(output(lateral(values)) for output, lateral, values in zip(
            self.outputs, self.laterals, sizes, strict=True))
