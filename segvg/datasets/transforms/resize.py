"""Resizing: every class chooses the new shape, ``resize_sample`` does the rest.

At every step of the pipeline a point p of the original image lies at
``p * scale_factor + pad_offset`` (before a flip). Random choices use numpy's global
generator, as in mmcv.
"""
from abc import abstractmethod
from typing import Callable, Optional, Sequence, Union

import cv2
import numpy as np
from PIL import Image

from segvg.datasets.transforms.base import Transform
from segvg.registry import TRANSFORMS

Array = np.ndarray
Shape = tuple[int, int]  # H, W


def _pillow(resample: Image.Resampling) -> Callable[[Array, Shape], Array]:
    return lambda image, shape: np.array(
        Image.fromarray(image).resize(shape[::-1], resample))


def _opencv(interpolation: int) -> Callable[[Array, Shape], Array]:
    return lambda image, shape: cv2.resize(
        image, shape[::-1], interpolation=interpolation)


#: Bilinear filters for pixels: Pillow's smooths when it makes smaller, OpenCV's
#: does not.
IMAGE_FILTERS = dict(pillow=_pillow(Image.Resampling.BILINEAR),
                     opencv=_opencv(cv2.INTER_LINEAR))
#: Filters for masks. Nearest neighbour: ``center`` takes the pixel nearest to the
#: centre, ``floor`` takes pixel floor(i * old / new). ``linear`` interpolates and
#: rounds.
MASK_FILTERS = dict(center=_pillow(Image.Resampling.NEAREST),
                    floor=_opencv(cv2.INTER_NEAREST),
                    linear=_opencv(cv2.INTER_LINEAR))


def resize_sample(results: dict, shape: Shape, *, ratio: Optional[float] = None,
                  backend: str = 'pillow', mask_filter: str = 'center') -> dict:
    """Bring the image of ``results`` to ``shape``; boxes, masks and record follow.

    Args:
        results: of the pipeline.
        shape: new (H, W).
        ratio: of new to old sides, for boxes and record. By default x and y follow the
            ratios of the whole sides, which differ a little between x and y.
        backend: a name in ``IMAGE_FILTERS``.
        mask_filter: a name in ``MASK_FILTERS``.
    """
    height, width = results['img_shape']
    ratio_x, ratio_y = ((shape[1] / width, shape[0] / height) if ratio is None
                        else (ratio, ratio))
    # the cache of images may have resized it already
    if not results.pop('img_is_resized', False) and (height, width) != tuple(shape):
        results['img'] = IMAGE_FILTERS[backend](results['img'], shape)
    results['img_shape'] = tuple(shape)
    if 'gt_bboxes' in results:
        factors = np.float32([ratio_x, ratio_y, ratio_x, ratio_y])
        results['gt_bboxes'] = results['gt_bboxes'] * factors
    if 'gt_masks' in results:
        masks = np.zeros((len(results['gt_masks']), *shape), results['gt_masks'].dtype)
        for index, mask in enumerate(results['gt_masks']):
            masks[index] = MASK_FILTERS[mask_filter](mask, shape)
        results['gt_masks'] = masks
    for key in ('scale_factor', 'pad_offset'):
        x, y = results[key]
        results[key] = (x * ratio_x, y * ratio_y)
    return results


def scaled_shape(shape: Shape, scale: float) -> Shape:
    """Return (H, W) times a scale, half a pixel rounded up."""
    height, width = shape
    return int(height * scale + 0.5), int(width * scale + 0.5)


def shape_within(shape: Shape, short: int, max_long: Optional[int] = None) -> Shape:
    """Return the shape with a given short side, smaller where the long one forbids it.

    An image whose short side has the wanted length already is left as it is, whatever
    its long side.
    """
    least, most = min(shape), max(shape)
    if max_long is not None and most / least * short > max_long:
        short = round(max_long * least / most)
    if least == short:
        return shape
    other = int(short * most / least)
    return (short, other) if shape[0] == least else (other, short)


def choose_length(lengths: Union[int, Sequence[int]]) -> int:
    """Return the length, one of them at random if there are several."""
    return lengths if isinstance(lengths, int) else int(np.random.choice(lengths))


class ResizeStep(Transform):
    """A transform that resizes the whole image, to a size that depends on its own.

    Attributes:
        backend: whose bilinear filter scales pixels, a name in ``IMAGE_FILTERS``.
        mask_filter: how masks are scaled, a name in ``MASK_FILTERS``; None:
            ``'center'``.
    """
    backend = 'pillow'
    mask_filter: Optional[str] = 'center'

    @abstractmethod
    def new_shape(self, shape: Shape) -> tuple[Shape, Optional[float]]:
        """Return the new (H, W) of an image, and ``ratio`` of ``resize_sample``."""

    def is_fixed(self) -> bool:
        """Return whether nothing is drawn at random."""
        return True

    def transform(self, results: dict) -> dict:
        """Scale image, boxes and masks of ``results``."""
        self.require_before_target_masks(results)
        shape, ratio = self.new_shape(results['img_shape'])
        return resize_sample(results, shape, ratio=ratio, backend=self.backend,
                             mask_filter=self.mask_filter or 'center')


@TRANSFORMS.register_module()
class Resize(ResizeStep):
    """Scale the image so that its long or its short side gets a given length.

    The new size is rounded to whole pixels (half to even); boxes and ``scale_factor``
    follow the nominal ratio, as in the published code. Pixels by Pillow.

    Args:
        long: length of the long side; of several one is chosen at random.
        short: length of the short side; of several one is chosen at random.
    """

    def __init__(self, long: Union[int, Sequence[int], None] = None,
                 short: Union[int, Sequence[int], None] = None) -> None:
        if (long is None) == (short is None):
            raise ValueError('Resize takes either long or short, got '
                             f'long={long!r} and short={short!r}')
        self.long = long
        self.short = short

    def new_shape(self, shape: Shape) -> tuple[Shape, float]:
        """Return the new (H, W) and the nominal ratio."""
        height, width = shape
        ratio = (choose_length(self.short) / min(height, width) if self.long is None
                 else choose_length(self.long) / max(height, width))
        return (max(round(height * ratio), 1), max(round(width * ratio), 1)), ratio

    def is_fixed(self) -> bool:
        """Return whether there is one length."""
        return isinstance(self.short if self.long is None else self.long, int)


@TRANSFORMS.register_module()
class ResizeShortEdge(ResizeStep):
    """Scale the image to a short side, but its long side not beyond a limit.

    Pixels by Pillow.

    Args:
        short: length of the short side; of several one is chosen at random.
        max_long: limit of the long side; None: no limit.

    Source: Carion et al., ECCV 2020; MDETR and SiRi use the same rule.
    """

    def __init__(self, short: Union[int, Sequence[int]],
                 max_long: Optional[int] = None) -> None:
        self.short = short
        self.max_long = max_long

    def new_shape(self, shape: Shape) -> tuple[Shape, None]:
        """Return the new (H, W)."""
        return shape_within(shape, choose_length(self.short), self.max_long), None

    def is_fixed(self) -> bool:
        """Return whether there is one length."""
        return isinstance(self.short, int)


@TRANSFORMS.register_module()
class ResizeLongEdge(ResizeStep):
    """Scale the image so that its long side gets a given length.

    The two backends differ in the library that interpolates and in the rounding of the
    sides. In masks both take pixel floor(i * old / new).

    Args:
        size: length of the long side.
        backend: ``'pillow'``: Pillow's filter; the short side is rounded to the next
            whole number, and the long side, computed from it, may miss ``size`` by a
            few pixels (RefTR). ``'opencv'``: OpenCV's filter; both sides are rounded,
            half a pixel up, as mmcv's ``Resize`` with ``keep_ratio`` does (SeqTR).

    Source: ``'pillow'``: Li and Sigal, "Referring Transformer", NeurIPS 2021;
    ``'opencv'``: Zhu et al., "SeqTR", ECCV 2022.
    """
    mask_filter = 'floor'

    def __init__(self, size: int, backend: str = 'pillow') -> None:
        if backend not in IMAGE_FILTERS:
            raise ValueError(
                f'backend is one of {tuple(IMAGE_FILTERS)}, not {backend!r}')
        self.size = size
        self.backend = backend

    def new_shape(self, shape: Shape) -> tuple[Shape, None]:
        """Return the new (H, W)."""
        return (scaled_shape(shape, self.size / max(shape)) if self.backend == 'opencv'
                else shape_within(shape, self.size, self.size)), None


@TRANSFORMS.register_module()
class ResizeExact(ResizeStep):
    """Scale the image to a given height and width; its aspect ratio is not kept.

    Without a filter for masks it comes before they are made, and ``DrawMasks`` draws
    them at the new size (ReLA).

    Args:
        size: side of the square, or (H, W).
        backend: whose bilinear filter scales pixels, ``'pillow'`` or ``'opencv'``.
        mask_filter: scale the masks of instances by nearest neighbour, ``'center'`` or
            ``'floor'``; the latter is OpenCV's (InstanceVG).
    """

    def __init__(self, size: Union[int, Sequence[int]], backend: str = 'pillow', *,
                 mask_filter: Optional[str] = None) -> None:
        if backend not in IMAGE_FILTERS:
            raise ValueError(
                f'backend is one of {tuple(IMAGE_FILTERS)}, not {backend!r}')
        if mask_filter not in (None, *MASK_FILTERS):
            raise ValueError(f'mask_filter is None or one of {tuple(MASK_FILTERS)}, '
                             f'not {mask_filter!r}')
        self.size = (size, size) if isinstance(size, int) else tuple(size)
        self.backend = backend
        self.mask_filter = mask_filter

    def new_shape(self, shape: Shape) -> tuple[Shape, None]:
        """Return the one (H, W)."""
        return self.size, None

    def transform(self, results: dict) -> dict:
        """Scale image and boxes of ``results``, and masks if there is a filter."""
        self.require_before_target_masks(results)
        if 'gt_masks' in results and self.mask_filter is None:
            raise ValueError('ResizeExact comes before the transforms that make masks; '
                             'DrawMasks draws them at the new size. Or give it a '
                             'mask_filter')
        return super().transform(results)
