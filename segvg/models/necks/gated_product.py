"""A sentence gates the image map; an encoder then relates the cells."""
from typing import Optional, Sequence

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.models.layers import EncoderLayer, init_matrices, sine_position
from segvg.models.necks.bottom_up_merge import BottomUpMerge
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, Tokens


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
        nn.init.kaiming_normal_(self.input_proj.weight, mode='fan_out',
                                nonlinearity='relu')
        nn.init.zeros_(self.input_proj.bias)
        init_matrices(self.layers)

    def image_tokens(self, maps: Sequence[Tensor], padding_mask: Tensor) -> Tokens:
        """Return the image's factor of the product, which no text has a part in.

        Args:
            maps: of the image encoder, (I, C_i, h_i, w_i).
            padding_mask: (I, H, W) bool, True = padding.

        Returns:
            Tokens (I, h * w, C) in (-1, 1) with mask, positions and grid. A cell that
            is padding in part counts as image.
        """
        merged = (maps[-1] if self.merge is None else self.merge(maps)).tanh()
        grid = tuple(merged.shape[-2:])
        mask = F.interpolate(padding_mask[:, None].float(), size=grid)[:, 0].bool()
        pos = sine_position(mask, self.channels)
        return Tokens(merged.flatten(2).transpose(1, 2), mask.flatten(1), pos, grid)

    def project(self, feats: Tensor) -> Tensor:
        """Return normalised tokens (B, N, C) for (B, N, C_image)."""
        maps = self.input_proj(feats.transpose(1, 2)[..., None])
        return self.input_norm(maps)[..., 0].transpose(1, 2)

    def forward(self, text: Tokens, image: Tokens,
                canvas_shape: tuple[int, int]) -> FusedFeatures:
        """Fuse a sentence (B, 1, C_image) with image tokens (B, h * w, C_image)."""
        tokens = self.project(image.feats * text.feats.tanh())
        for layer in self.layers:
            tokens = layer(tokens, image.padding_mask, image.pos)
        return FusedFeatures(
            memory=image._replace(feats=tokens),
            image_slice=slice(0, tokens.shape[1]),
            grid=image.grid,
            canvas_shape=canvas_shape)
