"""DETR's image side with a normalised projection and positions at pixel centres."""
from torch import Tensor, nn

from segvg.models.backbones.detr_encoder import DETREncoder
from segvg.models.layers import sine_position
from segvg.registry import MODELS
from segvg.structures import Tokens


@MODELS.register_module()
class NormedEncoder(DETREncoder):
    """``DETREncoder`` with group normalisation after the projection.

    Positions are those of the centres of cells, half a cell less than DETR's.

    Args:
        groups: of the normalisation.
        norm_padding: let padding take part, as published: it counts in the statistics,
            and its positions divide by nearly zero, which the mask branch sees. Trained
            weights depend on the first a little. False: only the image counts, and
            padding is zero.
        **kwargs: of ``DETREncoder``.

    Source: Li and Sigal, "Referring Transformer", NeurIPS 2021; Zhu et al.,
    "Deformable DETR", ICLR 2021.
    """

    def __init__(self, groups: int = 32, norm_padding: bool = True, **kwargs) -> None:
        super().__init__(**kwargs)
        self.norm_padding = norm_padding
        self.norm = nn.GroupNorm(groups, self.input_proj.out_channels)
        nn.init.xavier_uniform_(self.input_proj.weight)
        nn.init.zeros_(self.input_proj.bias)

    def project(self, features: tuple[Tensor, ...]) -> Tensor:
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
        feats, pos = tokens.feats, tokens.pos
        if tokens.padding_mask is None:
            feats = self.norm(feats.transpose(1, 2)).transpose(1, 2)
        else:
            outside = tokens.padding_mask[..., None]
            feats = self._norm_inside(feats, outside)
            pos = pos.masked_fill(outside, 0)
        maps = tokens.maps
        if maps is not None:
            maps = (feats.transpose(1, 2).unflatten(2, tokens.grid), *maps[1:])
        return tokens._replace(feats=feats, pos=pos, maps=maps)

    def _norm_inside(self, feats: Tensor, outside: Tensor) -> Tensor:
        """Normalise (I, N, C) by the tokens that are not ``outside`` (I, N, 1)."""
        groups = feats.masked_fill(outside, 0).unflatten(-1, (self.norm.num_groups, -1))
        inside = (~outside)[..., None]  # (I, N, 1, 1)
        count = inside.sum(1, keepdim=True) * groups.shape[-1]
        mean = groups.sum((1, 3), keepdim=True) / count
        centred = (groups - mean) * inside
        variance = centred.square().sum((1, 3), keepdim=True) / count
        normed = (centred * (variance + self.norm.eps).rsqrt()).flatten(2)
        return (normed * self.norm.weight + self.norm.bias) * ~outside
