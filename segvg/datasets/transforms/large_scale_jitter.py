"""Large-scale jitter: a random size, and a crop when it is larger than the frame."""
from typing import Callable, Optional, Sequence

import numpy as np

from segvg.datasets.transforms.base import Transform
from segvg.datasets.transforms.crop import clip_to_last_pixel, crop_sample
from segvg.datasets.transforms.resize import resize_sample, scaled_shape
from segvg.registry import TRANSFORMS

Offset = tuple[float, float]  # x, y of a crop


def kept_of_boxes(results: dict, offset: Offset, shape: tuple[int, int]) -> float:
    """Return the least part of a box that a crop keeps."""
    low = np.array(offset)
    high = low + shape[::-1]
    bboxes = results['gt_bboxes'].astype(np.float64)
    inside = np.minimum(bboxes[:, 2:], high) - np.maximum(bboxes[:, :2], low)
    area = (bboxes[:, 2:] - bboxes[:, :2]).prod(1)
    return float((inside.clip(0).prod(1) / area.clip(1e-6)).min(initial=1.0))


def kept_of_masks(results: dict, offset: Offset, shape: tuple[int, int]) -> float:
    """Return the least part of a mask that a crop keeps."""
    left, top = map(int, offset)
    masks = results['gt_masks']
    inside = masks[:, top:top + shape[0], left:left + shape[1]].sum((1, 2))
    return float((inside / masks.sum((1, 2)).clip(1)).min(initial=1.0))


KEPT: dict[str, Callable] = dict(box=kept_of_boxes, mask=kept_of_masks)


@TRANSFORMS.register_module()
class LargeScaleJitter(Transform):
    """Scale the image at random; crop it to the frame when it became larger.

    A crop is accepted when it keeps a high part of the target; the wanted part sinks
    the longer none is found. Without any that keeps ``min_kept`` the image is scaled to
    the frame as a whole (the published code then left it unscaled under a wrong shape).
    Boxes are clipped to the last pixel.

    Args:
        size: length of the long side of the frame.
        ratio: least and largest length of the image's long side over ``size``.
        keep: what has to be kept, ``'box'`` or ``'mask'``.
        min_kept: least part that the best crop has to keep.
        thresholds: wanted parts, tried in this order.
        tries: crops drawn for each threshold.

    Source: Ghiasi et al., "Simple Copy-Paste", CVPR 2021; crops that keep the target
    after Zhu et al., "SeqTR", ECCV 2022.
    """

    def __init__(self,
                 size: int,
                 ratio: tuple[float, float] = (0.3, 1.4),
                 *,
                 keep: str = 'box',
                 min_kept: float = 0.3,
                 thresholds: Sequence[float] = (0.9, 0.8, 0.7, 0.6, 0.5),
                 tries: int = 100) -> None:
        if keep not in KEPT:
            raise ValueError(f'keep is one of {tuple(KEPT)}, not {keep!r}')
        self.size = size
        self.ratio = tuple(ratio)
        self.keep = keep
        self.min_kept = min_kept
        self.thresholds = tuple(thresholds)
        self.tries = tries

    def draw(self) -> float:
        """Return a random number in [0, 1)."""
        return np.random.random()

    def draw_crop(self, results: dict, shape: tuple[int, int]) -> Optional[Offset]:
        """Return the corner of a crop of ``shape`` that keeps the targets, or None."""
        height, width = results['img_shape']
        best, best_kept = None, self.min_kept
        for threshold in self.thresholds:
            for _ in range(self.tries):
                offset = (self.draw() * (width - shape[1]),
                          self.draw() * (height - shape[0]))
                kept = KEPT[self.keep](results, offset, shape)
                if kept >= threshold:
                    return offset
                if kept >= best_kept:
                    best, best_kept = offset, kept
        return best

    def transform(self, results: dict) -> dict:
        """Scale and perhaps crop ``results``."""
        low, high = self.ratio
        ratio = low + self.draw() * (high - low)
        whole = self.size / max(results['img_shape'])
        frame = scaled_shape(results['img_shape'], whole)
        rescaled = self.rescale(
            dict(results), scaled_shape(results['img_shape'], ratio * whole))
        if ratio > 1:
            offset = self.draw_crop(rescaled, frame)
            rescaled = (self.rescale(results, frame) if offset is None
                        else self.crop(rescaled, offset, frame))
        rescaled['gt_bboxes'] = clip_to_last_pixel(
            rescaled['gt_bboxes'], rescaled['img_shape'])
        return rescaled

    @staticmethod
    def rescale(results: dict, shape: tuple[int, int]) -> dict:
        """Scale image, boxes and masks to ``shape`` (H, W)."""
        return resize_sample(results, shape, backend='opencv', mask_filter='linear')

    @staticmethod
    def crop(results: dict, offset: Offset, shape: tuple[int, int]) -> dict:
        """Cut a region out; pixels start at whole numbers, boxes move by the offset."""
        left, top = map(int, offset)
        results = crop_sample(results, (top, left, *shape), offset)
        # a view would keep the whole enlarged image in memory
        results['img'] = np.ascontiguousarray(results['img'])
        return results
