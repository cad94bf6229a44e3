"""One transformer encoder over text and image tokens: three methods' variants.

=====================  =====================  ==================  ===================
encoder                sequence               positions of text   of the image
=====================  =====================  ==================  ===================
``JointEncoder``       learned, text, image   learned             learned
``SineJointEncoder``   image, text            none                those of its tokens
``TypedJointEncoder``  text, image            learned, and kind   the same, and kind
=====================  =====================  ==================  ===================
"""
from typing import Optional

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.models.layers import EncoderLayer, NormedMLP, init_matrices
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, Tokens
from segvg.structures.features import join_padding_masks


@MODELS.register_module()
class JointEncoder(BaseModule):
    """Text and image tokens, projected to one width, in one encoder.

    The sequence is [learned tokens, text, image]. Positions are learned: a row for each
    learned token, each of ``max_text_tokens`` text positions and each cell of the image
    grid. A batch with shorter texts uses the first rows of the text, which gives the
    same result as padding to the maximum.

    Args:
        text_channels: C of the incoming text tokens.
        image_channels: C of the incoming image tokens.
        channels: C of the encoder.
        num_layers: encoder layers.
        max_text_tokens: rows of the position table for text.
        num_image_tokens: rows for the image, h * w; a canvas of 640 at stride 32: 400.
        num_learned_tokens: tokens before the text, e.g. TransVG's [REG]; they become
            the queries of the result.
        heads: attention heads.
        hidden: width of the feed-forward blocks.
        dropout: of residual branches and feed-forward blocks.
        attention_dropout: of attention weights.
        pre_norm: normalise before each block, and once more at the end.

    Source: Deng et al., "TransVG", ICCV 2021, visual-linguistic transformer; SegVG
    takes it over with pre-norm layers and without the learned token.
    """

    def __init__(self,
                 text_channels: int = 768,
                 image_channels: int = 256,
                 channels: int = 256,
                 *,
                 num_layers: int = 6,
                 max_text_tokens: int = 20,
                 num_image_tokens: int = 400,
                 num_learned_tokens: int = 0,
                 heads: int = 8,
                 hidden: int = 2048,
                 dropout: float = 0.1,
                 attention_dropout: float = 0.0,
                 pre_norm: bool = False) -> None:
        super().__init__()
        self.max_text_tokens = max_text_tokens
        self.num_image_tokens = num_image_tokens
        self.text_proj = nn.Linear(text_channels, channels)
        self.image_proj = nn.Linear(image_channels, channels)
        self.num_learned_tokens = num_learned_tokens
        if num_learned_tokens:
            self.learned_tokens = nn.Embedding(num_learned_tokens, channels)
        self.position = nn.Embedding(
            num_learned_tokens + max_text_tokens + num_image_tokens, channels)
        self.layers = nn.ModuleList(
            EncoderLayer(channels, heads, hidden, dropout=dropout,
                         attention_dropout=attention_dropout, pre_norm=pre_norm)
            for _ in range(num_layers))
        self.norm = nn.LayerNorm(channels) if pre_norm else None
        init_matrices(self.layers)

    def _positions(self, num_text: int, num_image: int) -> Tensor:
        """Return the position rows (1, N, C) that a batch of this size uses."""
        if num_text > self.max_text_tokens:
            raise ValueError(f'{num_text} text tokens, but the position table has '
                             f'{self.max_text_tokens} rows for text; max_length of '
                             'TokenizeExpression and max_text_tokens must agree')
        if num_image != self.num_image_tokens:
            raise ValueError(f'{num_image} image tokens, but the position table has '
                             f'{self.num_image_tokens} rows for the image; the canvas '
                             'and num_image_tokens must agree')
        if num_text == self.max_text_tokens:
            return self.position.weight[None]
        text_end = self.num_learned_tokens + num_text
        return torch.cat([self.position.weight[:text_end],
                          self.position.weight[-num_image:]])[None]

    def forward(self,
                text: Tokens,
                image: Tokens,
                canvas_shape: tuple[int, int],
                queries: Optional[Tensor] = None,
                query_pos: Optional[Tensor] = None) -> FusedFeatures:
        """Fuse text (B, L, C_text) and image (B, h * w, C_image).

        ``queries`` (B, Q, C) and ``query_pos`` are passed on; with learned tokens the
        queries are those tokens after the encoder.
        """
        batch, num_image = image.feats.shape[:2]
        num_learned = self.num_learned_tokens
        streams = [text._replace(feats=self.text_proj(text.feats)),
                   image._replace(feats=self.image_proj(image.feats))]
        if num_learned:
            learned = self.learned_tokens.weight.expand(batch, -1, -1)
            streams.insert(0, Tokens(learned))
        tokens = torch.cat([stream.feats for stream in streams], dim=1)
        padding_mask = join_padding_masks(*streams)
        pos = self._positions(text.feats.shape[1], num_image)
        for layer in self.layers:
            tokens = layer(tokens, padding_mask, pos)
        if self.norm is not None:
            tokens = self.norm(tokens)
        start = num_learned + text.feats.shape[1]
        return FusedFeatures(
            memory=Tokens(tokens, padding_mask, pos, image.grid, image.maps),
            image_slice=slice(start, start + num_image),
            canvas_shape=canvas_shape,
            queries=tokens[:, :num_learned] if num_learned else queries,
            query_pos=query_pos)


@MODELS.register_module()
class SineJointEncoder(BaseModule):
    """Image tokens, then text tokens, in one encoder.

    Image tokens keep their sine positions; text gets none, since the language encoder
    has encoded the order of the words. Post-norm layers without a final norm. The
    feature maps of the image are passed on.

    Args:
        text_channels: C of the incoming text tokens.
        channels: C of the encoder and of the image tokens.
        num_layers: encoder layers.
        heads: attention heads.
        hidden: width of the feed-forward blocks.
        dropout: of residual branches, attention weights, feed-forward blocks and of the
            projected text.

    Source: Kamath et al., "MDETR", ICCV 2021, cross encoder; SiRi keeps its weights
    from one round of training to the next.
    """

    def __init__(self,
                 text_channels: int = 768,
                 channels: int = 256,
                 *,
                 num_layers: int = 6,
                 heads: int = 8,
                 hidden: int = 2048,
                 dropout: float = 0.1) -> None:
        super().__init__()
        self.text_proj = nn.Linear(text_channels, channels)
        self.text_norm = nn.LayerNorm(channels, eps=1e-12)
        self.text_dropout = nn.Dropout(dropout)
        self.layers = nn.ModuleList(
            EncoderLayer(channels, heads, hidden, dropout=dropout,
                         attention_dropout=dropout) for _ in range(num_layers))
        init_matrices(self.layers)

    def forward(self, text: Tokens, image: Tokens,
                canvas_shape: tuple[int, int]) -> FusedFeatures:
        """Fuse text (B, L, C_text) and image (B, h * w, C)."""
        words = self.text_dropout(self.text_norm(self.text_proj(text.feats)))
        tokens = torch.cat([image.feats, words], dim=1)
        padding_mask = join_padding_masks(image, text)
        assert image.pos is not None  # image encoders set it
        pos = F.pad(image.pos, (0, 0, 0, words.shape[1]))
        for layer in self.layers:
            tokens = layer(tokens, padding_mask, pos)
        return FusedFeatures(
            memory=Tokens(tokens, padding_mask, pos, image.grid, image.maps),
            image_slice=slice(0, image.feats.shape[1]),
            canvas_shape=canvas_shape)


@MODELS.register_module()
class TypedJointEncoder(BaseModule):
    """Words, then image tokens, in one encoder; each kind adds a learned vector.

    Words have learned positions, image tokens keep their sine positions. Post-norm
    layers without a final norm. The feature maps of the image are passed on.

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
        self.max_text_tokens = max_text_tokens
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
        assert image.pos is not None  # image encoders set it
        pixels = image.pos + self.level[0] + self.kind.weight[1]
        return torch.cat([words.expand(pixels.shape[0], -1, -1), pixels], dim=1)

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
            memory=Tokens(tokens, padding_mask, pos, image.grid, image.maps),
            image_slice=slice(words.shape[1], tokens.shape[1]),
            canvas_shape=canvas_shape)
