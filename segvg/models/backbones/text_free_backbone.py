"""A backbone that ignores the expression, in the place of one that reads it."""
from typing import Optional

from mmengine.model import BaseModule
from torch import Tensor

from segvg.registry import MODELS
from segvg.structures import Tokens


@MODELS.register_module()
class TextFreeBackbone(BaseModule):
    """Any backbone with maps at strides 4, 8, 16 and 32; words are ignored.

    Args:
        backbone: config of a backbone that returns the four maps.
        init_cfg: mmengine's.
    """
    reads_text = False

    def __init__(self, backbone: dict, init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.backbone = MODELS.build(backbone)

    def trunk_reads_text(self) -> bool:
        """Return False."""
        return False

    def encode(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the maps (I, C_i, h_i, w_i) of images (I, 3, H, W), finest first."""
        return self.backbone(images)

    def forward(self, images: Tensor, text: Tokens) -> tuple[Tensor, ...]:
        """Return the maps of images; ``text`` is not used."""
        return self.encode(images)
