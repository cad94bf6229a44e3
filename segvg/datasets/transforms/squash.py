"""Images brought to one size whatever their sides, and masks drawn at that size."""
from typing import Sequence, Union

import numpy as np
from mmcv.transforms import BaseTransform
from PIL import Image

from segvg.datasets.transforms.text import used_instances
from segvg.registry import TRANSFORMS
from segvg.structures.masks import decode_resized


@TRANSFORMS.register_module()
class ResizeExact(BaseTransform):
    """Scale the image to a given height and width; its sides do not keep their ratio.

    Pillow's bilinear filter, which smooths when it makes smaller.

    Args:
        size: side of the square, or (H, W).
    """

    def __init__(self, size: Union[int, Sequence[int]]) -> None:
        self.size = (size, size) if isinstance(size, int) else tuple(size)

    def transform(self, results: dict) -> dict:
        """Scale image and boxes of ``results``; masks are drawn afterwards."""
        if 'gt_masks' in results or 'target_masks' in results:
            raise ValueError('ResizeExact comes before what makes masks; DrawMasks draws '
                             'them at the new size')
        height, width = results['img_shape']
        ratio = (self.size[1] / width, self.size[0] / height)
        image = Image.fromarray(results['img'])
        results['img'] = np.array(
            image.resize(self.size[::-1], Image.Resampling.BILINEAR))
        results['img_shape'] = self.size
        if 'gt_bboxes' in results:
            results['gt_bboxes'] = results['gt_bboxes'] * np.float32([*ratio, *ratio])
        for key in ('scale_factor', 'pad_offset'):
            x, y = results[key]
            results[key] = (x * ratio[0], y * ratio[1])
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(size={self.size})'


@TRANSFORMS.register_module()
class DrawMasks(BaseTransform):
    """Draw the masks of targets at the size that the image has by now.

    Polygons are scaled and then drawn, as published; other masks are scaled by nearest
    neighbour. Crowds and polygons without an area stay empty. Comes after ``ResizeExact``
    and before a flip.
    """

    def transform(self, results: dict) -> dict:
        """Add ``gt_masks`` (T, h, w) uint8 to ``results``."""
        if results['flip'] or results['pad_offset'] != (0.0, 0.0):
            raise ValueError('DrawMasks comes before flips and crops: it draws the '
                             'whole image as annotated')
        instances = results['instances']
        masks = np.zeros((len(instances), *results['img_shape']), dtype=np.uint8)
        named = {number for expression in results['expressions']
                 for number in used_instances(expression)}
        for number in named:
            if not instances[number].get('ignore_flag'):
                masks[number] = self.draw(instances[number], results)
        results['gt_masks'] = masks
        return results

    @staticmethod
    def draw(instance: dict, results: dict) -> np.ndarray:
        """Return the mask (h, w) of an instance."""
        try:
            return decode_resized(instance.get('mask'), results['ori_shape'],
                                  results['img_shape'])
        except (ValueError, OSError) as error:
            name = f'{instance.get("ann_id")} of {results.get("img_path")}'
            raise ValueError(
                f'the mask of annotation {name} (sample {results.get("sample_idx")}) '
                f'cannot be read: {error}') from error

    def __repr__(self) -> str:
        return f'{type(self).__name__}()'
