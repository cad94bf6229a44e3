"""Resize, crop, flip and place on the canvas; boxes, masks and the record follow.

At every step a point p of the original image lies at ``p * scale_factor + pad_offset``
(before a flip). Random draws use numpy's global generator, as in mmcv.
"""
from typing import Sequence, Union

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from segvg.datasets.transforms.text import swap_sides
from segvg.registry import TRANSFORMS

Region = tuple[int, int, int, int]  # top, left, height, width


def _require_before_masks(transform: BaseTransform, results: dict) -> None:
    """Refuse to move what target masks were made from."""
    if 'target_masks' in results:
        raise ValueError(f'{type(transform).__name__} comes before the transform that '
                         'makes target masks: they would stay where they are')


@TRANSFORMS.register_module()
class Resize(BaseTransform):
    """Scale the image so that its long or its short side gets a given length.

    The new size is rounded to whole pixels (half to even); boxes and ``scale_factor``
    follow the nominal ratio, as in the published code. Pillow's bilinear filter, which
    smooths when it makes smaller; masks by nearest neighbour.

    Args:
        long: length of the long side; of several one is drawn.
        short: length of the short side; of several one is drawn.
    """

    def __init__(self, long: Union[int, Sequence[int], None] = None,
                 short: Union[int, Sequence[int], None] = None) -> None:
        if (long is None) == (short is None):
            raise ValueError('Resize takes either long or short, got '
                             f'long={long!r} and short={short!r}')
        self.long = long
        self.short = short

    def draw_size(self) -> int:
        """Return the length of the named side, drawn if there are several."""
        sizes = self.short if self.long is None else self.long
        return sizes if isinstance(sizes, int) else int(np.random.choice(sizes))

    def transform(self, results: dict) -> dict:
        """Scale image, boxes and masks of ``results``."""
        _require_before_masks(self, results)
        height, width = results['img_shape']
        side = min(height, width) if self.long is None else max(height, width)
        ratio = self.draw_size() / side
        new_size = (max(round(width * ratio), 1), max(round(height * ratio), 1))
        image = Image.fromarray(results['img'])
        results['img'] = np.array(image.resize(new_size, Image.Resampling.BILINEAR))
        results['img_shape'] = new_size[::-1]
        if 'gt_bboxes' in results:
            results['gt_bboxes'] = results['gt_bboxes'] * np.float32(ratio)
        if 'gt_masks' in results:
            results['gt_masks'] = resize_masks(results['gt_masks'], new_size[::-1])
        for key in ('scale_factor', 'pad_offset'):
            x, y = results[key]
            results[key] = (x * ratio, y * ratio)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(long={self.long}, short={self.short})'


def resize_masks(masks: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Scale masks (T, H, W) uint8 to (T, *shape) by nearest neighbour."""
    size, nearest = shape[::-1], Image.Resampling.NEAREST
    resized = [np.array(Image.fromarray(mask).resize(size, nearest)) for mask in masks]
    return np.stack(resized) if resized else np.zeros((0, *shape), dtype=masks.dtype)


@TRANSFORMS.register_module()
class RandomSizeCrop(BaseTransform):
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
        results['img'] = results['img'][top:top + height, left:left + width]
        results['img_shape'] = (height, width)
        if 'gt_bboxes' in results:
            shifted = results['gt_bboxes'] - np.float32([left, top, left, top])
            limit = np.float32([width, height, width, height])
            results['gt_bboxes'] = shifted.clip(0, limit)
        if 'gt_masks' in results:
            masks = results['gt_masks']
            results['gt_masks'] = masks[:, top:top + height, left:left + width]
        x, y = results['pad_offset']
        results['pad_offset'] = (x - left, y - top)
        return results

    def transform(self, results: dict) -> dict:
        """Crop ``results`` at random."""
        _require_before_masks(self, results)
        bboxes = results.get('gt_bboxes', np.zeros((0, 4), dtype=np.float32))
        for _ in range(self.tries):
            region = self.draw_region(results['img_shape'])
            if self.accepts(region, bboxes):
                return self.crop(results, region)
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(min_size={self.min_size}, '
                f'max_size={self.max_size}, min_iou={self.min_iou}, '
                f'tries={self.tries}, accept={self.accept!r})')


@TRANSFORMS.register_module()
class RandomFlip(BaseTransform):
    """Mirror left and right; *left* and *right* change places in the text.

    Boxes, masks and the spans of phrases follow. The record of the geometry only notes
    ``flip``: a flipped image is for training, its boxes are not mapped back.

    Args:
        prob: probability of a flip.
        swap: ``'substring'`` swaps inside words too, as the published code does
            (*bright* becomes *bleft*); ``'word'`` swaps whole words only.
    """
    SWAP = ('substring', 'word')

    def __init__(self, prob: float = 0.5, swap: str = 'substring') -> None:
        if swap not in self.SWAP:
            raise ValueError(f'swap is one of {self.SWAP}, not {swap!r}')
        self.prob = prob
        self.swap = swap

    def flip(self, results: dict) -> dict:
        """Mirror image, boxes, masks and text."""
        width = results['img_shape'][1]
        results['img'] = results['img'][:, ::-1]
        results['flip'] = not results['flip']
        if 'gt_bboxes' in results:
            x1, y1, x2, y2 = results['gt_bboxes'].T
            results['gt_bboxes'] = np.stack([width - x2, y1, width - x1, y2], axis=1)
        if 'gt_masks' in results:
            results['gt_masks'] = results['gt_masks'][:, :, ::-1]
        whole_words = self.swap == 'word'
        results['expressions'] = [swap_sides(expression, whole_words)
                                  for expression in results.get('expressions', [])]
        return results

    def transform(self, results: dict) -> dict:
        """Mirror ``results`` with the given probability."""
        _require_before_masks(self, results)
        if 'canvas_shape' in results:
            raise ValueError('RandomFlip comes before PlaceOnCanvas: it mirrors the '
                             'image, not the canvas')
        return self.flip(results) if np.random.random() < self.prob else results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(prob={self.prob}, swap={self.swap!r})'


@TRANSFORMS.register_module()
class PlaceOnCanvas(BaseTransform):
    """Decide where the image lies on a canvas of fixed size, and move boxes and masks.

    No pixel is padded here: the data preprocessor does that after normalisation, so
    that padding is exactly 0. Adds ``canvas_shape`` (H, W) and ``paste_offset`` (x, y),
    the corner of the image on the canvas. ``pad_offset``, which maps the original image
    to the canvas, equals it unless the image was cropped.

    Args:
        size: side of the square canvas, or (H, W).
        mode: ``'center'`` (of an odd remainder the smaller half goes first) or
            ``'random'``, drawn with the top first.
    """
    MODES = ('center', 'random')

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
        _require_before_masks(self, results)
        height, width = results['img_shape']
        if height > self.size[0] or width > self.size[1]:
            raise ValueError(
                f'an image of {height} x {width} pixels (rows x columns) does not fit '
                f'a canvas of {self.size[0]} x {self.size[1]}; resize it first '
                f'({results.get("img_path")})')
        top = self._offset(self.size[0] - height)
        left = self._offset(self.size[1] - width)
        x, y = results['pad_offset']
        results.update(canvas_shape=self.size, paste_offset=(left, top),
                       pad_offset=(x + left, y + top))
        if 'gt_bboxes' in results:
            shift = np.float32([left, top, left, top])
            results['gt_bboxes'] = results['gt_bboxes'] + shift
        if 'gt_masks' in results:
            margin = ((0, 0), (top, self.size[0] - height - top),
                      (left, self.size[1] - width - left))
            results['gt_masks'] = np.pad(results['gt_masks'], margin)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size}, mode={self.mode!r})'
