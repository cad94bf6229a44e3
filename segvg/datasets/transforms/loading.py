"""Load the image, and the boxes and masks of its instances."""
from typing import TYPE_CHECKING, Optional, Union

import numpy as np

from segvg.datasets.transforms.base import Transform
from segvg.datasets.transforms.expressions import named_instances
from segvg.registry import TRANSFORMS
from segvg.structures.images import MAX_PIXELS, TO_BE_TURNED, read_header, read_image
from segvg.structures.masks import decode_resized, decode_segmentation

if TYPE_CHECKING:
    from segvg.datasets.image_cache import ImageCache


@TRANSFORMS.register_module()
class LoadImageFromFile(Transform):
    """Read ``img_path`` and start the record of the geometry.

    Adds ``img`` (H0, W0, 3) uint8 RGB, ``img_shape`` and ``ori_shape`` (H0, W0),
    ``scale_factor`` (1, 1), ``pad_offset`` (0, 0) and ``flip`` False.

    Args:
        trust_file_size: whether the size of the file counts when the annotation states
            another one. By default that is an error, because then the boxes were drawn
            on another version of the image.
        apply_orientation: whether to turn the image as the orientation tag of its
            camera says. Official annotations do not apply it; many tools that people
            draw boxes with do.
        max_pixels: a larger image is refused before it is decoded.

    Attributes:
        cache: of decoded images, if the data set has one. ``img`` may then be resized
            already, (h, w, 3), which ``img_is_resized`` tells the resize.
    """

    def __init__(self, trust_file_size: bool = False, *,
                 apply_orientation: bool = False,
                 max_pixels: int = MAX_PIXELS) -> None:
        self.trust_file_size = trust_file_size
        self.apply_orientation = apply_orientation
        self.max_pixels = max_pixels
        self.cache: Optional[ImageCache] = None

    def transform(self, results: dict) -> dict:
        """Read the image of ``results``."""
        read = read_image if self.cache is None else self.cache.read
        loaded = read(results['img_path'], apply_orientation=self.apply_orientation,
                      max_pixels=self.max_pixels)
        img, shape, is_resized = (
            (loaded, loaded.shape[:2], False) if self.cache is None else loaded)
        stated = (results.get('height'), results.get('width'))
        if None not in stated and stated != shape and not self.trust_file_size:
            raise ValueError(
                f'{results["img_path"]} has {shape[0]} x {shape[1]} pixels (rows x '
                f'columns), the annotation of sample {results.get("sample_idx")} says '
                f'{stated[0]} x {stated[1]}: {self._explain(results, shape, stated)}')
        results.update(img=img, img_shape=shape, ori_shape=shape, flip=False,
                       scale_factor=(1.0, 1.0), pad_offset=(0.0, 0.0),
                       apply_orientation=self.apply_orientation)
        if is_resized:
            results['img_is_resized'] = True
        return results

    def _explain(self, results: dict, shape: tuple[int, int],
                 stated: tuple[int, int]) -> str:
        """Return what the likely reason of a wrong size is, and what to do."""
        orientation = read_header(results['img_path'], self.max_pixels).orientation
        if orientation in TO_BE_TURNED and stated == shape[::-1]:
            return (f'its camera says that it has to be turned (EXIF orientation '
                    f'{orientation}), and it '
                    + ('was turned; apply_orientation=False leaves it as it is'
                       if self.apply_orientation else
                       'was not; apply_orientation=True of LoadImageFromFile does it'))
        return ('another version of the image? trust_file_size=True takes the size of '
                'the file')


@TRANSFORMS.register_module()
class LoadGroundingAnnotations(Transform):
    """Turn ``instances`` into arrays; no instance is dropped, none is added.

    Adds ``gt_bboxes`` (T, 4) float32 xyxy pixels, which the geometry will move,
    ``image_bboxes`` (T, 4), the same boxes, which stay in the frame of the original
    image for evaluation, and with ``with_mask`` also ``gt_masks`` (T, H0, W0) uint8. An
    instance without a box gets the bounds of its mask; the mask of an instance that no
    expression names is left empty.

    Args:
        with_mask: whether to decode the masks.
        clip: whether to clip ``gt_bboxes`` to the image. Most published boxes are not;
            ``'last_pixel'`` clips them to W0 - 1 and H0 - 1 (InstanceVG).
    """
    leaves_image = True

    def __init__(self, with_mask: bool = False,
                 clip: Union[bool, str] = False) -> None:
        if clip not in (True, False, 'last_pixel'):
            raise ValueError(f"clip is True, False or 'last_pixel', not {clip!r}")
        self.with_mask = with_mask
        self.clip = clip

    def transform(self, results: dict) -> dict:
        """Load boxes and masks of ``results``."""
        instances = results['instances']
        masks = self._load_masks(results)
        bboxes = [self._bounds(masks[number], instance, results)
                  if instance['bbox'] is None else instance['bbox']
                  for number, instance in enumerate(instances)]
        image_bboxes = np.array(bboxes, dtype=np.float32).reshape(-1, 4)
        gt_bboxes = image_bboxes.copy()
        if self.clip:
            height, width = results['ori_shape']
            limit = np.float32([width, height, width, height])
            gt_bboxes = gt_bboxes.clip(0, limit - (self.clip == 'last_pixel'))
        results.update(gt_bboxes=gt_bboxes, image_bboxes=image_bboxes)
        if self.with_mask:
            shape = (len(instances), *results['ori_shape'])
            results['gt_masks'] = np.zeros(shape, dtype=np.uint8)
            for number, mask in masks.items():
                results['gt_masks'][number] = mask
        return results

    def _load_masks(self, results: dict) -> dict[int, np.ndarray]:
        """Return the masks (H0, W0) that are needed, by the number of the instance."""
        named = named_instances(results)
        return {number: self._decode(instance, results)
                for number, instance in enumerate(results['instances'])
                if instance['bbox'] is None or (self.with_mask and number in named)}

    @staticmethod
    def _name(instance: dict, results: dict) -> str:
        texts = [expression['text'] for expression in results['expressions']]
        return (f'annotation {instance.get("ann_id")} of {results.get("img_path")} '
                f'(sample {results.get("sample_idx")}, {texts})')

    def _decode(self, instance: dict, results: dict) -> np.ndarray:
        """Return the mask (H0, W0) uint8 of an instance."""
        name = self._name(instance, results)
        if instance.get('mask') is None:
            wanted = 'with_mask=True' if self.with_mask else 'an instance without a box'
            raise ValueError(f'{name} has no mask, which {wanted} needs')
        try:
            mask = decode_segmentation(instance['mask'], *results['ori_shape'])
        except (ValueError, OSError) as error:
            raise ValueError(f'the mask of {name} cannot be read: {error}') from error
        return mask.astype(np.uint8)

    def _bounds(self, mask: np.ndarray, instance: dict, results: dict) -> list[int]:
        """Return the bounding box of a mask (H0, W0)."""
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not len(rows):
            raise ValueError(f'{self._name(instance, results)} has neither a box nor a '
                             'mask with pixels in it')
        return [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


@TRANSFORMS.register_module()
class DrawMasks(Transform):
    """Draw the masks of targets at the size that the image has by now.

    Polygons are scaled and then drawn, as published; other masks are scaled by nearest
    neighbour. Crowds and polygons without an area stay empty. Comes after
    ``ResizeExact`` and before a flip.
    """

    def transform(self, results: dict) -> dict:
        """Add ``gt_masks`` (T, h, w) uint8 to ``results``."""
        if results['flip'] or results['pad_offset'] != (0.0, 0.0):
            raise ValueError('DrawMasks comes before flips and crops: it draws the '
                             'whole image as annotated')
        instances = results['instances']
        masks = np.zeros((len(instances), *results['img_shape']), dtype=np.uint8)
        for index in named_instances(results):
            if not instances[index].get('ignore_flag'):
                masks[index] = self.draw(instances[index], results)
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
