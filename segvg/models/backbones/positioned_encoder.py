"""An image encoder whose tokens say where they are."""
from typing import Optional

from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.registry import MODELS
from segvg.structures import Tokens


@MODELS.register_module()
class PositionedEncoder(BaseModule):
    """Adds the positions of image tokens to the tokens themselves.

    DETR adds positions to what attention compares, not to what it carries. What a
    query gathers then says little of where it was gathered, until the layers before
    have learned to write it down; small models without pre-trained weights spend most
    of a short training on that. No published model has it.

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
        return tokens._replace(feats=tokens.feats + tokens.pos)

    def layer(self, index: int, tokens: Tokens) -> Tokens:
        """Return the tokens after transformer layer ``index``."""
        return self.encoder.layer(index, tokens)

    def forward(self, images: Tensor, padding_mask: Tensor) -> Tokens:
        """Return the tokens (I, h * w, C) after all layers; arguments as ``embed``."""
        tokens = self.embed(images, padding_mask)
        for index in range(len(self.layers)):
            tokens = self.layer(index, tokens)
        return tokens
