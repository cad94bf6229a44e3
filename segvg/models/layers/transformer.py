"""Transformer layers in DETR's manner: positions are added to queries and keys only."""
from typing import Optional

from torch import Tensor, nn

from segvg.models.layers.attention import MultiHeadAttention


def add_position(tokens: Tensor, pos: Optional[Tensor]) -> Tensor:
    """Return tokens (B, N, C) plus their position encoding (B or 1, N, C), if any."""
    return tokens if pos is None else tokens + pos


def init_matrices(module: nn.Module) -> None:
    """Draw every matrix of a stack by Xavier's uniform rule, as DETR does."""
    for parameter in module.parameters():
        if parameter.dim() > 1:
            nn.init.xavier_uniform_(parameter)


class FeedForward(nn.Sequential):
    """Linear, ReLU, dropout, linear, on (B, N, C)."""

    def __init__(self, channels: int, hidden: int, dropout: float) -> None:
        super().__init__(
            nn.Linear(channels, hidden), nn.ReLU(inplace=True), nn.Dropout(dropout),
            nn.Linear(hidden, channels))


class EncoderLayer(nn.Module):
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
        super().__init__()
        self.pre_norm = pre_norm
        self.self_attention = MultiHeadAttention(channels, heads, attention_dropout)
        self.feed_forward = FeedForward(channels, hidden, dropout)
        self.attention_norm = nn.LayerNorm(channels)
        self.feed_forward_norm = nn.LayerNorm(channels)
        self.dropout = nn.Dropout(dropout)

    def _attend(self, tokens: Tensor, padding_mask: Optional[Tensor],
                pos: Optional[Tensor]) -> Tensor:
        query = add_position(tokens, pos)
        return self.dropout(self.self_attention(query, query, tokens, padding_mask))

    def forward(self,
                tokens: Tensor,
                padding_mask: Optional[Tensor] = None,
                pos: Optional[Tensor] = None) -> Tensor:
        """Return (B, N, C) for tokens (B, N, C) and their padding mask (B, N)."""
        if self.pre_norm:
            tokens = tokens + self._attend(
                self.attention_norm(tokens), padding_mask, pos)
            hidden = self.feed_forward(self.feed_forward_norm(tokens))
            return tokens + self.dropout(hidden)
        tokens = self.attention_norm(tokens + self._attend(tokens, padding_mask, pos))
        hidden = self.dropout(self.feed_forward(tokens))
        return self.feed_forward_norm(tokens + hidden)


class DecoderLayer(nn.Module):
    """Self-attention of queries, attention to a memory, feed-forward; pre-norm.

    Args:
        channels: C.
        heads: number of attention heads.
        hidden: width of the feed-forward block.
        dropout: on the three residual branches and inside the feed-forward block.
        attention_dropout: on the weights of the self-attention only.
    """

    def __init__(self,
                 channels: int,
                 heads: int,
                 hidden: int,
                 *,
                 dropout: float = 0.1,
                 attention_dropout: float = 0.1) -> None:
        super().__init__()
        self.self_attention = MultiHeadAttention(channels, heads, attention_dropout)
        self.cross_attention = MultiHeadAttention(channels, heads)
        self.feed_forward = FeedForward(channels, hidden, dropout)
        self.self_norm = nn.LayerNorm(channels)
        self.cross_norm = nn.LayerNorm(channels)
        self.feed_forward_norm = nn.LayerNorm(channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self,
                queries: Tensor,
                memory: Tensor,
                memory_with_pos: Tensor,
                padding_mask: Optional[Tensor] = None,
                query_pos: Optional[Tensor] = None) -> Tensor:
        """Return the queries (B, Q, C) after one layer.

        Args:
            queries: (B, Q, C).
            memory: (B, N, C), the values.
            memory_with_pos: (B, N, C), the keys: memory plus its position encoding.
            padding_mask: (B, N) of the memory, True = padding.
            query_pos: (B or 1, Q, C).
        """
        normed = self.self_norm(queries)
        query = add_position(normed, query_pos)
        queries = queries + self.dropout(self.self_attention(query, query, normed))
        query = add_position(self.cross_norm(queries), query_pos)
        queries = queries + self.dropout(
            self.cross_attention(query, memory_with_pos, memory, padding_mask))
        hidden = self.feed_forward(self.feed_forward_norm(queries))
        return queries + self.dropout(hidden)
