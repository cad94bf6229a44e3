"""DarkNet-53 with the first layers of YOLOv3's coarse detection branch."""
from typing import Optional, Sequence

from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.models.layers import ConvNorm
from segvg.registry import MODELS


class DarkNetBlock(nn.Module):
    """Pairs of a 1 x 1 and a 3 x 3 convolution, by default around a shortcut.

    Args:
        channels: C in and out; between the two convolutions half of it.
        repeats: number of pairs.
        shortcut: add the input of a pair to its output.
    """

    def __init__(self, channels: int, repeats: int, shortcut: bool = True) -> None:
        super().__init__()
        self.shortcut = shortcut
        self.repeats = nn.ModuleList(
            nn.Sequential(ConvNorm(channels, channels // 2, 1),
                          ConvNorm(channels // 2, channels, 3))
            for _ in range(repeats))

    def forward(self, maps: Tensor) -> Tensor:
        """Return (B, C, h, w) for the same shape."""
        for pair in self.repeats:
            maps = maps + pair(maps) if self.shortcut else pair(maps)
        return maps


@MODELS.register_module()
class DarkNet53(BaseModule):
    """Image to maps at strides 8, 16 and 32.

    The fourteen layers are those of ``darknet.weights`` and ``yolov3.weights`` in the
    order of the file: DarkNet-53 and the six convolutions that lead to the coarse
    prediction of YOLOv3.

    Batch normalisation stays in training mode in frozen layers too: the published
    models see pixels from 0 to 255 although the statistics in the file are of 0 to 1.

    Args:
        base_channels: C after the first layer; the last has 32 times as much.
        repeats: pairs in the five residual blocks and in the one without shortcut.
        out_layers: layers whose maps are returned; the model has none after the last.
        frozen_layers: how many layers, from the first, are not trained.
        init_cfg: e.g. ``dict(type='DarkNetWeights', checkpoint='yolov3.weights')``.

    Source: Redmon and Farhadi, "YOLOv3: An Incremental Improvement", 2018; as a
    grounding backbone Zhu et al., "SeqTR", ECCV 2022.
    """

    def __init__(self,
                 base_channels: int = 32,
                 repeats: Sequence[int] = (1, 2, 8, 8, 4, 2),
                 *,
                 out_layers: Sequence[int] = (6, 8, 13),
                 frozen_layers: int = 12,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.out_layers = tuple(out_layers)
        channels = base_channels
        layers: list[nn.Module] = [ConvNorm(3, channels, 3)]
        for count in repeats[:5]:
            layers += [ConvNorm(channels, 2 * channels, 3, stride=2),
                       DarkNetBlock(2 * channels, count)]
            channels *= 2
        layers += [DarkNetBlock(channels, repeats[5], shortcut=False),
                   ConvNorm(channels, channels // 2, 1),
                   ConvNorm(channels // 2, channels, 3)]
        self.layers = nn.ModuleList(layers[:max(self.out_layers) + 1])
        for layer in self.layers[:frozen_layers]:
            layer.requires_grad_(False)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        """Return the maps (I, C_i, h_i, w_i) of ``out_layers``, finest first.

        Args:
            images: (I, 3, H, W), sides multiples of 32.
        """
        maps, out = images, []
        for number, layer in enumerate(self.layers):
            maps = layer(maps)
            if number in self.out_layers:
                out.append(maps)
        return tuple(out)
