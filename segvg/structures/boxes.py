"""Boxes: formats and overlaps. Plain functions; for frames see ``geometry``.

``bboxes`` are xyxy in pixels, ``boxes`` are cxcywh in [0, 1].
"""
import torch
from torch import Tensor


def xyxy_to_cxcywh(bboxes: Tensor) -> Tensor:
    """Change (..., 4) corners to centre and size, in the same unit."""
    x1, y1, x2, y2 = bboxes.unbind(-1)
    return torch.stack([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1], dim=-1)


def cxcywh_to_xyxy(boxes: Tensor) -> Tensor:
    """Change (..., 4) centre and size to corners, in the same unit."""
    cx, cy, w, h = boxes.unbind(-1)
    return torch.stack([cx - 0.5 * w, cy - 0.5 * h, cx + 0.5 * w, cy + 0.5 * h], dim=-1)


def enclosing_box(bboxes: Tensor) -> Tensor:
    """Return the box (4,) around xyxy boxes (T, 4), T >= 1."""
    return torch.cat([bboxes[:, :2].amin(0), bboxes[:, 2:].amax(0)])


def box_area(bboxes: Tensor) -> Tensor:
    """Return the areas (...,) of (..., 4) xyxy boxes."""
    return (bboxes[..., 2] - bboxes[..., 0]) * (bboxes[..., 3] - bboxes[..., 1])


def _intersection_union(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Return intersection and union (...,) of boxes paired by broadcasting."""
    low = torch.maximum(first[..., :2], second[..., :2])
    high = torch.minimum(first[..., 2:], second[..., 2:])
    inter = (high - low).clamp(min=0).prod(-1)
    return inter, box_area(first) + box_area(second) - inter


def paired_iou(first: Tensor, second: Tensor, eps: float = 1e-16) -> Tensor:
    """Return the IoU (...,) of xyxy boxes paired one by one, (..., 4) and (..., 4)."""
    inter, union = _intersection_union(first, second)
    return inter / (union + eps)


def paired_giou(first: Tensor, second: Tensor, eps: float = 0.0) -> Tensor:
    """Return the generalised IoU (...,) of xyxy boxes paired one by one.

    Args:
        first: (..., 4).
        second: (..., 4).
        eps: added to both denominators. As in DETR it is 0: boxes must have an area.

    Source: Rezatofighi et al., CVPR 2019.
    """
    inter, union = _intersection_union(first, second)
    low = torch.minimum(first[..., :2], second[..., :2])
    high = torch.maximum(first[..., 2:], second[..., 2:])
    hull = (high - low).clamp(min=0).prod(-1)
    return inter / (union + eps) - (hull - union) / (hull + eps)


def pairwise_iou(first: Tensor, second: Tensor) -> Tensor:
    """Return the IoU (N, M) of every pair of (N, 4) and (M, 4) xyxy boxes."""
    return paired_iou(first[:, None], second[None])
