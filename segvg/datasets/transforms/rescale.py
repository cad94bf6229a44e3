"""Resizing by OpenCV's rule, clipping, and a canvas that follows the image."""
import cv2
import numpy as np
from mmcv.transforms import BaseTransform

from segvg.registry import TRANSFORMS


def scaled_size(shape: tuple[int, int], scale: float) -> tuple[int, int]:
    """Return (H, W) times a scale, half a pixel rounded up."""
    height, width = shape
    return int(height * scale + 0.5), int(width * scale + 0.5)


def rescale(results: dict, shape: tuple[int, int], mask_filter: int) -> dict:
    """Bring the image of ``results`` to a shape (H, W); boxes and masks follow.

    Pixels by OpenCV's bilinear filter, which does not smooth; boxes by the ratios of
    the whole sizes, which differ a little between x and y.

    Args:
        results: of the pipeline.
        shape: wanted.
        mask_filter: OpenCV's interpolation for masks.
    """
    height, width = results['img_shape']
    ratio = (shape[1] / width, shape[0] / height)
    size = shape[::-1]
    results['img'] = cv2.resize(results['img'], size, interpolation=cv2.INTER_LINEAR)
    results['img_shape'] = tuple(shape)
    if 'gt_bboxes' in results:
        results['gt_bboxes'] = results['gt_bboxes'] * np.float32([*ratio, *ratio])
    if 'gt_masks' in results:
        masks = [cv2.resize(mask, size, interpolation=mask_filter)
                 for mask in results['gt_masks']]
        results['gt_masks'] = (np.stack(masks) if masks else
                               np.zeros((0, *shape), dtype=np.uint8))
    for key in ('scale_factor', 'pad_offset'):
        x, y = results[key]
        results[key] = (x * ratio[0], y * ratio[1])
    return results


def clip_to_last_pixel(bboxes: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Clip (T, 4) boxes to [0, W - 1] and [0, H - 1]."""
    height, width = shape
    return bboxes.clip(0, np.float32([width - 1, height - 1, width - 1, height - 1]))


@TRANSFORMS.register_module()
class ClipBoxes(BaseTransform):
    """Clip ``gt_bboxes`` to the last pixel, [0, W - 1] and [0, H - 1], as SeqTR does.
    """

    def transform(self, results: dict) -> dict:
        """Clip the boxes of ``results``."""
        results['gt_bboxes'] = clip_to_last_pixel(
            results['gt_bboxes'], results['img_shape'])
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'


@TRANSFORMS.register_module()
class ResizeToFit(BaseTransform):
    """Scale the image so that its long side gets a given length, by OpenCV.

    The sizes and pixels are those of mmcv's ``Resize`` with ``keep_ratio``; masks by
    nearest neighbour.

    Args:
        size: length of the long side.
    """

    def __init__(self, size: int) -> None:
        self.size = size

    def transform(self, results: dict) -> dict:
        """Scale image, boxes and masks of ``results``."""
        scale = self.size / max(results['img_shape'])
        return rescale(results, scaled_size(results['img_shape'], scale),
                       cv2.INTER_NEAREST)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size})'


@TRANSFORMS.register_module()
class PadToDivisor(BaseTransform):
    """A canvas that reaches from the image's corner to the next multiple of a number.

    Adds ``canvas_shape`` and ``paste_offset`` (0, 0); masks are padded. The data
    preprocessor pads the batch to the largest canvas of its images.

    Args:
        divisor: of both sides of the canvas.
    """

    def __init__(self, divisor: int = 32) -> None:
        self.divisor = divisor

    def transform(self, results: dict) -> dict:
        """Place ``results`` on its canvas."""
        height, width = results['img_shape']
        canvas = tuple(-(-side // self.divisor) * self.divisor
                       for side in (height, width))
        results.update(canvas_shape=canvas, paste_offset=(0, 0))
        if 'gt_masks' in results:
            margin = ((0, 0), (0, canvas[0] - height), (0, canvas[1] - width))
            results['gt_masks'] = np.pad(results['gt_masks'], margin)
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(divisor={self.divisor})'
