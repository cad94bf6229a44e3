"""DETR's image side: ResNet, projection, sine positions, transformer encoder."""
from typing import Optional, Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.models.layers import EncoderLayer, init_matrices, sine_position
from segvg.registry import MODELS
from segvg.structures import Tokens


def grid_padding(padding_mask: Tensor, grid: tuple[int, int]) -> Tensor:
    """Return the padding mask (I, h, w) of a grid for that of images (I, H, W)."""
    return F.interpolate(padding_mask[:, None].float(), size=grid)[:, 0].bool()


@MODELS.register_module()
class DETREncoder(BaseModule):
    """Image to tokens, by a convolutional backbone and a transformer encoder.

    Args:
        backbone: config of a backbone that returns a tuple of maps; the last is used.
        in_channels: channels of that map.
        channels: C of the tokens.
        num_layers: transformer layers; 0 gives the projected map.
        heads: attention heads.
        hidden: width of the feed-forward blocks.
        dropout: of residual branches and feed-forward blocks.
        attention_dropout: of attention weights. TransVG has 0.1; SegVG's own attention
            ignores its dropout argument, which trained weights depend on: 0.
        mask_image_padding: let attention and positions know the padding. SegVG's
            published loader hides it from the model, so its weights expect False.
        hand_on_maps: add the projected map and the finer maps of the backbone, coarse
            to fine, to the tokens, for a head that makes masks.
        init_cfg: e.g. ``dict(type='StrictPretrained', checkpoint=...)``.

    Source: Carion et al., "End-to-End Object Detection with Transformers", ECCV 2020.
    """

    def __init__(self,
                 backbone: dict,
                 in_channels: int,
                 channels: int = 256,
                 *,
                 num_layers: int = 6,
                 heads: int = 8,
                 hidden: int = 2048,
                 dropout: float = 0.1,
                 attention_dropout: float = 0.0,
                 mask_image_padding: bool = True,
                 hand_on_maps: bool = False,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.mask_image_padding = mask_image_padding
        self.hand_on_maps = hand_on_maps
        self.backbone = MODELS.build(backbone)
        self.input_proj = nn.Conv2d(in_channels, channels, kernel_size=1)
        self.layers = nn.ModuleList(
            EncoderLayer(channels, heads, hidden, dropout=dropout,
                         attention_dropout=attention_dropout)
            for _ in range(num_layers))
        init_matrices(self.layers)

    def project(self, features: Sequence[Tensor]) -> Tensor:
        """Return the projected map (I, C, h, w) of the maps of the backbone."""
        return self.input_proj(features[-1])

    def positions(self, padding_mask: Tensor, channels: int) -> Tensor:
        """Return positions (I, h * w, C) of a grid with its padding (I, h, w)."""
        return sine_position(padding_mask, channels)

    def embed(self, images: Tensor, padding_mask: Tensor) -> Tokens:
        """Return the tokens before the first transformer layer.

        Args:
            images: (I, 3, H, W), normalised.
            padding_mask: (I, H, W) bool, True = padding.

        Returns:
            ``feats`` (I, h * w, C), row by row, with ``pos`` and ``grid``;
            ``padding_mask`` is None unless padding is masked.
        """
        features = self.backbone(images)
        feature_map = self.project(features)
        maps = (feature_map, *features[-2::-1]) if self.hand_on_maps else None
        grid = tuple(feature_map.shape[-2:])
        feats = feature_map.flatten(2).transpose(1, 2)
        if self.mask_image_padding:
            mask = grid_padding(padding_mask, grid)
            pos = self.positions(mask, feats.shape[-1])
            return Tokens(feats, mask.flatten(1), pos, grid, maps)
        nothing = torch.zeros((1, *grid), dtype=torch.bool, device=images.device)
        pos = self.positions(nothing, feats.shape[-1])
        return Tokens(feats, None, pos, grid, maps)

    def layer(self, index: int, tokens: Tokens) -> Tokens:
        """Return the tokens after transformer layer ``index``."""
        feats = self.layers[index](tokens.feats, tokens.padding_mask, tokens.pos)
        return tokens._replace(feats=feats)

    def forward(self, images: Tensor, padding_mask: Tensor) -> Tokens:
        """Return the tokens (I, h * w, C) after all layers; arguments as ``embed``."""
        tokens = self.embed(images, padding_mask)
        for index in range(len(self.layers)):
            tokens = self.layer(index, tokens)
        return tokens
