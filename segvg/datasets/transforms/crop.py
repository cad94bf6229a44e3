"""Crops, and boxes clipped to the image."""
from typing import Sequence

import numpy as np

from segvg.datasets.transforms.base import Transform
from segvg.datasets.transforms.expressions import keep_targets
from segvg.registry import TRANSFORMS

Region = tuple[int, int, int, int]  # top, left, height, width


def crop_sample(results: dict, region: Region,
                box_offset: Sequence[float]) -> dict:
    """Cut a region out of the image of ``results``; boxes, masks and record follow.

    Args:
        results: of the pipeline.
        region: in whole pixels.
        box_offset: what is taken off the x and y of boxes, which are not clipped.
    """
    top, left, height, width = region
    rows, columns = slice(top, top + height), slice(left, left + width)
    results['img'] = results['img'][rows, columns]
    results['img_shape'] = (height, width)
    if 'gt_bboxes' in results:
        shift = np.float32([*box_offset, *box_offset])
        results['gt_bboxes'] = results['gt_bboxes'] - shift
    if 'gt_masks' in results:
        results['gt_masks'] = results['gt_masks'][:, rows, columns]
    x, y = results['pad_offset']
    results['pad_offset'] = (x - left, y - top)
    return results


def clip_to_last_pixel(bboxes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Clip (T, 4) boxes to [0, W - 1] and [0, H - 1]."""
    height, width = shape
    return bboxes.clip(0, np.float32([width - 1, height - 1, width - 1, height - 1]))


@TRANSFORMS.register_module()
class ClipBoxes(Transform):
    """Clip ``gt_bboxes`` to the last pixel, [0, W - 1] and [0, H - 1], as SeqTR does.
    """
    leaves_image = True

    def transform(self, results: dict) -> dict:
        """Clip the boxes of ``results``."""
        results['gt_bboxes'] = clip_to_last_pixel(
            results['gt_bboxes'], results['img_shape'])
        return results


@TRANSFORMS.register_module()
class RandomSizeCrop(Transform):
    """Crop a region of random size and position that keeps every target box.

    A try draws the width, then the height, then the top, then the left edge. When no
    try is accepted the image stays whole. Boxes are shifted and clipped to the region.

    Args:
        min_size: shortest side of the region; an image with a shorter side keeps it.
        max_size: longest side of the region.
        min_iou: least IoU of a box clipped to the region with the whole box.
        tries: number of regions drawn.
        accept: ``'iou'``, or ``'center_swapped'``: TransVG's test, which compares the x
            of the box centre with the top and its y with the left edge and so lets
            boxes be cut.
    """
    ACCEPT = ('iou', 'center_swapped')

    def __init__(self, min_size: int = 384, max_size: int = 600, min_iou: float = 0.5,
                 *, tries: int = 20, accept: str = 'iou') -> None:
        if accept not in self.ACCEPT:
            raise ValueError(f'accept is one of {self.ACCEPT}, not {accept!r}')
        if min_size > max_size:
            raise ValueError(f'min_size {min_size} is above max_size {max_size}')
        self.min_size = min_size
        self.max_size = max_size
        self.min_iou = min_iou
        self.tries = tries
        self.accept = accept

    def draw_region(self, shape: tuple[int, int]) -> Region:
        """Return a random region of an image of ``shape`` (H, W)."""
        height, width = shape
        new_width = self._draw_length(width)
        new_height = self._draw_length(height)
        top = np.random.randint(0, height - new_height + 1)
        left = np.random.randint(0, width - new_width + 1)
        return top, left, new_height, new_width

    def _draw_length(self, side: int) -> int:
        return np.random.randint(min(self.min_size, side), min(self.max_size, side) + 1)

    def accepts(self, region: Region, bboxes: np.ndarray) -> bool:
        """Say whether the region keeps all boxes (T, 4)."""
        if self.accept == 'center_swapped':
            centers = (bboxes[:, :2] + bboxes[:, 2:]) / 2
            return bool((centers > region[:2]).all())
        top, left, height, width = region
        low = bboxes[:, :2].clip([left, top], [left + width, top + height])
        high = bboxes[:, 2:].clip([left, top], [left + width, top + height])
        kept = (high - low).prod(1)
        whole = (bboxes[:, 2:] - bboxes[:, :2]).prod(1)
        # the clipped box lies inside the whole one, so the union is the whole one
        return bool(((kept >= self.min_iou * whole) & (whole > 0)).all())

    def crop(self, results: dict, region: Region) -> dict:
        """Cut the region out of image, boxes and masks."""
        top, left, height, width = region
        results = crop_sample(results, region, (left, top))
        if 'gt_bboxes' in results:
            limit = np.float32([width, height, width, height])
            results['gt_bboxes'] = results['gt_bboxes'].clip(0, limit)
        return results

    def transform(self, results: dict) -> dict:
        """Crop ``results`` at random."""
        self.require_before_target_masks(results)
        bboxes = results.get('gt_bboxes', np.zeros((0, 4), dtype=np.float32))
        for _ in range(self.tries):
            region = self.draw_region(results['img_shape'])
            if self.accepts(region, bboxes):
                return self.crop(results, region)
        return results


@TRANSFORMS.register_module()
class FreeSizeCrop(RandomSizeCrop):
    """``RandomSizeCrop`` that keeps any region, even one without the targets.

    A target whose box is cut away is taken off its expression, which then teaches that
    there is nothing to find.

    Args:
        min_size: shortest side of the region; an image with a shorter side keeps it.
        max_size: longest side of the region.

    Source: Qu et al., "SiRi", ECCV 2022, training transforms.
    """

    def __init__(self, min_size: int = 384, max_size: int = 640) -> None:
        super().__init__(min_size, max_size)

    def accepts(self, region: Region, bboxes: np.ndarray) -> bool:
        """Say yes."""
        return True

    def crop(self, results: dict, region: Region) -> dict:
        """Cut the region out and take lost targets off the expressions."""
        results = super().crop(results, region)
        if 'gt_bboxes' not in results:
            return results
        sizes = results['gt_bboxes'][:, 2:] - results['gt_bboxes'][:, :2]
        kept = set(np.flatnonzero((sizes > 0).all(1)).tolist())
        results['expressions'] = [keep_targets(expression, kept)
                                  for expression in results['expressions']]
        return results
