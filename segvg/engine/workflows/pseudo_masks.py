"""Which predicted masks are good enough to learn from: those that fill their box."""
from typing import NamedTuple, Optional, Sequence

import cv2
import numpy as np

from segvg.structures.masks import decode_polygons

Box = Sequence[float]


def outline_polygons(mask: np.ndarray) -> list[list[float]]:
    """Return the outlines of a mask (H, W) as flat x, y lists, holes as their own.

    Outlines of fewer than three points are left out.
    """
    contours, _ = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
    return [contour.ravel().astype(float).tolist() for contour in contours
            if len(contour) >= 3]


def _dice(first: np.ndarray, second: np.ndarray, eps: float = 1e-5) -> float:
    first, second = first.ravel().astype(float), second.ravel().astype(float)
    union = (first**2).sum() + (second**2).sum() + eps
    return float(1 - 2 * (first * second).sum() / union)


def fill_outline(polygon: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return the mask (H, W) of an outline (n, 2), the outline's own pixels included.

    Contours to learn from go through the outermost pixels. A mask rasterised from one
    by COCO's rule lacks its last row and column, so labels made from it would shrink.
    """
    mask = np.zeros(shape, dtype=np.uint8)
    if len(polygon) > 2:
        cv2.fillPoly(mask, [np.rint(polygon).astype(np.int32)], 1)
    return mask.astype(bool)


def projection_term(masks: np.ndarray, box_masks: np.ndarray) -> float:
    """Return how far masks are from their boxes, in shadow: 0 is none, 2 is all.

    Each is projected onto the x and the y axis; the two dice distances are added. All
    masks of an object count as one long vector.

    Args:
        masks: (n, H, W), values 0 and 1.
        box_masks: (n, H, W), the filled boxes.

    Source: Tian et al., "BoxInst", CVPR 2021; as a filter Qu et al., CVPR 2023.
    """
    return (_dice(masks.max(1), box_masks.max(1))
            + _dice(masks.max(2), box_masks.max(2)))


def filled_box(bbox: Box, shape: tuple[int, int]) -> np.ndarray:
    """Return the box x1, y1, x2, y2 as a mask (H, W), its corner and size truncated."""
    x, y = int(bbox[0]), int(bbox[1])
    width, height = (int(round(side, 9))
                     for side in (bbox[2] - bbox[0], bbox[3] - bbox[1]))
    mask = np.zeros(shape, dtype=bool)
    mask[y:y + height, x:x + width] = True
    return mask


class Verdict(NamedTuple):
    """What is known of a predicted mask.

    Attributes:
        polygons: its outlines as flat x, y lists.
        term: distance of its shadow from that of the box, None without outlines.
        kept: whether to learn from it.
    """
    polygons: list[list[float]]
    term: Optional[float]
    kept: bool


def judge(mask: np.ndarray, bbox: Box, threshold: float = 0.1) -> Verdict:
    """Judge a predicted mask (H, W) by the true box of its object.

    It is kept when it has one outline whose shadow fills that of the box. Both are in
    pixels of the original image.

    Args:
        mask: bool.
        bbox: x1, y1, x2, y2.
        threshold: largest distance that is kept; published: 0.1.

    Source: Qu et al., CVPR 2023, resampling of pseudo points.
    """
    polygons = outline_polygons(mask)
    if not polygons:
        return Verdict(polygons, None, False)
    masks = np.stack([decode_polygons([part], *mask.shape) for part in polygons])
    box = filled_box(bbox, mask.shape)
    term = projection_term(masks, np.broadcast_to(box, masks.shape))
    whole = len(polygons) == 1 and bool(outline_polygons(masks[0]))
    return Verdict(polygons, term, term < threshold and whole)


def published_selection(verdicts: Sequence[Verdict],
                        threshold: float = 0.1) -> tuple[list[int], list[int]]:
    """Return what the published script keeps; for comparison only.

    Where a prediction has no outline, it judges by the entry before and keeps the true
    mask of the entry, which leaks the label.

    Returns:
        Numbers of the kept entries, and those of them with a true mask.
    """
    kept, leaked, last = [], [], None
    for number, verdict in enumerate(verdicts):
        if verdict.term is None:
            if last is not None and last.kept:
                kept.append(number)
                leaked.append(number)
            continue
        last = verdict
        if verdict.kept and verdict.term < threshold:
            kept.append(number)
    return kept, leaked
