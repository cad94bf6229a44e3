"""Masks to learn from, made from boxes or taken from annotations.

A head that learns from masks reads ``target_masks`` wherever they come from, so the
transform in the pipeline decides what supervises it.
"""
from abc import abstractmethod

import numpy as np

from segvg.datasets.transforms.base import Transform
from segvg.registry import TRANSFORMS


def average_cells(masks: np.ndarray, stride: int) -> np.ndarray:
    """Return masks (T, H, W) as the mean of each cell, (T, h, w) float32.

    Args:
        masks: values in [0, 1].
        stride: side of a cell in pixels; h = H / stride and w = W / stride.
    """
    masks = masks.astype(np.float32)
    if stride == 1:
        return masks
    count, height, width = masks.shape
    if height % stride or width % stride:
        raise ValueError(
            f'a canvas of {height} x {width} pixels (rows x columns) cannot be cut '
            f'into cells of {stride} x {stride}')
    cells = masks.reshape(count, height // stride, stride, width // stride, stride)
    return cells.mean(axis=(2, 4))


class BoxToMask(Transform):
    """Base of the transforms that make masks from boxes; comes after placement.

    A subclass says in ``make_masks`` what mask a box gives. This class adds
    ``target_masks`` (T, h, w) float32 in [0, 1], at a stride the part of each cell that
    is covered, and ``target_mask_stride``.

    Args:
        stride: side of a mask cell in canvas pixels; the masks cover the canvas.
    """
    after_flip = True

    def __init__(self, stride: int = 1) -> None:
        self.stride = stride

    @abstractmethod
    def make_masks(self, bboxes: np.ndarray,
                   canvas_shape: tuple[int, int]) -> np.ndarray:
        """Return the masks (T, H, W), values in [0, 1], of boxes.

        Args:
            bboxes: (T, 4) xyxy in canvas pixels.
            canvas_shape: (H, W).
        """

    def transform(self, results: dict) -> dict:
        """Add the masks of the boxes of ``results``."""
        canvas_shape = results.get('canvas_shape', results['img_shape'])
        masks = self.make_masks(results['gt_bboxes'], canvas_shape)
        results['target_masks'] = average_cells(masks, self.stride)
        results['target_mask_stride'] = self.stride
        return results



@TRANSFORMS.register_module()
class FillBoxMask(BoxToMask):
    """The box, filled with ones, as in SegVG.

    All four sides are truncated to whole pixels, the end is exclusive; a box thinner
    than a pixel can give an empty mask.
    """

    def make_masks(self, bboxes: np.ndarray,
                   canvas_shape: tuple[int, int]) -> np.ndarray:
        """Return the filled boxes (T, H, W)."""
        masks = np.zeros((len(bboxes), *canvas_shape), dtype=np.float32)
        for mask, (x1, y1, x2, y2) in zip(masks, bboxes.astype(np.int64).clip(min=0)):
            mask[y1:y2, x1:x2] = 1
        return masks


def _pixel_distances(bboxes: np.ndarray, canvas_shape: tuple[int, int]) -> np.ndarray:
    """Return the squared distance (T, H, W) of pixel centres from the box centre.

    The unit is half the width and half the height: 1 is the inscribed ellipse.
    """
    height, width = canvas_shape
    x1, y1, x2, y2 = bboxes.astype(np.float32).T[..., None]  # each (T, 1)
    tiny = np.float32(1e-6)  # a box without an extent is far from every pixel
    across = (np.arange(width, dtype=np.float32) + 0.5 - (x1 + x2) / 2)
    down = (np.arange(height, dtype=np.float32) + 0.5 - (y1 + y2) / 2)
    across = across / np.maximum((x2 - x1) / 2, tiny)
    down = down / np.maximum((y2 - y1) / 2, tiny)
    return across[:, None, :]**2 + down[:, :, None]**2


@TRANSFORMS.register_module()
class EllipseBoxMask(BoxToMask):
    """The ellipse inscribed in the box: corners, seldom object, count as background."""

    def make_masks(self, bboxes: np.ndarray,
                   canvas_shape: tuple[int, int]) -> np.ndarray:
        """Return the inscribed ellipses (T, H, W)."""
        return (_pixel_distances(bboxes, canvas_shape) <= 1).astype(np.float32)


@TRANSFORMS.register_module()
class GaussianBoxMask(BoxToMask):
    """A Gaussian bell: 1 in the middle of the box, lower towards its sides.

    Args:
        stride: side of a mask cell in canvas pixels.
        sigma: standard deviation in half widths (half heights) of the box.
    """

    def __init__(self, stride: int = 1, sigma: float = 0.5) -> None:
        super().__init__(stride)
        self.sigma = sigma

    def make_masks(self, bboxes: np.ndarray,
                   canvas_shape: tuple[int, int]) -> np.ndarray:
        """Return the bells (T, H, W)."""
        return np.exp(_pixel_distances(bboxes, canvas_shape) / (-2 * self.sigma**2))



@TRANSFORMS.register_module()
class AnnotationMask(Transform):
    """The annotated masks as target masks.

    ``LoadGroundingAnnotations(with_mask=True)`` has to come before.

    Args:
        stride: side of a mask cell in canvas pixels.
    """
    after_flip = True

    def __init__(self, stride: int = 1) -> None:
        self.stride = stride

    def transform(self, results: dict) -> dict:
        """Add the masks of ``results`` at the stride."""
        if 'gt_masks' not in results:
            raise ValueError('AnnotationMask needs the masks of '
                             f'{results.get("img_path")}, which were not loaded: set '
                             'LoadGroundingAnnotations(with_mask=True)')
        results['target_masks'] = average_cells(results['gt_masks'], self.stride)
        results['target_mask_stride'] = self.stride
        return results
