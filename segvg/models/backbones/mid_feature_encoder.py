"""DETR's image side with a path from a middle stage to the last."""
from typing import Sequence

from torch import Tensor, nn

from segvg.models.backbones.detr_encoder import DETREncoder
from segvg.registry import MODELS


@MODELS.register_module()
class MidFeatureEncoder(DETREncoder):
    """``DETREncoder`` that adds a finer map, convolved, to the last before projecting.

    Args:
        mid_index: place of the finer map among those of the backbone.
        mid_channels: C of that map and then of each convolution's result; every
            convolution halves the size. Nothing stands between the convolutions.
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
