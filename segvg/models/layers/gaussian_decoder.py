"""A decoder layer that attends to the image around a point which it predicts."""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segvg.models.layers.blocks import MLP
from segvg.models.layers.causal_decoder import CausalDecoderLayer
from segvg.structures import Tokens


class GaussianDecoderLayer(CausalDecoderLayer):
    """``CausalDecoderLayer`` with a bell-shaped bias on its attention to the image.

    Every token predicts, for every head, a centre on the grid and a width in x and y;
    the squared distance to the centre is subtracted from the scores of the image
    tokens. Memory tokens after those of the grid (a sentence) get no bias.

    Args:
        channels: C.
        heads: number of attention heads.
        hidden: width of the feed-forward block.
        dropout: as in ``CausalDecoderLayer``.

    Source: Gao et al., "Fast Convergence of DETR with Spatially Modulated
    Co-Attention", ICCV 2021; in a sequence decoder Qu et al., CVPR 2023.
    """
    DISTANCE_SCALE = 8.0  # what the squared distance is divided by

    def __init__(self, channels: int, heads: int, hidden: int,
                 dropout: float = 0.1) -> None:
        super().__init__(channels, heads, hidden, dropout)
        self.heads = heads
        self.point = MLP(channels, channels // 2, channels // 4, 4 * heads)
        nn.init.zeros_(self.point.layers[-1].get_parameter('bias'))

    def bias(self, tokens: Tensor, memory: Tokens) -> Tensor:
        """Return what is added to the scores, (B, heads, T, h * w).

        Args:
            tokens: (B, T, C).
            memory: with ``grid`` and ``padding_mask``.
        """
        assert memory.grid is not None and memory.padding_mask is not None
        height, width = memory.grid
        inside = memory.padding_mask[:, :height * width].logical_not()
        inside = inside.unflatten(1, (height, width))
        # Rows and columns that are not padding, (B, 2): x before y.
        extent = torch.stack([inside[:, 0].sum(1), inside[:, :, 0].sum(1)], dim=1)
        # (B, T, 2 heads) -> (B, heads, T, 2), x before y
        centers, scales = (part.unflatten(-1, (self.heads, 2)).transpose(1, 2)
                           for part in self.point(tokens).chunk(2, dim=-1))
        centers = centers.sigmoid() * extent[:, None, None].to(tokens)
        squared = []  # along x and along y
        for axis, size in enumerate((width, height)):
            cells = torch.arange(size, device=tokens.device, dtype=tokens.dtype) + 0.5
            distance = centers[..., axis, None] - cells  # (B, heads, T, size)
            squared.append(scales[..., axis, None]**2 * distance**2)
        total = squared[0][..., None, :] + squared[1][..., None]
        return total.flatten(-2) / -self.DISTANCE_SCALE

    def memory_mask(self, tokens: Tensor, memory: Tokens) -> Tensor:
        """Return the bias (B, heads, T, N), minus infinity where memory is padding."""
        assert memory.padding_mask is not None
        bias = self.bias(tokens, memory)
        bias = F.pad(bias, (0, memory.feats.shape[1] - bias.shape[-1]))
        return bias.masked_fill(memory.padding_mask[:, None, None], float('-inf'))
