"""Box regression from queries; other heads hold it."""
from typing import Optional

import torch
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor

from segvg.models.layers import MLP
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, GroundingDataSample
from segvg.structures.boxes import canvas_to_image, denormalize_boxes, normalize_boxes


def single_targets(data_samples: list[GroundingDataSample], field: str) -> Tensor:
    """Stack ``gt_instances[field]`` of samples that have exactly one target each.

    Returns:
        (B, ...) on the device of the targets.

    Raises:
        ValueError: a sample has no target, several, or lacks the field.
    """
    targets = []
    for sample in data_samples:
        values = sample.gt_instances.get(field)
        if values is None:
            raise ValueError(
                f'{field!r} is missing for expression {sample.text!r} in '
                f'{sample.img_path}: the training pipeline has to make it '
                '(target_masks: a bbox-to-mask transform before PackGroundingInputs)')
        if len(values) != 1:
            raise ValueError(
                f'{len(values)} targets for expression {sample.text!r} in '
                f'{sample.img_path}: this head grounds exactly one object')
        targets.append(values[0])
    return torch.stack(targets)


def predicted_boxes(boxes: Tensor, data_samples: list[GroundingDataSample],
                    canvas_shape: tuple[int, int]) -> list[Tensor]:
    """Move boxes (B, Q, 4), cxcywh in [0, 1] of the canvas, to the original images.

    Returns:
        B tensors (Q, 4), xyxy pixels, clipped to the image.
    """
    bboxes = denormalize_boxes(boxes.float(), canvas_shape)
    return [canvas_to_image(bboxes[i], sample.metainfo)
            for i, sample in enumerate(data_samples)]


@MODELS.register_module()
class BoxHead(BaseModule):
    """One box from the first query of the fused features (TransVG's head).

    Args:
        loss_box: config of the box loss.
        channels: C of the queries.
        init_cfg: mmengine's.

    Source: Deng et al., "TransVG", ICCV 2021, prediction head on the [REG] token.
    """

    def __init__(self,
                 loss_box: dict,
                 channels: int = 256,
                 *,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.box = MLP(channels, channels, channels, 4)
        self.loss_box = MODELS.build(loss_box)

    def forward(self, fused: FusedFeatures) -> Tensor:
        """Return boxes (B, 1, 4), cxcywh in [0, 1] of the canvas."""
        return self.box(fused.queries[:, :1]).float().sigmoid()

    def loss(self, fused: FusedFeatures,
             data_samples: list[GroundingDataSample]) -> dict[str, Tensor]:
        """Return ``loss_bbox`` and ``loss_giou`` against the one target of each."""
        boxes = self(fused)[:, 0]
        targets = normalize_boxes(single_targets(data_samples, 'bboxes'),
                                  fused.canvas_shape)
        return self.loss_box(boxes, targets, 1.0, len(boxes))

    def predict(self, fused: FusedFeatures,
                data_samples: list[GroundingDataSample]) -> list[GroundingDataSample]:
        """Write ``pred_instances`` with one box; the score is 1, there is no other."""
        boxes = predicted_boxes(self(fused), data_samples, fused.canvas_shape)
        for sample, bboxes in zip(data_samples, boxes):
            sample.pred_instances = InstanceData(
                bboxes=bboxes, scores=bboxes.new_ones(len(bboxes)))
        return data_samples
