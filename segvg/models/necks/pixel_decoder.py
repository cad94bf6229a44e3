"""Maps of several sizes that attend to each other, and a fine one for masks."""
from typing import NamedTuple, Optional, Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, caffe2_xavier_init, xavier_init
from torch import Tensor, nn

from segvg.models.layers import grid_position
from segvg.models.layers.blocks import plain_on_cpu
from segvg.models.layers.deformable_attention import (
    DeformableEncoderLayer,
    Shapes,
    cell_centers,
)
from segvg.registry import MODELS


class PixelFeatures(NamedTuple):
    """What a pixel decoder returns.

    Attributes:
        tokens: (B, S, C), all levels one after the other, coarse to fine.
        levels: the same as maps (B, C, h_i, w_i).
        mask_features: (B, C, h, w), the finest; a product with them makes a mask.
    """
    tokens: Tensor
    levels: tuple[Tensor, ...]
    mask_features: Tensor


class ConvGroupNorm(nn.Module):
    """A convolution without bias and a group normalisation.

    Args:
        in_channels: C of the input.
        channels: C of the output.
        kernel_size: side of the kernel.
        groups: of the normalisation.
    """

    def __init__(self, in_channels: int, channels: int, kernel_size: int,
                 groups: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, channels, kernel_size,
                              padding=kernel_size // 2, bias=False)
        self.norm = nn.GroupNorm(groups, channels)
        nn.init.kaiming_uniform_(self.conv.weight, a=1)

    def forward(self, maps: Tensor) -> Tensor:
        """Return (B, C, h, w) for (B, C_in, h, w)."""
        return self.norm(self.conv(maps))


@MODELS.register_module()
class PixelDecoder(BaseModule):
    """Deformable attention over the coarse maps, then one step to the finest.

    Always runs in float32, as published: sampling in half precision is coarse.

    Args:
        in_channels: channels of the maps of the backbone, finest first.
        channels: C.
        num_layers: transformer layers.
        heads: attention heads.
        hidden: width of the feed-forward blocks.
        points: locations per head and level.
        groups: of the group normalisations.
        init_cfg: mmengine's.

    Source: Cheng et al., "Masked-attention Mask Transformer", CVPR 2022.
    """

    def __init__(self,
                 in_channels: Sequence[int] = (128, 256, 512, 1024),
                 channels: int = 256,
                 num_layers: int = 6,
                 *,
                 heads: int = 8,
                 hidden: int = 1024,
                 points: int = 4,
                 groups: int = 32,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        finest, *coarser = in_channels
        self.input_projs = nn.ModuleList(
            nn.Sequential(nn.Conv2d(width, channels, kernel_size=1),
                          nn.GroupNorm(groups, channels))
            for width in reversed(coarser))
        for module in self.input_projs.modules():
            if isinstance(module, nn.Conv2d):
                xavier_init(module, distribution='uniform')
        self.level_embed = nn.Parameter(torch.randn(len(coarser), channels))
        self.layers = nn.ModuleList(
            DeformableEncoderLayer(channels, heads, hidden, len(coarser), points)
            for _ in range(num_layers))
        self.lateral = ConvGroupNorm(finest, channels, 1, groups)
        self.refine = ConvGroupNorm(channels, channels, 3, groups)
        self.out = nn.Conv2d(channels, channels, kernel_size=1)
        caffe2_xavier_init(self.out)

    def forward(self, maps: Sequence[Tensor]) -> PixelFeatures:
        """Return the features of maps (B, C_i, h_i, w_i), finest first."""
        with torch.autocast(maps[0].device.type, enabled=False):
            maps = [plain_on_cpu(values.float()) for values in maps]
            projected = [proj(values) for proj, values in zip(
                self.input_projs, maps[:0:-1], strict=True)]
            shapes = [tuple(values.shape[-2:]) for values in projected]
            tokens = self.encode(projected, shapes)
            parts = tokens.split([h * w for h, w in shapes], dim=1)
            levels = tuple(part.transpose(1, 2).unflatten(2, shape)
                           for part, shape in zip(parts, shapes))
            return PixelFeatures(tokens, levels,
                                 self.mask_features(maps[0], levels[-1]))

    def encode(self, projected: list[Tensor], shapes: Shapes) -> Tensor:
        """Return the tokens (B, S, C) of all levels after the layers."""
        tokens = torch.cat([values.flatten(2).transpose(1, 2) for values in projected],
                           dim=1)
        pos = torch.cat([
            grid_position(shape, tokens.shape[-1], tokens.device) + level
            for shape, level in zip(shapes, self.level_embed)], dim=1)
        reference = cell_centers(shapes, tokens.device)
        for layer in self.layers:
            tokens = layer(tokens, pos, reference, shapes)
        return tokens

    def mask_features(self, finest: Tensor, level: Tensor) -> Tensor:
        """Return (B, C, h, w) of the finest map (B, C_0, h, w) and a coarser level."""
        upsampled = F.interpolate(level, size=finest.shape[-2:], mode='bilinear',
                                  align_corners=False)
        return self.out(self.refine(self.lateral(finest) + upsampled).relu())
