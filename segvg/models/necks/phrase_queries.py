"""From phrases in their context to the queries of a decoder."""
from typing import NamedTuple

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.models.layers import NormedMLP
from segvg.registry import MODELS


class PhraseContext(NamedTuple):
    """Which words each phrase may attend to.

    Attributes:
        excluded: (B, P, L) bool, True = not of the context.
        empty: (B, P) bool, True = no phrase: the caption has fewer than P.
    """
    excluded: Tensor
    empty: Tensor


def whole_text(padding_mask: Tensor) -> PhraseContext:
    """Return the context of a text that is one phrase: all its words, (B, 1, L).

    The first and the last token of each text are special tokens, not words.

    Args:
        padding_mask: (B, L) bool, True = padding.
    """
    length = (~padding_mask).sum(1, keepdim=True)
    index = torch.arange(padding_mask.shape[1], device=padding_mask.device)
    excluded = (index < 1) | (index >= length - 1)
    return PhraseContext(excluded[:, None], excluded.new_zeros((excluded.shape[0], 1)))


@MODELS.register_module()
class PhraseQueries(BaseModule):
    """Make the queries of each phrase from its own vector and from encoded words.

    The encoded first token attends to the phrase's words; their weighted mean, that
    token and the vector of the phrase are fused to one vector, from which every query
    of the phrase starts.

    Args:
        phrase_channels: C of the vectors of phrases.
        channels: C of words and queries.
        queries_per_phrase: R; at test the first is used.
        dropout: in the projections.

    Source: Li and Sigal, "Referring Transformer", NeurIPS 2021, query encoder. The
    scores are not divided by the root of C, as in the published code. A phrase without
    words attends to the first token; published, an empty expression gives NaN.
    """

    def __init__(self, phrase_channels: int = 768, channels: int = 256, *,
                 queries_per_phrase: int = 1, dropout: float = 0.1) -> None:
        super().__init__()
        self.phrase_proj = NormedMLP(phrase_channels, channels, dropout)
        self.query_proj = nn.Linear(channels, channels)
        self.key_proj = nn.Linear(channels, channels)
        self.value_proj = nn.Linear(channels, channels)
        self.context_proj = nn.Sequential(
            nn.Linear(channels, channels), nn.LayerNorm(channels))
        self.fuse = NormedMLP(2 * channels, channels, dropout)
        self.query_embed = nn.Embedding(queries_per_phrase, 2 * channels)

    def mix(self, words: Tensor, phrases: Tensor,
            excluded: Tensor) -> tuple[Tensor, Tensor]:
        """Return queries and their positions, each (B, P * R, C), phrase by phrase.

        Args:
            words: (B, L, C) after the joint encoder.
            phrases: (B, P, C), projected vectors of phrases.
            excluded: (B, P, L) bool, True = not of the context.
        """
        excluded = excluded.clone()
        excluded[..., 0] &= ~excluded.all(-1)
        first = words[:, :1]
        keys = self.key_proj(words)
        scores = self.query_proj(first) @ keys.transpose(1, 2)  # (B, 1, L)
        weights = scores.masked_fill(excluded, float('-inf')).softmax(-1)
        context = self.context_proj(weights @ self.value_proj(words))  # (B, P, C)
        context = context + first
        fused = self.fuse(torch.cat([context, phrases], dim=-1))
        both = torch.cat([fused, fused], dim=-1)[:, :, None] + self.query_embed.weight
        queries, query_pos = both.flatten(1, 2).chunk(2, dim=-1)
        return queries, query_pos

    def forward(self, words: Tensor, phrases: Tensor,
                context: PhraseContext) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries, their positions and their padding mask (B, P * R).

        ``phrases`` is (B, P, C_phrase); the rest as ``mix``.
        """
        queries, query_pos = self.mix(words, self.phrase_proj(phrases),
                                      context.excluded)
        empty = context.empty.repeat_interleave(
            len(self.query_embed.weight), dim=1)
        return queries, query_pos, empty
