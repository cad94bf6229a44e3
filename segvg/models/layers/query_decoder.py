"""DETR's decoder: queries look at each other and at a memory; post-norm."""
from typing import Optional

import torch
from torch import Tensor, nn

from segvg.models.layers.attention import MultiHeadAttention
from segvg.models.layers.transformer import FeedForward, add_position, init_matrices
from segvg.structures import Tokens


class QueryDecoderLayer(nn.Module):
    """Self-attention of queries, attention to a memory, feed-forward; post-norm.

    Args:
        channels: C.
        heads: number of attention heads.
        hidden: width of the feed-forward block.
        dropout: on residual branches, attention weights and in the feed-forward block.
    """

    def __init__(self, channels: int, heads: int, hidden: int,
                 dropout: float = 0.1) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(channels, heads, dropout)
        self.cross_attention = MultiHeadAttention(channels, heads, dropout)
        self.feed_forward = FeedForward(channels, hidden, dropout)
        self.self_norm = nn.LayerNorm(channels)
        self.cross_norm = nn.LayerNorm(channels)
        self.feed_forward_norm = nn.LayerNorm(channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self,
                queries: Tensor,
                memory: Tensor,
                memory_with_pos: Tensor,
                padding_mask: Optional[Tensor],
                query_pos: Tensor,
                query_padding_mask: Optional[Tensor] = None) -> Tensor:
        """Return the queries (B, Q, C) after one layer.

        Args:
            queries: (B, Q, C).
            memory: (B, N, C), the values.
            memory_with_pos: (B, N, C), the keys: memory plus its position encoding.
            padding_mask: (B, N) of the memory, True = padding.
            query_pos: (B or 1, Q, C).
            query_padding_mask: (B, Q), True = a query that the others do not see.
        """
        query = add_position(queries, query_pos)
        queries = self.self_norm(queries + self.dropout(
            self.self_attention(query, query, queries, query_padding_mask)))
        query = add_position(queries, query_pos)
        queries = self.cross_norm(queries + self.dropout(
            self.cross_attention(query, memory_with_pos, memory, padding_mask)))
        hidden = self.dropout(self.feed_forward(queries))
        return self.feed_forward_norm(queries + hidden)


class QueryDecoder(nn.Module):
    """Decoder layers; queries start from zero, or from what the text says of them.

    Args:
        channels: C.
        num_layers: D.
        heads: number of attention heads.
        hidden: width of the feed-forward blocks.
        dropout: of the layers.

    Source: Carion et al., ECCV 2020.
    """

    def __init__(self, channels: int, num_layers: int, heads: int, hidden: int,
                 dropout: float = 0.1) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            QueryDecoderLayer(channels, heads, hidden, dropout)
            for _ in range(num_layers))
        self.norm = nn.LayerNorm(channels)
        init_matrices(self.layers)

    def forward(self, memory: Tokens, query_pos: Tensor,
                queries: Optional[Tensor] = None,
                query_padding_mask: Optional[Tensor] = None) -> Tensor:
        """Return the normalised queries (D, B, Q, C) after every layer.

        Args:
            memory: (B, N, C) with positions.
            query_pos: (1, Q, C) or (B, Q, C).
            queries: (B, Q, C), what they start from; None: zeros.
            query_padding_mask: (B, Q), True = a query that the others do not see.
        """
        keys = add_position(memory.feats, memory.pos)
        if queries is None:
            queries = query_pos.new_zeros(query_pos.shape).expand(len(keys), -1, -1)
        states = []
        for layer in self.layers:
            queries = layer(queries, memory.feats, keys, memory.padding_mask, query_pos,
                            query_padding_mask)
            states.append(queries)
        return self.norm(torch.stack(states))
