"""Losses of boxes."""
from torch import Tensor, nn

from segvg.registry import MODELS
from segvg.structures.boxes import cxcywh_to_xyxy, paired_giou


def box_l1(boxes: Tensor, targets: Tensor) -> Tensor:
    """Return the sum of absolute differences (...,) of (..., 4) boxes."""
    return (boxes - targets).abs().sum(-1)


def box_giou_loss(boxes: Tensor, targets: Tensor) -> Tensor:
    """Return 1 - GIoU (...,) of (..., 4) cxcywh boxes."""
    return 1 - paired_giou(cxcywh_to_xyxy(boxes), cxcywh_to_xyxy(targets))


@MODELS.register_module()
class BoxLoss(nn.Module):
    """L1 and GIoU of boxes, each a weighted sum over boxes.

    Args:
        l1_weight: factor of the L1 term.
        giou_weight: factor of the GIoU term.
    """

    def __init__(self, l1_weight: float = 5.0, giou_weight: float = 2.0) -> None:
        super().__init__()
        self.l1_weight = l1_weight
        self.giou_weight = giou_weight

    def forward(self, boxes: Tensor, targets: Tensor, weights: Tensor | float,
                normalizer: Tensor | float) -> dict[str, Tensor]:
        """Return ``loss_bbox`` and ``loss_giou``.

        Args:
            boxes: (..., 4) cxcywh in [0, 1].
            targets: (..., 4), same frame, broadcast to the boxes.
            weights: (...,) factor of each box, or one number.
            normalizer: what the sums are divided by.
        """
        boxes, targets = boxes.float(), targets.float()
        l1 = (box_l1(boxes, targets) * weights).sum()
        giou = (box_giou_loss(boxes, targets) * weights).sum()
        return dict(loss_bbox=self.l1_weight * l1 / normalizer,
                    loss_giou=self.giou_weight * giou / normalizer)
