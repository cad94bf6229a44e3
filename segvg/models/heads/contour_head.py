"""Partial-RES's head: tokens that carry what the image shows at their coordinate."""
from typing import Any

import torch
from torch import Tensor

from segvg.models.heads.sequence_head import SequenceHead
from segvg.models.layers import GaussianDecoderLayer
from segvg.registry import MODELS
from segvg.structures import Tokens


@MODELS.register_module()
class ContourHead(SequenceHead):
    """``SequenceHead`` with co-content tokens and a Gaussian bias in its decoder.

    To the embedding of a coordinate the mean of the image tokens of a row (x) or a
    column (y) is added: the axes are exchanged, which published weights expect. Padded
    cells count in the mean.

    Args:
        parts: as in ``SequenceHead``.
        loss: as in ``SequenceHead``.
        swap_axes: take rows for x and columns for y; False does what is meant.
        learned_start: as in ``SequenceHead``; published: learned.
        kwargs: of ``SequenceHead``.

    Source: Qu et al., "Learning to Segment Every Referring Object Point by Point",
    CVPR 2023.
    """

    def __init__(self, parts: list[dict], loss: dict, *, swap_axes: bool = True,
                 learned_start: bool = True, **kwargs: Any) -> None:
        super().__init__(parts, loss, learned_start=learned_start, **kwargs)
        self.swap_axes = swap_axes

    @staticmethod
    def build_layer(channels: int, heads: int, hidden: int,
                    dropout: float) -> GaussianDecoderLayer:
        """Return a decoder layer."""
        return GaussianDecoderLayer(channels, heads, hidden, dropout)

    def embed(self, tokens: Tensor, first: int, memory: Tokens) -> Tensor:
        """Return (B, S, C): embedding and image content of each token.

        END stands for the last row or column.
        """
        height, width = memory.grid
        image = memory.feats[:, :height * width].unflatten(1, memory.grid)
        rows, columns = image.mean(2), image.mean(1)  # (B, h, C), (B, w, C)
        of_x, of_y = (rows, columns) if self.swap_axes else (columns, rows)
        share = tokens.double() / self.num_bins
        contents = [self._take(of_x, share), self._take(of_y, share)]
        places = torch.arange(first, first + tokens.shape[1], device=tokens.device)
        content = torch.where((places % 2 == 0)[:, None], *contents)
        return super().embed(tokens, first, memory) + content

    @staticmethod
    def _take(lines: Tensor, share: Tensor) -> Tensor:
        """Return the lines (B, S, C) at a share (B, S) of the way along (B, n, C)."""
        index = (share * (lines.shape[1] - 1)).long()
        return lines.gather(1, index[..., None].expand(-1, -1, lines.shape[-1]))
