"""An image encoder whose tokens carry their positions."""
from typing import Optional

from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.models.layers import add_position
from segvg.registry import MODELS
from segvg.structures import Tokens


@MODELS.register_module()
class PositionedEncoder(BaseModule):
    """Adds the positions of image tokens to the tokens themselves.

    DETR adds positions to queries and keys, not to values. What a query gathers then
    tells little about where it comes from, until earlier layers have learned to encode
    that; small models without pre-trained weights spend most of a short training on
    it. No published model has this part.

    Args:
        encoder: config of an encoder that gives positions, e.g. ``DETREncoder``.
        init_cfg: mmengine's.
    """

    def __init__(self, encoder: dict, init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.encoder = MODELS.build(encoder)

    @property
    def layers(self) -> nn.ModuleList:
        """The transformer layers of the encoder."""
        return self.encoder.layers

    def embed(self, images: Tensor, padding_mask: Tensor) -> Tokens:
        """Return the tokens before the first layer, as ``DETREncoder.embed``."""
        tokens = self.encoder.embed(images, padding_mask)
        return tokens._replace(feats=add_position(tokens.feats, tokens.pos))

    def layer(self, index: int, tokens: Tokens) -> Tokens:
        """Return the tokens after transformer layer ``index``."""
        return self.encoder.layer(index, tokens)

    def forward(self, images: Tensor, padding_mask: Tensor) -> Tokens:
        """Return the tokens (I, h * w, C) after all layers; arguments as ``embed``."""
        tokens = self.embed(images, padding_mask)
        for index in range(len(self.layers)):
            tokens = self.layer(index, tokens)
        return tokens
