"""Resizing by the short side within a limit of the long one; crops that lose boxes."""
from typing import Optional, Sequence, Union

import cv2
import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from segvg.datasets.transforms.geometric import RandomSizeCrop, Region, resize_masks
from segvg.registry import TRANSFORMS


def size_within(shape: tuple[int, int], short: int,
                max_long: Optional[int] = None) -> tuple[int, int]:
    """Return the size (H, W) with a given short side, smaller if the long one forbids.

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


@TRANSFORMS.register_module()
class ResizeShortEdge(BaseTransform):
    """Scale the image to a short side, but its long side not beyond a limit.

    Boxes follow the ratios of the whole sizes, which differ a little between x and y.
    Pillow's bilinear filter, which smooths when it makes smaller; masks by nearest
    neighbour. Comes before transforms that make target masks.

    Args:
        short: length of the short side; of several one is drawn.
        max_long: limit of the long side; None: no limit.

    Source: Carion et al., ECCV 2020; MDETR and SiRi take it over.
    """

    def __init__(self, short: Union[int, Sequence[int]],
                 max_long: Optional[int] = None) -> None:
        self.short = short
        self.max_long = max_long

    def transform(self, results: dict) -> dict:
        """Scale image, boxes and masks of ``results``."""
        if 'target_masks' in results:
            raise ValueError('ResizeShortEdge comes before the transform that makes '
                             'target masks: they would stay where they are')
        short = (self.short if isinstance(self.short, int)
                 else int(np.random.choice(self.short)))
        height, width = results['img_shape']
        shape = size_within((height, width), short, self.max_long)
        ratio = (shape[1] / width, shape[0] / height)
        image = Image.fromarray(results['img'])
        results['img'] = np.array(
            image.resize(shape[::-1], Image.Resampling.BILINEAR))
        results['img_shape'] = shape
        if 'gt_bboxes' in results:
            results['gt_bboxes'] = results['gt_bboxes'] * np.float32([*ratio, *ratio])
        if 'gt_masks' in results:
            results['gt_masks'] = self.scale_masks(results['gt_masks'], shape)
        for key in ('scale_factor', 'pad_offset'):
            x, y = results[key]
            results[key] = (x * ratio[0], y * ratio[1])
        return results

    def scale_masks(self, masks: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """Return masks (T, H, W) uint8 at another size."""
        return resize_masks(masks, shape)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(short={self.short}, max_long={self.max_long})'


@TRANSFORMS.register_module()
class ResizeLong(ResizeShortEdge):
    """``ResizeShortEdge`` a square, so that the long side gets its length.

    In masks pixel i of n is taken from floor(i * old / n), not from the nearest centre.

    Args:
        size: length of the long side, give or take a pixel.

    Source: Li and Sigal, "Referring Transformer", NeurIPS 2021.
    """

    def __init__(self, size: int) -> None:
        super().__init__(short=size, max_long=size)

    def scale_masks(self, masks: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
        """Return masks (T, H, W) uint8 at another size."""
        resized = [cv2.resize(mask, shape[::-1], interpolation=cv2.INTER_NEAREST)
                   for mask in masks]
        return np.stack(resized) if resized else np.zeros((0, *shape), masks.dtype)


@TRANSFORMS.register_module()
class FreeSizeCrop(RandomSizeCrop):
    """``RandomSizeCrop`` that keeps any region, even one without the targets.

    A target whose box is cut away is taken off its expression, which then teaches that
    there is nothing to find.

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
        results['expressions'] = [_keep(expression, kept)
                                  for expression in results['expressions']]
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(min_size={self.min_size}, '
                f'max_size={self.max_size})')


def _keep(expression: dict, kept: set[int]) -> dict:
    """Return an expression (or phrase) with the targets that were kept."""
    new = dict(expression, targets=[number for number in expression['targets']
                                    if number in kept])
    if expression.get('phrases') is not None:
        new['phrases'] = [_keep(phrase, kept) for phrase in expression['phrases']]
    return new
