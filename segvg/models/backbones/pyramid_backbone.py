"""A plain transformer with a pyramid, in the place of a hierarchical backbone."""
from typing import Optional, Sequence

from mmengine.model import BaseModule
from torch import Tensor

from segvg.registry import MODELS


@MODELS.register_module()
class PyramidBackbone(BaseModule):
    """A backbone whose last map a neck turns into maps of several sizes.

    Args:
        backbone: config of a backbone, e.g. a ViT of ``HuggingFaceBackbone``.
        pyramid: config of the neck, e.g. ``SimplePyramid``: of a map of stride 16 it
            makes maps of strides 4, 8, 16 and 32.
        out_indices: which maps of the neck are returned; None: all.
        init_cfg: mmengine's.

    Attributes:
        reads_padding: whether the backbone uses the padding mask.
    """

    def __init__(self, backbone: dict, pyramid: dict, *,
                 out_indices: Optional[Sequence[int]] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.backbone = MODELS.build(backbone)
        self.pyramid = MODELS.build(pyramid)
        self.out_indices = out_indices
        self.reads_padding = getattr(self.backbone, 'reads_padding', False)

    def forward(self, images: Tensor,
                padding_mask: Optional[Tensor] = None) -> tuple[Tensor, ...]:
        """Return the maps (I, C, h_i, w_i) of the pyramid, finest first.

        Args:
            images: (I, 3, H, W), normalised.
            padding_mask: (I, H, W) bool, True = padding; for a backbone that reads it.
        """
        given = (padding_mask, ) if self.reads_padding else ()
        maps = self.pyramid(self.backbone(images, *given)[-1])
        if self.out_indices is None:
            return tuple(maps)
        return tuple(maps[index] for index in self.out_indices)
