"""SegVG's triple alignment: object, text and image tokens in one attention."""
import torch
from mmengine.model import BaseModule
from torch import nn

from segvg.models.layers import add_position, attention
from segvg.registry import MODELS
from segvg.structures import Tokens
from segvg.structures.features import join_padding_masks


class TripleAlignmentLayer(nn.Module):
    """One attention over three kinds of tokens, each with projections of its own.

    Every stream is normalised, projected to the common width, attends to all tokens of
    all streams, is projected back and added to the un-normalised stream.

    Args:
        channels: width of the attention and of object and image tokens.
        text_channels: width of the text tokens.
        heads: attention heads.
        dropout: after the three output projections; attention weights have none.
    """

    def __init__(self, channels: int, text_channels: int, heads: int,
                 dropout: float) -> None:
        super().__init__()
        self.heads = heads
        widths = dict(object=channels, text=text_channels, image=channels)

        def project_all() -> nn.ModuleDict:
            return nn.ModuleDict(
                {kind: nn.Linear(width, channels) for kind, width in widths.items()})

        self.norms = nn.ModuleDict(
            {kind: nn.LayerNorm(width) for kind, width in widths.items()})
        self.query, self.key, self.value = project_all(), project_all(), project_all()
        self.out = nn.ModuleDict(
            {kind: nn.Linear(channels, width) for kind, width in widths.items()})
        self.dropout = nn.Dropout(dropout)

    def forward(self, objects: Tokens, text: Tokens,
                image: Tokens) -> tuple[Tokens, Tokens, Tokens]:
        """Return the three streams, each (B, N, C of the stream), after one layer."""
        streams = dict(object=objects, text=text, image=image)
        query, key, value = [], [], []
        for kind, tokens in streams.items():
            normed = self.norms[kind](tokens.feats)
            with_pos = add_position(normed, tokens.pos)
            query.append(self.query[kind](with_pos))
            key.append(self.key[kind](with_pos))
            value.append(self.value[kind](normed))
        out = attention(torch.cat(query, 1), torch.cat(key, 1), torch.cat(value, 1),
                        self.heads, join_padding_masks(*streams.values()))
        parts = out.split([tokens.feats.shape[1] for tokens in streams.values()], 1)
        objects, text, image = (
            tokens._replace(feats=tokens.feats + self.dropout(self.out[kind](part)))
            for (kind, tokens), part in zip(streams.items(), parts))
        return objects, text, image


@MODELS.register_module()
class TripleAlignment(BaseModule):
    """The alignment layers of SegVG, one for each round of the encoders.

    Args:
        num_layers: rounds.
        channels: C of object and image tokens.
        text_channels: C of the text tokens.
        heads: attention heads.
        dropout: after the output projections.

    Source: Kang et al., "SegVG", ECCV 2024, Triple Alignment module.
    """

    def __init__(self,
                 num_layers: int = 6,
                 channels: int = 256,
                 text_channels: int = 768,
                 *,
                 heads: int = 8,
                 dropout: float = 0.1) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            TripleAlignmentLayer(channels, text_channels, heads, dropout)
            for _ in range(num_layers))

    def forward(self, index: int, objects: Tokens, text: Tokens,
                image: Tokens) -> tuple[Tokens, Tokens, Tokens]:
        """Return objects (B, Q, C), text (B, L, C_text), image (B, h * w, C)."""
        return self.layers[index](objects, text, image)
