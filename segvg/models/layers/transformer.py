"""Transformer layers as in DETR: positions are added to queries and keys only."""
from typing import Callable, Optional

import torch
from torch import Tensor, nn

from segvg.models.layers.attention import MultiHeadAttention
from segvg.structures import Tokens


def add_position(tokens: Tensor, pos: Optional[Tensor]) -> Tensor:
    """Return tokens (B, N, C) plus their position encoding (B or 1, N, C), if any."""
    return tokens if pos is None else tokens + pos


def init_matrices(module: nn.Module) -> None:
    """Initialize every matrix of a module by Xavier's uniform rule, as DETR does."""
    for parameter in module.parameters():
        if parameter.dim() > 1:
            nn.init.xavier_uniform_(parameter)


class FeedForward(nn.Sequential):
    """Linear, ReLU, dropout, linear, on (B, N, C)."""

    def __init__(self, channels: int, hidden: int, dropout: float) -> None:
        super().__init__(
            nn.Linear(channels, hidden), nn.ReLU(inplace=True), nn.Dropout(dropout),
            nn.Linear(hidden, channels))


class ResidualLayer(nn.Module):
    """What encoder and decoder layers share: how a block is added to its input.

    Args:
        dropout: on the residual branches.
        pre_norm: normalise the input of a block instead of the residual sum after it.
    """

    def __init__(self, dropout: float, pre_norm: bool) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.pre_norm = pre_norm

    def add(self, tokens: Tensor, block: Callable[[Tensor], Tensor],
            norm: nn.Module) -> Tensor:
        """Return tokens (B, N, C) plus what the block makes of them, normalised."""
        if self.pre_norm:
            return tokens + self.dropout(block(norm(tokens)))
        return norm(tokens + self.dropout(block(tokens)))


class EncoderLayer(ResidualLayer):
    """Self-attention and a feed-forward block.

    Args:
        channels: C.
        heads: number of attention heads.
        hidden: width of the feed-forward block.
        dropout: on both residual branches and inside the feed-forward block.
        attention_dropout: on the attention weights.
        pre_norm: normalise before a block instead of after its residual sum.
    """

    def __init__(self,
                 channels: int,
                 heads: int,
                 hidden: int,
                 *,
                 dropout: float = 0.1,
                 attention_dropout: float = 0.0,
                 pre_norm: bool = False) -> None:
        super().__init__(dropout, pre_norm)
        self.self_attention = MultiHeadAttention(channels, heads, attention_dropout)
        self.feed_forward = FeedForward(channels, hidden, dropout)
        self.attention_norm = nn.LayerNorm(channels)
        self.feed_forward_norm = nn.LayerNorm(channels)

    def forward(self,
                tokens: Tensor,
                padding_mask: Optional[Tensor] = None,
                pos: Optional[Tensor] = None) -> Tensor:
        """Return (B, N, C) for tokens (B, N, C) and their padding mask (B, N)."""
        def attend(tokens: Tensor) -> Tensor:
            query = add_position(tokens, pos)
            return self.self_attention(query, query, tokens, padding_mask)

        tokens = self.add(tokens, attend, self.attention_norm)
        return self.add(tokens, self.feed_forward, self.feed_forward_norm)


class DecoderLayer(ResidualLayer):
    """Self-attention of queries, attention to a memory, feed-forward.

    Args:
        channels: C.
        heads: number of attention heads.
        hidden: width of the feed-forward block.
        dropout: on the three residual branches and inside the feed-forward block.
        attention_dropout: on the weights of the self-attention.
        cross_attention_dropout: on the weights of the attention to the memory.
        pre_norm: normalise before a block instead of after its residual sum.
    """

    def __init__(self,
                 channels: int,
                 heads: int,
                 hidden: int,
                 *,
                 dropout: float = 0.1,
                 attention_dropout: float = 0.1,
                 cross_attention_dropout: float = 0.1,
                 pre_norm: bool = False) -> None:
        super().__init__(dropout, pre_norm)
        self.self_attention = MultiHeadAttention(channels, heads, attention_dropout)
        self.cross_attention = MultiHeadAttention(
            channels, heads, cross_attention_dropout)
        self.feed_forward = FeedForward(channels, hidden, dropout)
        self.self_norm = nn.LayerNorm(channels)
        self.cross_norm = nn.LayerNorm(channels)
        self.feed_forward_norm = nn.LayerNorm(channels)

    def forward(self,
                queries: Tensor,
                memory: Tensor,
                memory_with_pos: Tensor,
                padding_mask: Optional[Tensor] = None,
                query_pos: Optional[Tensor] = None,
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
        def attend_queries(queries: Tensor) -> Tensor:
            query = add_position(queries, query_pos)
            return self.self_attention(query, query, queries, query_padding_mask)

        def attend_memory(queries: Tensor) -> Tensor:
            query = add_position(queries, query_pos)
            return self.cross_attention(query, memory_with_pos, memory, padding_mask)

        queries = self.add(queries, attend_queries, self.self_norm)
        queries = self.add(queries, attend_memory, self.cross_norm)
        return self.add(queries, self.feed_forward, self.feed_forward_norm)


class QueryDecoder(nn.Module):
    """DETR's decoder: post-norm layers over queries that start from zero or from text.

    Args:
        channels: C.
        num_layers: D.
        heads: number of attention heads.
        hidden: width of the feed-forward blocks.
        dropout: on residual branches, attention weights and in feed-forward blocks.

    Source: Carion et al., ECCV 2020.
    """

    def __init__(self, channels: int, num_layers: int, heads: int, hidden: int,
                 dropout: float = 0.1) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            DecoderLayer(channels, heads, hidden, dropout=dropout,
                         attention_dropout=dropout, cross_attention_dropout=dropout)
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
            queries: (B, Q, C), the initial queries; None: zeros.
            query_padding_mask: (B, Q), True = a query that the others do not see.
        """
        keys = add_position(memory.feats, memory.pos)
        if queries is None:
            queries = query_pos.new_zeros(query_pos.shape).expand(keys.shape[0], -1, -1)
        states = []
        for layer in self.layers:
            queries = layer(queries, memory.feats, keys, memory.padding_mask, query_pos,
                            query_padding_mask)
            states.append(queries)
        return self.norm(torch.stack(states))
