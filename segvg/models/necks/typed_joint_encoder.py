"""A transformer encoder over words and image tokens that know which they are."""
import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.models.layers import EncoderLayer, NormedMLP, init_matrices
from segvg.models.necks.triple_alignment import join_padding_masks
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, Tokens


@MODELS.register_module()
class TypedJointEncoder(BaseModule):
    """Words, then image tokens, in one encoder; each kind has a vector of its own.

    Words have learned positions, image tokens keep the sine positions that they bring.
    Post-norm layers without a final norm. The feature maps of the image are handed on.

    Args:
        text_channels: C of the incoming text tokens.
        channels: C of the encoder and of the image tokens.
        num_layers: encoder layers.
        max_text_tokens: rows of the position table for words.
        heads: attention heads.
        hidden: width of the feed-forward blocks.
        dropout: of residual branches, attention weights, feed-forward blocks and of the
            projected text.

    Source: Li and Sigal, "Referring Transformer", NeurIPS 2021, joint encoder.
    """

    def __init__(self,
                 text_channels: int = 768,
                 channels: int = 256,
                 *,
                 num_layers: int = 6,
                 max_text_tokens: int = 128,
                 heads: int = 8,
                 hidden: int = 2048,
                 dropout: float = 0.1) -> None:
        super().__init__()
        self.text_proj = NormedMLP(text_channels, channels, dropout)
        self.position = nn.Embedding(max_text_tokens, channels)
        self.kind = nn.Embedding(2, channels)  # words, image tokens
        self.level = nn.Parameter(torch.empty(1, channels))
        self.layers = nn.ModuleList(
            EncoderLayer(channels, heads, hidden, dropout=dropout,
                         attention_dropout=dropout) for _ in range(num_layers))
        for part in (self.position, self.kind, self.layers):
            init_matrices(part)
        nn.init.normal_(self.level)

    def _positions(self, num_words: int, image: Tokens) -> Tensor:
        """Return the positions (I, N, C) of words and image tokens."""
        rows = len(self.position.weight)
        if num_words > rows:
            raise ValueError(f'{num_words} text tokens, but the position table has '
                             f'{rows} rows; max_length of the tokenizing transform is '
                             'at most max_text_tokens')
        words = self.position.weight[:num_words] + self.kind.weight[0]
        pixels = image.pos + self.level[0] + self.kind.weight[1]
        return torch.cat([words.expand(len(pixels), -1, -1), pixels], dim=1)

    def forward(self, text: Tokens, image: Tokens,
                canvas_shape: tuple[int, int]) -> FusedFeatures:
        """Fuse text (B, L, C_text) and image (B, h * w, C)."""
        words = self.text_proj(text.feats)
        tokens = torch.cat([words, image.feats], dim=1)
        padding_mask = join_padding_masks(text, image)
        pos = self._positions(words.shape[1], image)
        for layer in self.layers:
            tokens = layer(tokens, padding_mask, pos)
        return FusedFeatures(
            memory=Tokens(tokens, padding_mask, pos),
            image_slice=slice(words.shape[1], tokens.shape[1]),
            grid=image.grid,
            canvas_shape=canvas_shape,
            maps=image.maps)
