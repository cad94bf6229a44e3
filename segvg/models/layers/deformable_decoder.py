"""Queries that read a few locations of several maps around a point of their own."""
import torch
import torch.nn as nn
from torch import Tensor

from segvg.models.layers.attention import MultiHeadAttention
from segvg.models.layers.deformable_attention import DeformableAttention, Shapes
from segvg.models.layers.transformer import FeedForward


def inverse_sigmoid(values: Tensor, eps: float = 1e-3) -> Tensor:
    """Return the logits of values in [0, 1]; what lies beyond is moved to the border.

    Args:
        values: any shape.
        eps: smallest value and smallest distance to 1 that count.
    """
    values = values.clamp(0, 1)
    return torch.log(values.clamp(min=eps) / (1 - values).clamp(min=eps))


class DeformableDecoderLayer(nn.Module):
    """Self-attention, deformable attention to the maps, feed-forward; post-norm.

    Args:
        channels: C.
        heads: attention heads.
        hidden: width of the feed-forward block.
        levels: number of maps.
        points: locations per head and level.
        dropout: on the weights of the self-attention, on what the maps give, and twice
            in the feed-forward block.

    Source: Zhu et al., "Deformable DETR", ICLR 2021.
    """

    def __init__(self, channels: int, heads: int, hidden: int, levels: int = 4,
                 points: int = 4, *, dropout: float = 0.1) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(channels, heads, dropout)
        self.cross_attention = DeformableAttention(channels, heads, levels, points)
        self.feed_forward = FeedForward(channels, hidden, dropout)
        self.self_norm = nn.LayerNorm(channels)
        self.cross_norm = nn.LayerNorm(channels)
        self.feed_forward_norm = nn.LayerNorm(channels)
        self.cross_dropout = nn.Dropout(dropout)
        self.feed_forward_dropout = nn.Dropout(dropout)

    def forward(self, queries: Tensor, pos: Tensor, reference: Tensor, tokens: Tensor,
                shapes: Shapes) -> Tensor:
        """Return the queries (B, Q, C) after one layer.

        Args:
            queries: (B, Q, C).
            pos: (B, Q, C), added where queries attend.
            reference: (B, Q, levels, 2), x, y in [0, 1]: around where they look.
            tokens: (B, S, C), the levels one after the other.
            shapes: (h, w) of each level.
        """
        placed = queries + pos
        read = self.self_attention(placed, placed, queries)
        queries = self.self_norm(queries + read)
        read = self.cross_attention(queries + pos, reference, tokens, shapes)
        queries = self.cross_norm(queries + self.cross_dropout(read))
        read = self.feed_forward_dropout(self.feed_forward(queries))
        return self.feed_forward_norm(queries + read)
