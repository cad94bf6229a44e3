"""The sentence gates the image map, then an encoder relates the cells: two variants."""
from typing import Optional, Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, kaiming_init
from torch import Tensor, nn

from segvg.models.layers import ConvNorm, EncoderLayer, init_matrices, sine_position
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, Tokens
from segvg.structures.features import join_padding_masks


class BottomUpMerge(nn.Module):
    """Finer maps are pooled, convolved and concatenated with the next coarser one.

    Args:
        map_channels: C of the maps, finest first; the result has the last.

    Source: Zhu et al., "SeqTR", ECCV 2022, multi-scale fusion.
    """

    def __init__(self, map_channels: Sequence[int]) -> None:
        super().__init__()
        low, mid, top = map_channels
        self.low_to_mid = ConvNorm(low, low, 3)
        self.mid_to_top = ConvNorm(low + mid, low + mid, 3)
        width = low + mid + top
        self.project = nn.Sequential(ConvNorm(width, width, 3), ConvNorm(width, top, 1))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Return (I, C, h, w) for maps (I, C_i, h_i, w_i), each twice the next."""
        low, mid, top = maps
        mid = torch.cat([self.low_to_mid(F.avg_pool2d(low, 2)), mid], dim=1)
        top = torch.cat([self.mid_to_top(F.avg_pool2d(mid, 2)), top], dim=1)
        return self.project(top)


@MODELS.register_module()
class GatedProduct(BaseModule):
    """The product of image map and sentence, then a transformer encoder.

    Args:
        map_channels: C of the maps of the image encoder, finest first: three that are
            merged, or one. The last is also the width of the sentence.
        channels: C of the tokens after the projection.
        num_layers: encoder layers.
        heads: attention heads.
        hidden: width of the feed-forward blocks.
        dropout: everywhere in the encoder.
        groups: of the group normalisation after the projection.
        init_cfg: mmengine's.

    Source: Zhu et al., "SeqTR", ECCV 2022.
    """

    def __init__(self,
                 map_channels: Sequence[int] = (256, 512, 1024),
                 channels: int = 256,
                 num_layers: int = 6,
                 *,
                 heads: int = 8,
                 hidden: int = 1024,
                 dropout: float = 0.1,
                 groups: int = 32,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.channels = channels
        self.merge = BottomUpMerge(map_channels) if len(map_channels) > 1 else None
        self.input_proj = nn.Conv2d(map_channels[-1], channels, 1)
        self.input_norm = nn.GroupNorm(groups, channels)
        self.layers = nn.ModuleList(
            EncoderLayer(channels, heads, hidden, dropout=dropout,
                         attention_dropout=dropout) for _ in range(num_layers))
        kaiming_init(self.input_proj)
        init_matrices(self.layers)

    def image_tokens(self, maps: Sequence[Tensor], padding_mask: Tensor) -> Tokens:
        """Return the image's factor of the product, which does not depend on the text.

        Args:
            maps: of the image encoder, (I, C_i, h_i, w_i).
            padding_mask: (I, H, W) bool, True = padding.

        Returns:
            Tokens (I, h * w, C) in (-1, 1) with mask, positions and grid. A cell that
            is padding in part counts as image.
        """
        merged = (maps[-1] if self.merge is None else self.merge(maps)).tanh()
        height, width = merged.shape[-2:]
        mask = F.interpolate(padding_mask[:, None].float(), size=(height, width))
        mask = mask[:, 0].bool()
        pos = sine_position(mask, self.channels)
        return Tokens(merged.flatten(2).transpose(1, 2), mask.flatten(1), pos,
                      (height, width))

    def multiply(self, text: Tokens, image: Tokens) -> Tokens:
        """Return what is projected and encoded, (B, N, C_image); see ``forward``."""
        return image._replace(feats=image.feats * text.feats.tanh())

    def project(self, feats: Tensor) -> Tensor:
        """Return normalised tokens (B, N, C) for (B, N, C_image)."""
        maps = self.input_proj(feats.transpose(1, 2)[..., None])
        return self.input_norm(maps)[..., 0].transpose(1, 2)

    def forward(self, text: Tokens, image: Tokens,
                canvas_shape: tuple[int, int]) -> FusedFeatures:
        """Fuse a sentence (B, 1, C_image) with image tokens (B, h * w, C_image)."""
        product = self.multiply(text, image)
        tokens = self.project(product.feats)
        for layer in self.layers:
            tokens = layer(tokens, product.padding_mask, product.pos)
        return FusedFeatures(
            memory=product._replace(feats=tokens),
            image_slice=slice(0, image.feats.shape[1]),
            canvas_shape=canvas_shape)


@MODELS.register_module()
class SentenceTokenProduct(GatedProduct):
    """``GatedProduct`` whose encoder also sees the sentence, as its last token.

    It has no position and is projected and normalised together with the image tokens,
    so that the memory has h * w + 1 tokens; its ``grid`` is that of the image tokens.
    Arguments are those of ``GatedProduct``.

    Source: Qu et al., "Learning to Segment Every Referring Object Point by Point",
    CVPR 2023.
    """

    def multiply(self, text: Tokens, image: Tokens) -> Tokens:
        """Return the product and the sentence, (B, h * w + 1, C_image)."""
        assert image.pos is not None  # image_tokens sets it
        sentence = text.feats.tanh()
        return Tokens(torch.cat([image.feats * sentence, sentence], dim=1),
                      join_padding_masks(image, Tokens(sentence)),
                      F.pad(image.pos, (0, 0, 0, 1)), image.grid)
