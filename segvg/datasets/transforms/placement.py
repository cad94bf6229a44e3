"""Placement on a canvas. The pixels are padded later, by the data preprocessor.

It pads after normalization, so that padding is exactly 0.
"""
from typing import Sequence, Union

import numpy as np

from segvg.datasets.transforms.base import Transform
from segvg.registry import TRANSFORMS


def place_sample(results: dict, canvas: tuple[int, int],
                 offset: tuple[int, int] = (0, 0)) -> dict:
    """Put the image of ``results`` on a canvas; boxes, masks and record follow.

    Adds ``canvas_shape`` (H, W) and ``paste_offset`` (x, y), the corner of the image on
    the canvas. ``pad_offset``, which maps the original image to the canvas, equals it
    unless the image was cropped.

    Args:
        results: of the pipeline.
        canvas: (H, W).
        offset: columns before and rows above the image.
    """
    height, width = results['img_shape']
    left, top = offset
    x, y = results['pad_offset']
    results.update(canvas_shape=canvas, paste_offset=offset,
                   pad_offset=(x + left, y + top))
    if 'gt_bboxes' in results:
        results['gt_bboxes'] = results['gt_bboxes'] + np.float32(
            [left, top, left, top])
    if 'gt_masks' in results:
        margin = ((0, 0), (top, canvas[0] - height - top),
                  (left, canvas[1] - width - left))
        results['gt_masks'] = np.pad(results['gt_masks'], margin)
    return results


@TRANSFORMS.register_module()
class PlaceOnCanvas(Transform):
    """Place the image on a canvas of fixed size.

    Args:
        size: side of the square canvas, or (H, W).
        mode: ``'center'`` (of an odd remainder the smaller half goes first) or
            ``'random'`` (the top is drawn before the left edge).
    """
    MODES = ('center', 'random')
    after_flip = True

    def __init__(self, size: Union[int, Sequence[int]], mode: str = 'center') -> None:
        if mode not in self.MODES:
            raise ValueError(f'mode is one of {self.MODES}, not {mode!r}')
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        self.mode = mode

    def _offset(self, free: int) -> int:
        """Return how many of ``free`` rows or columns come before the image."""
        if self.mode == 'random':
            return int(np.random.randint(0, free + 1))
        return round(free / 2 - 0.1)

    def transform(self, results: dict) -> dict:
        """Place ``results`` on the canvas."""
        self.require_before_target_masks(results)
        height, width = results['img_shape']
        if height > self.size[0] or width > self.size[1]:
            raise ValueError(
                f'an image of {height} x {width} pixels (rows x columns) does not fit '
                f'a canvas of {self.size[0]} x {self.size[1]}; resize it first '
                f'({results.get("img_path")})')
        top = self._offset(self.size[0] - height)
        left = self._offset(self.size[1] - width)
        return place_sample(results, self.size, (left, top))


@TRANSFORMS.register_module()
class PadToDivisor(Transform):
    """A canvas that reaches from the image's corner to the next multiple of a number.

    The data preprocessor pads the batch to the largest canvas of its images.

    Args:
        divisor: of both sides of the canvas.
    """
    after_flip = True

    def __init__(self, divisor: int = 32) -> None:
        self.divisor = divisor

    def transform(self, results: dict) -> dict:
        """Place ``results`` on its canvas."""
        self.require_before_target_masks(results)
        height, width = (-(-side // self.divisor) * self.divisor
                         for side in results['img_shape'])
        return place_sample(results, (height, width))
