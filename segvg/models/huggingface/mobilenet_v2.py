"""MobileNetV2 of transformers as a backbone: the library has only the classifier."""
from typing import Any, NamedTuple, Sequence

from torch import Tensor
from transformers import MobileNetV2Model

#: The block after which a stage ends, counted from 0; strides 4, 8, 16 and 32.
LAST_BLOCKS = (1, 4, 11, 15)


class Maps(NamedTuple):
    """What a backbone of transformers returns, as far as it is read.

    Attributes:
        feature_maps: (I, C_i, h_i, w_i) of each stage.
    """
    feature_maps: tuple[Tensor, ...]


class MobileNetV2Backbone(MobileNetV2Model):
    """``MobileNetV2Model`` that returns the maps of its stages.

    Stage 0 is the stem (stride 2), 1 to 4 end at strides 4, 8, 16 and 32, and 5 is the
    wide convolution after them, whose mean a classifier reads. Nothing after the last
    stage that is asked for is computed.

    Args:
        config: settings of transformers.
        out_indices: stages whose maps are returned.

    Attributes:
        channels: C_i of the maps.

    Source: Sandler et al., "MobileNetV2", CVPR 2018.
    """

    def __init__(self, config: Any, out_indices: Sequence[int] = (-1, )) -> None:
        super().__init__(config, add_pooling_layer=False)
        blocks = [self.layer[index] for index in LAST_BLOCKS]
        widths = [part.convolution.out_channels for part in (
            self.conv_stem.reduce_1x1, *(block.reduce_1x1 for block in blocks),
            self.conv_1x1)]
        self.stages = sorted(index % len(widths) for index in out_indices)
        self.channels = tuple(widths[stage] for stage in self.stages)

    def forward(self, pixel_values: Tensor) -> Maps:
        """Return the maps of images (I, 3, H, W)."""
        states, first = [self.conv_stem(pixel_values)], 0
        for last in LAST_BLOCKS[:self.stages[-1]]:
            feats = states[-1]
            for block in self.layer[first:last + 1]:
                feats = block(feats)
            states.append(feats)
            first = last + 1
        if self.stages[-1] > len(LAST_BLOCKS):
            states.append(self.conv_1x1(states[-1]))
        return Maps(tuple(states[stage] for stage in self.stages))
