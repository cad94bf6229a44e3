"""DETR's image side and two variants of it: backbone, projection, positions, encoder.

``MidFeatureEncoder`` (SiRi) and ``NormedEncoder`` (RefTR) change how the map of the
backbone is projected; the second also where positions are counted from.
"""
from typing import Optional, Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule, xavier_init
from torch import Tensor, nn

from segvg.models.backbones.huggingface import backbone_maps
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
        mask_image_padding: leave padding out of attention and positions. SegVG's
            published loader hides it from the model, so its weights expect False.
        return_maps: add the projected map and the finer maps of the backbone, coarse
            to fine, to the tokens, for a head that predicts masks.
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
                 return_maps: bool = False,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.mask_image_padding = mask_image_padding
        self.return_maps = return_maps
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
        features = backbone_maps(self.backbone, images, padding_mask)
        feature_map = self.project(features)
        maps = (feature_map, *features[-2::-1]) if self.return_maps else None
        channels, height, width = feature_map.shape[1:]
        grid = (height, width)
        feats = feature_map.flatten(2).transpose(1, 2)
        if self.mask_image_padding:
            mask = grid_padding(padding_mask, grid)
            pos = self.positions(mask, channels)
            return Tokens(feats, mask.flatten(1), pos, grid, maps)
        no_padding = torch.zeros((1, *grid), dtype=torch.bool, device=images.device)
        return Tokens(feats, None, self.positions(no_padding, channels), grid, maps)

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


@MODELS.register_module()
class MidFeatureEncoder(DETREncoder):
    """``DETREncoder`` that adds a finer map, convolved, to the last before projecting.

    Args:
        mid_index: index of the finer map among those of the backbone.
        mid_channels: C of that map and then of each convolution's result; every
            convolution halves the size. There is no activation between them.
        **kwargs: of ``DETREncoder``.

    Source: Qu et al., "SiRi", ECCV 2022, layer 2 of the ResNet added to layer 4.
    """

    def __init__(self, mid_index: int = 0,
                 mid_channels: Sequence[int] = (512, 1024, 2048), **kwargs) -> None:
        super().__init__(**kwargs)
        self.mid_index = mid_index
        self.mid_convs = nn.Sequential(*[
            nn.Conv2d(a, b, kernel_size=3, stride=2, padding=1)
            for a, b in zip(mid_channels[:-1], mid_channels[1:])])

    def project(self, features: Sequence[Tensor]) -> Tensor:
        """Return the projected map (I, C, h, w) of the maps of the backbone."""
        return self.input_proj(features[-1] + self.mid_convs(features[self.mid_index]))


@MODELS.register_module()
class NormedEncoder(DETREncoder):
    """``DETREncoder`` with group normalisation after the projection.

    Positions are those of the centres of cells, half a cell less than DETR's.

    Args:
        groups: of the normalisation.
        norm_padding: include padding, as published: it counts in the statistics, which
            trained weights depend on a little, and its positions result from a division
            by nearly zero, which the mask branch sees. False: only the image counts,
            and features and positions of padding are zero.
        **kwargs: of ``DETREncoder``.

    Source: Li and Sigal, "Referring Transformer", NeurIPS 2021; Zhu et al.,
    "Deformable DETR", ICLR 2021.
    """

    def __init__(self, groups: int = 32, norm_padding: bool = True, **kwargs) -> None:
        super().__init__(**kwargs)
        self.norm_padding = norm_padding
        self.norm = nn.GroupNorm(groups, self.input_proj.out_channels)
        xavier_init(self.input_proj, distribution='uniform')

    def project(self, features: Sequence[Tensor]) -> Tensor:
        """Return the projected map (I, C, h, w) of the maps of the backbone."""
        projected = self.input_proj(features[-1])
        return self.norm(projected) if self.norm_padding else projected

    def positions(self, padding_mask: Tensor, channels: int) -> Tensor:
        """Return positions (I, h * w, C) of a grid with its padding (I, h, w)."""
        return sine_position(padding_mask, channels, offset=-0.5)

    def embed(self, images: Tensor, padding_mask: Tensor) -> Tokens:
        """Return the tokens (I, h * w, C); arguments as ``DETREncoder.embed``."""
        tokens = super().embed(images, padding_mask)
        if self.norm_padding:
            return tokens
        padding, pos = tokens.padding_mask, tokens.pos
        assert pos is not None  # set by DETREncoder.embed
        if padding is None:
            feats = self.norm(tokens.feats.transpose(1, 2)).transpose(1, 2)
        else:
            feats = self._norm_inside(tokens.feats, padding)
            pos = pos.masked_fill(padding[..., None], 0)
        maps = tokens.maps
        if maps is not None:
            maps = (feats.transpose(1, 2).unflatten(2, tokens.grid), *maps[1:])
        return tokens._replace(feats=feats, pos=pos, maps=maps)

    def _norm_inside(self, feats: Tensor, padding_mask: Tensor) -> Tensor:
        """Return tokens (I, N, C) normalised without padding, which becomes zero."""
        inside = ~padding_mask[..., None]  # (I, N, 1)
        groups = feats.masked_fill(~inside, 0).unflatten(-1, (self.norm.num_groups, -1))
        count = inside[..., None].sum(1, keepdim=True) * groups.shape[-1]
        mean = groups.sum((1, 3), keepdim=True) / count
        centered = (groups - mean) * inside[..., None]
        variance = centered.square().sum((1, 3), keepdim=True) / count
        normed = (centered * (variance + self.norm.eps).rsqrt()).flatten(2)
        return (normed * self.norm.weight + self.norm.bias) * inside
