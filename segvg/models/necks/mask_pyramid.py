"""From encoded image and words to a pyramid and features that masks are read from."""
from typing import Optional, Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.models.layers.blocks import plain_on_cpu
from segvg.models.necks.simple_pyramid import SimplePyramid
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, Tokens


class MergeStage(nn.Module):
    """Enlarge a map to the next finer one and merge both by two convolutions.

    Args:
        channels: C of both maps.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(2 * channels, channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, coarse: Tensor, finer: Tensor) -> Tensor:
        """Return (B, C, h, w) of a coarse map and the finer one (B, C, h, w)."""
        enlarged = F.interpolate(coarse, size=finer.shape[-2:], mode='bilinear',
                                 align_corners=True)
        maps = self.norm1(self.conv1(torch.cat([enlarged, finer], dim=1))).relu()
        return self.norm2(self.conv2(maps)).relu()


class UNetDecoder(nn.Module):
    """Merge the maps of a pyramid from the coarsest to the finest.

    Args:
        channels: C.
        levels: number of maps.

    Source: Ronneberger et al., "U-Net", MICCAI 2015.
    """

    def __init__(self, channels: int, levels: int = 4) -> None:
        super().__init__()
        self.stages = nn.ModuleList(MergeStage(channels) for _ in range(levels - 1))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Return (B, C, h, w) at the size of the finest map.

        Args:
            maps: (B, C, h_i, w_i), coarsest first.
        """
        merged, *finer = maps
        for stage, values in zip(self.stages, finer, strict=True):
            merged = stage(merged, values)
        return merged


@MODELS.register_module()
class MaskPyramid(BaseModule):
    """Project image and words to fewer channels; make maps of the image for masks.

    Args:
        in_channels: C' of encoded image and words.
        channels: C.
        init_cfg: mmengine's.

    Source: Dai et al., "InstanceVG", TPAMI 2025.
    """

    def __init__(self, in_channels: int = 768, channels: int = 256, *,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.image_proj = nn.Conv2d(in_channels, channels, 1, bias=False)
        self.text_proj = nn.Linear(in_channels, channels, bias=False)
        self.pyramid = SimplePyramid(channels, channels)
        self.mask_decoder = UNetDecoder(channels)

    def forward(self, text: Tokens, image: Tokens,
                canvas_shape: tuple[int, int]) -> FusedFeatures:
        """Return image tokens as memory, words, and maps: four levels, coarsest first,
        and the mask features, all (B, C, ...).

        Args:
            text: (B, L, C').
            image: (B, h * w, C') with their grid.
            canvas_shape: (H, W) of the canvas.
        """
        assert image.grid is not None  # an image encoder sets it
        maps = self.image_proj(plain_on_cpu(
            image.feats.transpose(1, 2).unflatten(2, image.grid)))
        levels = self.pyramid(maps)[::-1]
        memory = Tokens(maps.flatten(2).transpose(1, 2), grid=image.grid,
                        maps=(*levels, self.mask_decoder(levels)))
        words = text._replace(feats=self.text_proj(text.feats))
        return FusedFeatures(memory, slice(0, None), canvas_shape, words=words)
