"""Multi-head attention; the one place that knows each library's mask polarity."""
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def attend_mask(key_padding_mask: Optional[Tensor]) -> Optional[Tensor]:
    """Turn a padding mask (B, S) into torch's (B, 1, 1, S), where True means use.

    Without padding there is no mask, so that the fastest kernel can run.
    """
    if key_padding_mask is None:
        return None
    return key_padding_mask.logical_not()[:, None, None]


def attend_outside(blocked: Tensor) -> Tensor:
    """Turn blocked pairs (B, T, S), True = ignore, into torch's (B, 1, T, S).

    A query that is blocked everywhere attends to everything instead.
    """
    return (blocked.logical_not() | blocked.all(-1, keepdim=True))[:, None]


def additive_mask(padding_mask: Optional[Tensor],
                  dtype: torch.dtype) -> Optional[Tensor]:
    """Turn a padding mask (B, S), True = padding, into Hugging Face's (B, 1, 1, S).

    0 is added to the scores of real tokens and a very low number to those of padding.
    Without padding there is no mask.
    """
    if padding_mask is None:
        return None
    mask = torch.zeros(padding_mask.shape, dtype=dtype, device=padding_mask.device)
    mask = mask.masked_fill(padding_mask, torch.finfo(dtype).min)
    return mask[:, None, None]


def attention(query: Tensor,
              key: Tensor,
              value: Tensor,
              heads: int,
              key_padding_mask: Optional[Tensor] = None,
              dropout: float = 0.0) -> Tensor:
    """Let every query attend to all keys with several heads; no projections.

    Args:
        query: (B, T, C).
        key: (B, S, C).
        value: (B, S, C).
        heads: number of heads; C is a multiple of it.
        key_padding_mask: (B, S) bool, True = padding.
        dropout: probability at which an attention weight is dropped.

    Returns:
        (B, T, C).
    """
    def split(tokens: Tensor) -> Tensor:
        batch, length, channels = tokens.shape
        return tokens.view(batch, length, heads, channels // heads).transpose(1, 2)

    out = F.scaled_dot_product_attention(
        split(query), split(key), split(value),
        attn_mask=attend_mask(key_padding_mask), dropout_p=dropout)
    return out.transpose(1, 2).flatten(2)


class MultiHeadAttention(nn.Module):
    """Attention with input and output projections.

    The parameters are those of ``torch.nn.MultiheadAttention`` (one matrix for query,
    key and value): published weights are stored so, and initialised as one matrix.

    Args:
        channels: C of queries, keys and values.
        heads: number of heads.
        dropout: probability at which an attention weight is dropped in training.
            Several published models have none here although their layers have dropout.
    """

    def __init__(self, channels: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.in_proj_weight = nn.Parameter(torch.empty(3 * channels, channels))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * channels))
        self.out_proj = nn.Linear(channels, channels)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self,
                query: Tensor,
                key: Tensor,
                value: Tensor,
                key_padding_mask: Optional[Tensor] = None) -> Tensor:
        """Return (B, T, C) for query (B, T, C), key and value (B, S, C).

        ``key_padding_mask`` is (B, S) bool, True = padding.
        """
        channels = query.shape[-1]
        weight, bias = self.in_proj_weight, self.in_proj_bias
        if query is key:
            projected = F.linear(query, weight[:2 * channels], bias[:2 * channels])
            query, key = projected.chunk(2, dim=-1)
        else:
            query = F.linear(query, weight[:channels], bias[:channels])
            key = F.linear(
                key, weight[channels:2 * channels], bias[channels:2 * channels])
        value = F.linear(value, weight[2 * channels:], bias[2 * channels:])
        out = attention(query, key, value, self.heads, key_padding_mask,
                        self.dropout if self.training else 0.0)
        return self.out_proj(out)


class MappedAttention(MultiHeadAttention):
    """``MultiHeadAttention`` that also tells where its queries looked.

    In training the map is what the dropout left of the weights, as it is used: losses
    of a map and points chosen from it see its noise.
    """

    def forward_with_map(self, query: Tensor, key: Tensor,
                         value: Tensor) -> tuple[Tensor, Tensor]:
        """Return (B, T, C) and the map (B, T, S), the mean over the heads.

        Args:
            query: (B, T, C).
            key: (B, S, C).
            value: (B, S, C).
        """
        query, key, value = (
            F.linear(tokens, weight, bias).unflatten(-1, (self.heads, -1))
            .transpose(1, 2)
            for tokens, weight, bias in zip(
                (query, key, value), self.in_proj_weight.chunk(3),
                self.in_proj_bias.chunk(3), strict=True))
        logits = (query * query.shape[-1]**-0.5) @ key.transpose(-2, -1)
        weights = F.dropout(logits.float().softmax(-1), self.dropout, self.training)
        out = (weights.to(value) @ value).transpose(1, 2).flatten(2)
        return self.out_proj(out), weights.mean(1)
