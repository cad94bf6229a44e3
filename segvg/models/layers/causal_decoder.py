"""A decoder whose tokens attend to themselves and to earlier ones, with a cache."""
from typing import NamedTuple, Optional, Sequence, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segvg.models.layers.attention import MultiHeadAttention, attend_mask
from segvg.models.layers.transformer import FeedForward, add_position
from segvg.structures import Tokens


class KeyValue(NamedTuple):
    """Projected keys and values, each (B, heads, S, C / heads)."""
    keys: Tensor
    values: Tensor

    def append(self, other: 'KeyValue') -> 'KeyValue':
        """Return these and then the others along S."""
        return KeyValue(torch.cat([self.keys, other.keys], dim=2),
                        torch.cat([self.values, other.values], dim=2))


class CachedAttention(MultiHeadAttention):
    """Attention whose keys and values can be projected once and used many times."""

    def _project(self, tokens: Tensor, part: int) -> Tensor:
        """Return (B, heads, N, C / heads); part 0 is query, 1 key, 2 value."""
        channels = tokens.shape[-1]
        rows = slice(part * channels, (part + 1) * channels)
        out = F.linear(tokens, self.in_proj_weight[rows], self.in_proj_bias[rows])
        return out.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def key_values(self, keys: Tensor, values: Tensor) -> KeyValue:
        """Project keys and values (B, S, C)."""
        return KeyValue(self._project(keys, 1), self._project(values, 2))

    def attend(self, queries: Tensor, key_values: KeyValue,
               mask: Optional[Tensor] = None, causal: bool = False) -> Tensor:
        """Return (B, T, C) for queries (B, T, C).

        Args:
            queries: not yet projected.
            key_values: projected.
            mask: broadcast to (B, heads, T, S): bool with True = use, or a float that
                is added to the scores.
            causal: let query t use the keys up to t only; T = S.
        """
        out = F.scaled_dot_product_attention(
            self._project(queries, 0), *key_values, attn_mask=mask, is_causal=causal,
            dropout_p=self.dropout if self.training else 0.0)
        return self.out_proj(out.transpose(1, 2).flatten(2))


class CausalDecoderLayer(nn.Module):
    """Causal self-attention, attention to a memory, feed-forward; post-norm.

    Args:
        channels: C.
        heads: number of attention heads.
        hidden: width of the feed-forward block.
        dropout: on residual branches, attention weights and in the feed-forward block.
    """

    def __init__(self, channels: int, heads: int, hidden: int,
                 dropout: float = 0.1) -> None:
        super().__init__()
        self.self_attention = CachedAttention(channels, heads, dropout)
        self.cross_attention = CachedAttention(channels, heads, dropout)
        self.feed_forward = FeedForward(channels, hidden, dropout)
        self.self_norm = nn.LayerNorm(channels)
        self.cross_norm = nn.LayerNorm(channels)
        self.feed_forward_norm = nn.LayerNorm(channels)
        self.dropout = nn.Dropout(dropout)

    def memory_keys(self, memory: Tokens) -> KeyValue:
        """Project the memory (B, N, C), once for a whole sequence."""
        return self.cross_attention.key_values(
            add_position(memory.feats, memory.pos), memory.feats)

    def memory_mask(self, tokens: Tensor, memory: Tokens) -> Optional[Tensor]:
        """Return the attention mask of tokens (B, T, C) over the memory.

        Bool with True = use, or a float that is added to the scores.
        """
        return attend_mask(memory.padding_mask)

    def forward(self, tokens: Tensor, pos: Tensor, memory: Tokens,
                memory_keys: KeyValue, past: Optional[KeyValue] = None
                ) -> tuple[Tensor, KeyValue]:
        """Return the tokens (B, T, C) after the layer, and all keys and values so far.

        Args:
            tokens: (B, T, C); T = 1 when there is a past.
            pos: (T, C), their positions.
            memory: the memory (B, N, C), for its mask.
            memory_keys: its projection by ``memory_keys``.
            past: keys and values of the tokens before.
        """
        query = tokens + pos
        key_values = self.self_attention.key_values(query, tokens)
        if past is not None:
            key_values = past.append(key_values)
        out = self.self_attention.attend(query, key_values, causal=past is None)
        tokens = self.self_norm(tokens + self.dropout(out))
        out = self.cross_attention.attend(
            tokens + pos, memory_keys, self.memory_mask(tokens, memory))
        tokens = self.cross_norm(tokens + self.dropout(out))
        hidden = self.dropout(self.feed_forward(tokens))
        return self.feed_forward_norm(tokens + hidden), key_values


class DecoderState(NamedTuple):
    """What a decoder needs from earlier tokens to continue with the next one.

    Attributes:
        memory: (B, N, C).
        memory_keys: keys and values of the memory in each layer.
        past: keys and values of earlier tokens in each layer, None before the first.
    """
    memory: Tokens
    memory_keys: list[KeyValue]
    past: list[Optional[KeyValue]]


class CausalDecoder(nn.Module):
    """Layers over one memory, for whole sequences or token by token.

    Args:
        layers: the layers.
        channels: C.
    """

    def __init__(self, layers: list[CausalDecoderLayer], channels: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.norm = nn.LayerNorm(channels)

    def start(self, memory: Tokens) -> DecoderState:
        """Return the state before the first token."""
        # ModuleList does not know the type of its elements.
        layers = cast(Sequence[CausalDecoderLayer], self.layers)
        return DecoderState(memory, [layer.memory_keys(memory) for layer in layers],
                            [None] * len(layers))

    def forward(self, tokens: Tensor, pos: Tensor,
                state: DecoderState) -> tuple[Tensor, DecoderState]:
        """Return the normalised tokens (B, T, C) and the state after them.

        Args:
            tokens: (B, T, C); T = 1 unless the state is the first.
            pos: (T, C), their positions.
            state: of the tokens before.
        """
        past = []
        for layer, memory_keys, before in zip(self.layers, state.memory_keys,
                                              state.past):
            tokens, key_values = layer(tokens, pos, state.memory, memory_keys, before)
            past.append(key_values)
        return self.norm(tokens), state._replace(past=past)
