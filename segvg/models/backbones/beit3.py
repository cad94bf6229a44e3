"""BEiT-3: one transformer for image and text, each with its own weights."""
from typing import NamedTuple, Optional

import numpy as np
import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.models.layers.graphs import reads_values
from segvg.models.layers.multiway import Multiway, MultiwayLayer
from segvg.registry import MODELS
from segvg.structures import TextTokens, Tokens


class MultiwayFeatures(NamedTuple):
    """What a multiway encoder makes of images, of texts, or of both together.

    Attributes:
        class_token: (B, C), of the image; None without images.
        image: (B, h * w, C) with their grid; None without images.
        text: (B, L, C) with their padding mask; None without texts.
    """
    class_token: Optional[Tensor]
    image: Optional[Tokens]
    text: Optional[Tokens]


@MODELS.register_module()
class BEiT3(BaseModule):
    """Images and texts to tokens, alone or together.

    A class token and the patches come first, then the words. All attend to each other;
    norms and matrices of a layer exist twice, for image and for text tokens
    (``MultiwayLayer``). Systems that add tokens of their own call ``embed_image``,
    ``embed_text`` and ``encode``, which takes the split as an argument.

    Images always have the size that the position table was made for.

    Args:
        channels: C.
        num_layers: of the transformer.
        heads: attention heads.
        hidden: width of the feed-forward blocks.
        image_size: side of the square images in pixels.
        patch_size: side of a patch in pixels.
        vocab_size: rows of the table of words.
        text_positions: rows of the position table of texts.
        reserved_positions: rows at the beginning of both position tables that nothing
            uses; the first token has the one after them.
        drop_path: probability at which the last layer is skipped; from 0 upwards.
        init_cfg: e.g. ``dict(type='BEiT3Pretrained', checkpoint=...)``.

    Source: Wang et al., "Image as a Foreign Language", CVPR 2023.
    """

    def __init__(self,
                 channels: int = 768,
                 num_layers: int = 12,
                 heads: int = 12,
                 *,
                 hidden: int = 3072,
                 image_size: int = 320,
                 patch_size: int = 16,
                 vocab_size: int = 64010,
                 text_positions: int = 1024,
                 reserved_positions: int = 2,
                 drop_path: float = 0.1,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        if image_size % patch_size:
            raise ValueError(f'image_size {image_size} is not a multiple of patch_size '
                             f'{patch_size}')
        self.channels = channels
        self.patch_size = patch_size
        self.reserved_positions = reserved_positions
        side = image_size // patch_size
        self.grid = (side, side)
        self.patches = nn.Conv2d(3, channels, patch_size, stride=patch_size)
        self.class_token = nn.Parameter(torch.zeros(1, 1, channels))
        self.words = nn.Embedding(vocab_size, channels)
        self.image_position = nn.Embedding(side * side + 1 + reserved_positions,
                                           channels)
        self.text_position = nn.Embedding(text_positions, channels)
        rates = np.linspace(0, drop_path, num_layers).tolist()
        self.layers = nn.ModuleList(
            MultiwayLayer(channels, heads, hidden, rate) for rate in rates)
        self.norm = Multiway(lambda: nn.LayerNorm(channels))
        for table in (self.words, self.image_position, self.text_position):
            nn.init.trunc_normal_(table.weight, std=0.02)
        nn.init.trunc_normal_(self.class_token, std=0.02)

    def embed_image(self, images: Tensor) -> Tensor:
        """Return the class token and the patches, (B, 1 + h * w, C), with positions.

        Args:
            images: (B, 3, H, W), normalised.

        Raises:
            ValueError: they have another size than the position table is for.
        """
        size = tuple(side * self.patch_size for side in self.grid)
        if tuple(images.shape[-2:]) != size:
            raise ValueError(
                f'images of {images.shape[-2]} x {images.shape[-1]} pixels, but the '
                f'position table of BEiT3 is for {size[0]} x {size[1]}: image_size and '
                'the size that the pipeline gives images (ResizeExact) have to agree')
        patches = self.patches(images).flatten(2).transpose(1, 2)
        tokens = torch.cat([self.class_token.expand(len(images), -1, -1), patches], 1)
        return tokens + self.image_position.weight[self.reserved_positions:]

    def embed_text(self, text: TextTokens) -> Tensor:
        """Return the words (B, L, C) with positions; padding is 0.

        Raises:
            ValueError: an id lies outside the vocabulary, or a text is longer than the
                position table.
        """
        length, first = text.ids.shape[1], self.reserved_positions
        if length > self.text_position.num_embeddings - first:
            raise ValueError(
                f'{length} tokens in an expression, but BEiT3 has positions for '
                f'{self.text_position.num_embeddings - first}')
        if reads_values(text.ids) and (
                int(text.ids.max()) >= self.words.num_embeddings):
            raise ValueError(f'token id {int(text.ids.max())} in a vocabulary of '
                             f'{self.words.num_embeddings} words: tokenizer and BEiT3 '
                             'do not belong together')
        position = self.text_position.weight[first:first + length]
        tokens = self.words(text.ids) + position
        return tokens.masked_fill(text.padding_mask[..., None], 0)

    def encode(self, tokens: Tensor, split: int,
               padding_mask: Optional[Tensor] = None) -> Tensor:
        """Return tokens (B, N, C) after all layers and the last norm.

        Args:
            tokens: (B, N, C), image tokens first.
            split: the number of image tokens.
            padding_mask: (B, N) bool, True = padding.
        """
        for layer in self.layers:
            tokens = layer(tokens, split, padding_mask)
        return self.norm(tokens, split)

    def forward(self, images: Optional[Tensor] = None,
                text: Optional[TextTokens] = None) -> MultiwayFeatures:
        """Return the features of images (B, 3, H, W), of B texts, or of B pairs."""
        embedded = None if images is None else self.embed_image(images)
        return self.encode_embedded(embedded, text)

    def encode_embedded(self, image: Optional[Tensor],
                        text: Optional[TextTokens]) -> MultiwayFeatures:
        """Return the features of embedded images, of B texts, or of B pairs.

        Args:
            image: (B, 1 + h * w, C), of ``embed_image``.
            text: B texts.

        Raises:
            ValueError: there is neither.
        """
        if image is None and text is None:
            raise ValueError('BEiT3 needs images, a text, or both')
        streams, split, padding_mask = [], 0, None
        if image is not None:
            streams.append(image)
            split = image.shape[1]
        if text is not None:
            streams.append(self.embed_text(text))
            padding_mask = text.padding_mask
            if image is not None:
                real = padding_mask.new_zeros((padding_mask.shape[0], split))
                padding_mask = torch.cat([real, padding_mask], dim=1)
        tokens = self.encode(torch.cat(streams, dim=1), split, padding_mask)
        return MultiwayFeatures(
            None if image is None else tokens[:, 0],
            None if image is None else Tokens(tokens[:, 1:split], grid=self.grid),
            None if text is None else Tokens(tokens[:, split:], text.padding_mask))
