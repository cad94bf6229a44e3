"""Embeddings and layers of BERT and RoBERTa, with the names of published weights.

transformers has both, but its import takes longer than the rest of a start together.
"""
from dataclasses import dataclass, fields
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass
class BertSettings:
    """Sizes of a model; the defaults are those of bert-base-uncased."""

    vocab_size: int = 30522
    hidden_size: int = 768
    num_hidden_layers: int = 12
    num_attention_heads: int = 12
    intermediate_size: int = 3072
    hidden_dropout_prob: float = 0.1
    attention_probs_dropout_prob: float = 0.1
    max_position_embeddings: int = 512
    type_vocab_size: int = 2
    initializer_range: float = 0.02
    layer_norm_eps: float = 1e-12
    pad_token_id: int = 0


#: Architecture -> what it has by default instead.
ARCHITECTURES: dict[str, dict[str, int]] = dict(
    bert={}, roberta=dict(vocab_size=50265, pad_token_id=1))


def is_bert(model_type: str, config: dict) -> bool:
    """Return whether an architecture with these settings is one of this module."""
    return model_type in ARCHITECTURES and {
        field.name for field in fields(BertSettings)}.issuperset(config)


class WordEmbeddings(nn.Module):
    """Words, kinds and positions as vectors, added, normalized, dropped out.

    Args:
        settings: sizes.
        padded_positions: RoBERTa's way: positions are counted among what is not padding
            and begin behind the id of padding.
    """

    def __init__(self, settings: BertSettings, padded_positions: bool) -> None:
        super().__init__()
        width, padding = settings.hidden_size, settings.pad_token_id
        self.padding = padding if padded_positions else None
        self.word_embeddings = nn.Embedding(settings.vocab_size, width,
                                            padding_idx=padding)
        if not padded_positions:
            self.position_embeddings = nn.Embedding(
                settings.max_position_embeddings, width)
        self.token_type_embeddings = nn.Embedding(settings.type_vocab_size, width)
        self.LayerNorm = nn.LayerNorm(width, eps=settings.layer_norm_eps)
        self.dropout = nn.Dropout(settings.hidden_dropout_prob)
        if padded_positions:
            self.position_embeddings = nn.Embedding(
                settings.max_position_embeddings, width, padding_idx=padding)

    def positions(self, ids: Tensor) -> Tensor:
        """Return the position (B or 1, L) of every token of ids (B, L)."""
        if self.padding is None:
            return torch.arange(ids.shape[1], device=ids.device)[None]
        real = ids.ne(self.padding).int()
        return (real.cumsum(1).type_as(real) * real).long() + self.padding

    def forward(self, input_ids: Tensor) -> Tensor:
        """Return vectors (B, L, C) of ids (B, L)."""
        kinds = self.token_type_embeddings(torch.zeros_like(input_ids))
        vectors = self.word_embeddings(input_ids) + kinds
        vectors = vectors + self.position_embeddings(self.positions(input_ids))
        return self.dropout(self.LayerNorm(vectors))


class Projections(nn.Module):
    """Self-attention without its output projection."""

    def __init__(self, settings: BertSettings) -> None:
        super().__init__()
        width, self.heads = settings.hidden_size, settings.num_attention_heads
        if width % self.heads:
            raise ValueError(f'hidden_size {width} of the language encoder is not a '
                             f'multiple of num_attention_heads {self.heads}')
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.dropout = settings.attention_probs_dropout_prob

    def forward(self, vectors: Tensor, mask: Optional[Tensor]) -> Tensor:
        """Return (B, L, C) for (B, L, C) and what is added to the scores."""
        query, key, value = (
            part(vectors).unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.query, self.key, self.value))  # (B, heads, L, c)
        found = F.scaled_dot_product_attention(
            query, key, value, mask, self.dropout if self.training else 0.0)
        return found.transpose(1, 2).flatten(2)


class ResidualOutput(nn.Module):
    """Projection, dropout, residual, normalization."""

    def __init__(self, settings: BertSettings, channels: int) -> None:
        super().__init__()
        self.dense = nn.Linear(channels, settings.hidden_size)
        self.LayerNorm = nn.LayerNorm(settings.hidden_size, eps=settings.layer_norm_eps)
        self.dropout = nn.Dropout(settings.hidden_dropout_prob)

    def forward(self, vectors: Tensor, before: Tensor) -> Tensor:
        """Return (B, L, C) of (B, L, C') and what it is added to, (B, L, C)."""
        return self.LayerNorm(self.dropout(self.dense(vectors)) + before)


class BertLayer(nn.Module):
    """Self-attention and a feed-forward block, each normalized after its residual."""

    def __init__(self, settings: BertSettings) -> None:
        super().__init__()
        hidden = settings.intermediate_size
        self.attention = nn.ModuleDict(dict(
            self=Projections(settings),
            output=ResidualOutput(settings, settings.hidden_size)))
        self.intermediate = nn.ModuleDict(dict(
            dense=nn.Linear(settings.hidden_size, hidden)))
        self.output = ResidualOutput(settings, hidden)

    def forward(self, vectors: Tensor, attention_mask: Optional[Tensor]) -> Tensor:
        """Return (B, L, C) for (B, L, C).

        Args:
            vectors: of the tokens.
            attention_mask: (B, 1, 1, L), added to the scores; None: nothing is padding.
        """
        seen = self.attention['self'](vectors, attention_mask)
        vectors = self.attention['output'](seen, vectors)
        return self.output(F.gelu(self.intermediate['dense'](vectors)), vectors)


def build_bert(model_type: str,
               config: dict) -> tuple[WordEmbeddings, nn.ModuleList]:
    """Return embeddings and layers with random weights, those that transformers draws.

    Args:
        model_type: of ``ARCHITECTURES``.
        config: values of ``BertSettings``.
    """
    settings = BertSettings(**{**ARCHITECTURES[model_type], **config})
    embeddings = WordEmbeddings(settings, padded_positions=model_type == 'roberta')
    layers = nn.ModuleList(
        BertLayer(settings) for _ in range(settings.num_hidden_layers))
    for part in (embeddings, layers):
        init_bert(part, settings.initializer_range)
    return embeddings, layers


@torch.no_grad()
def init_bert(module: nn.Module, deviation: float) -> None:
    """Draw the weights of linear layers and tables; what stands for padding is 0."""
    for part in module.modules():
        if isinstance(part, (nn.Linear, nn.Embedding)):
            nn.init.normal_(part.weight, std=deviation)
        if isinstance(part, nn.Linear):
            nn.init.zeros_(part.bias)
        if isinstance(part, nn.Embedding) and part.padding_idx is not None:
            nn.init.zeros_(part.weight[part.padding_idx])
