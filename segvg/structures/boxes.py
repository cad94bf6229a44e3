"""Boxes: formats, frames and overlaps. Plain functions.

``bboxes`` are xyxy in pixels, ``boxes`` are cxcywh in [0, 1]. The canvas is what a
model sees (padding counts), the image is the original picture.
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


def normalize_boxes(bboxes: Tensor, shape: tuple[int, int]) -> Tensor:
    """Change (..., 4) xyxy pixels to cxcywh in [0, 1] of a frame (H, W)."""
    height, width = shape
    return xyxy_to_cxcywh(bboxes) / bboxes.new_tensor([width, height, width, height])


def denormalize_boxes(boxes: Tensor, shape: tuple[int, int]) -> Tensor:
    """Change (..., 4) cxcywh in [0, 1] of a frame (H, W) to xyxy pixels."""
    height, width = shape
    return cxcywh_to_xyxy(boxes) * boxes.new_tensor([width, height, width, height])


def clip_boxes(bboxes: Tensor, shape: tuple[int, int]) -> Tensor:
    """Clip (..., 4) xyxy pixels to a frame of ``shape`` (H, W)."""
    height, width = shape
    limit = bboxes.new_tensor([width, height, width, height])
    return bboxes.clamp(min=0).minimum(limit)


def _geometry(bboxes: Tensor, meta: dict) -> tuple[Tensor, Tensor]:
    """Return scale and offset of the canvas as (4,) tensors."""
    scale = bboxes.new_tensor([*meta['scale_factor'], *meta['scale_factor']])
    offset = bboxes.new_tensor([*meta['pad_offset'], *meta['pad_offset']])
    return scale, offset


def image_to_canvas(bboxes: Tensor, meta: dict) -> Tensor:
    """Move (Q, 4) xyxy boxes from pixels of the original image to canvas pixels."""
    scale, offset = _geometry(bboxes, meta)
    return bboxes * scale + offset


def canvas_to_image(bboxes: Tensor, meta: dict) -> Tensor:
    """Move (Q, 4) xyxy boxes from canvas pixels to pixels of the original image.

    The result is clipped to the image: a box may reach into the padding of the canvas.
    """
    scale, offset = _geometry(bboxes, meta)
    return clip_boxes((bboxes - offset) / scale, meta['ori_shape'])


def canvas_to_unit(bboxes: Tensor, meta: dict) -> Tensor:
    """Change (T, 4) xyxy canvas pixels to cxcywh in [0, 1] of the image on it.

    Padding around the image does not count.
    """
    offset = bboxes.new_tensor([*meta['paste_offset'], *meta['paste_offset']])
    return normalize_boxes(bboxes - offset, meta['img_shape'])


def unit_to_image(boxes: Tensor, meta: dict) -> Tensor:
    """Change (Q, 4) cxcywh in [0, 1] of the image on the canvas to original pixels.

    The result is xyxy and may reach beyond the image.
    """
    pasted = boxes.new_tensor([*meta['paste_offset'], *meta['paste_offset']])
    scale, offset = _geometry(boxes, meta)
    bboxes = denormalize_boxes(boxes, meta['img_shape']) + pasted
    return (bboxes - offset) / scale


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


def paired_giou(first: Tensor, second: Tensor) -> Tensor:
    """Return the generalised IoU (...,) of xyxy boxes paired one by one.

    Source: Rezatofighi et al., CVPR 2019. As in DETR no epsilon is added: boxes must
    have an area.
    """
    inter, union = _intersection_union(first, second)
    low = torch.minimum(first[..., :2], second[..., :2])
    high = torch.maximum(first[..., 2:], second[..., 2:])
    hull = (high - low).clamp(min=0).prod(-1)
    return inter / union - (hull - union) / hull


def pairwise_iou(first: Tensor, second: Tensor) -> Tensor:
    """Return the IoU (N, M) of every pair of (N, 4) and (M, 4) xyxy boxes."""
    return paired_iou(first[:, None], second[None])
