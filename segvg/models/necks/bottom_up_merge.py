"""Maps of three scales brought down to the coarsest."""
from typing import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segvg.models.layers import ConvNorm


class BottomUpMerge(nn.Module):
    """Finer maps are averaged, convolved and put before the next coarser one.

    Args:
        map_channels: C of the maps, finest first; the result has the last.

    Source: Zhu et al., "SeqTR", ECCV 2022, multi-scale fusion.
    """

    def __init__(self, map_channels: Sequence[int]) -> None:
        super().__init__()
        low, mid, top = map_channels
        self.low_to_mid = ConvNorm(low, low, 3)
        self.mid_to_top = ConvNorm(low + mid, low + mid, 3)
        width = low + mid + top
        self.project = nn.Sequential(ConvNorm(width, width, 3), ConvNorm(width, top, 1))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Return (I, C, h, w) for maps (I, C_i, h_i, w_i), each twice the next."""
        low, mid, top = maps
        mid = torch.cat([self.low_to_mid(F.avg_pool2d(low, 2)), mid], dim=1)
        top = torch.cat([self.mid_to_top(F.avg_pool2d(mid, 2)), top], dim=1)
        return self.project(top)
