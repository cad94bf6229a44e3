"""Referring expression segmentation: how well does the one mask fit?"""
import cv2
import numpy as np
import torch

from segvg.evaluation.base import (
    GroundingMetric,
    Terms,
    describe,
    get_prediction,
    mean_terms,
    official,
    require,
    threshold_terms,
)
from segvg.registry import METRICS
from segvg.structures.masks import count_overlap, decode_polygons, decode_segmentation


def target_mask(sample: dict) -> np.ndarray:
    """Return the union (H0, W0) bool of the annotated masks of a sample.

    One mask is as decoded: polygons write columns.

    Raises:
        ValueError: it has no target, or a mask cannot be read.
    """
    records = sample['image_instances']['segmentations']
    if not records:
        raise ValueError('masks are scored for expressions with a target, '
                         f'{describe(sample)} has none')
    try:
        masks = [decode_segmentation(record, *sample['ori_shape'])
                 for record in records]
    except (ValueError, OSError) as error:
        raise ValueError(
            f'the mask of {describe(sample)} cannot be read: {error}') from error
    return masks[0] if len(masks) == 1 else np.logical_or.reduce(masks)


@METRICS.register_module()
class MaskIoU(GroundingMetric):
    """IoU of the top-scoring mask with the annotated mask, in the original image.

    ``oIoU`` is the sum of all intersections over the sum of all unions, ``mIoU`` the
    mean over expressions, ``Pr@t`` the share with an IoU of at least t. Several targets
    are united. No predicted mask counts as an empty one. Every expression must have a
    target.
    """
    default_prefix = 'res'

    def score(self, sample: dict) -> tuple[int, int]:
        """Return the pixels in the intersection and in the union."""
        target = target_mask(sample)
        masks = require(sample, 'masks')
        if not len(masks):
            return 0, np.count_nonzero(target)
        target = np.ascontiguousarray(target)
        best = int(torch.as_tensor(get_prediction(sample)['scores']).argmax())
        mask = torch.as_tensor(masks)[best].bool().cpu().numpy()
        if mask.shape != target.shape:
            raise ValueError(f'the predicted mask of {describe(sample)} has the shape '
                             f'{mask.shape}, the original image {target.shape}')
        return count_overlap(mask, target)

    def terms(self, results: list[tuple[int, int]]) -> Terms:
        """Return those of ``oIoU``, ``mIoU`` and ``Pr@0.5`` ... ``Pr@0.9``."""
        pixels = np.array(results, dtype=np.float64)
        return dict(oIoU=pixels) | threshold_terms(
            pixels[:, 0] / pixels[:, 1].clip(min=1), 'Pr')


# -- official rules: for comparison with published numbers only ------------------------


def nearest_resize(mask: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return a mask (H, W) bool at another size; pixel i of n is floor(i * old / n)."""
    values = torch.from_numpy(mask)[None, None].float()
    resized = torch.nn.functional.interpolate(values, size=tuple(shape), mode='nearest')
    return resized[0, 0].numpy() > 0.5


def mask_iou(mask: np.ndarray, target: np.ndarray) -> float:
    """Return the IoU of masks (H, W) bool; 0 where both are empty."""
    intersection, union = count_overlap(mask, target)
    return intersection / max(union, 1)


@METRICS.register_module()
class NetworkMaskIoU(GroundingMetric):
    """RefTR's official rule: mean IoU of masks in the image as the network saw it.

    Reads ``canvas_masks`` of the predictions. Two empty masks count 0; the published
    code gets NaN.
    """
    default_prefix = 'res'
    frame = 'network'

    def score(self, sample: dict) -> float:
        """Return the IoU of a sample."""
        masks = require(sample, 'canvas_masks')
        target = target_mask(sample)
        if not len(masks):
            return 0.0
        return mask_iou(torch.as_tensor(masks)[0].cpu().numpy(),
                        nearest_resize(target, sample['img_shape']))

    def terms(self, results: list[float]) -> Terms:
        """Return those of ``mIoU (official RefTR)``."""
        return official('RefTR', dict(mIoU=mean_terms(results)))


def crowd_iou(mask: np.ndarray, target: np.ndarray, crowd: bool) -> float:
    """Return the IoU of masks (H, W) bool; of a crowd, intersection over prediction.

    Without an intersection it is 0, even if both are empty.
    """
    intersection, union = count_overlap(mask, target)
    whole = np.count_nonzero(mask) if crowd else union
    return intersection / whole if intersection else 0.0


def is_crowd(record: dict) -> bool:
    """Return whether a mask record counts as a crowd: more than one polygon."""
    return len(record.get('poly', ())) > 1


@METRICS.register_module()
class SeqTRMaskIoU(GroundingMetric):
    """SeqTR's official rule: IoU on the network's canvas; several polygons are a crowd.

    For a crowd the intersection is divided by the area of the prediction, not by that
    of the union, which makes the score higher. The published mean over batches is taken
    over expressions here, so that it does not depend on their size. Reads
    ``canvas_polygons`` of the predictions.
    """
    default_prefix = 'res'
    frame = 'network'

    def score(self, sample: dict) -> float:
        """Return the IoU of a sample."""
        record = sample['image_instances']['segmentations'][0]
        polygon = np.asarray(require(sample, 'canvas_polygons')[0])
        # Decoded polygons are columns one after the other, so images are handled on
        # their side: to mix rows and columns takes many times as long.
        mask = decode_polygons([polygon.ravel().tolist()], *sample['canvas_shape']).T
        target = np.ascontiguousarray(target_mask(sample).T).view(np.uint8)
        canvas = np.zeros(mask.shape, dtype=np.uint8)
        left, top = map(int, sample['paste_offset'])
        height, width = sample['img_shape']
        canvas[left:left + width, top:top + height] = cv2.resize(
            target, (height, width), interpolation=cv2.INTER_NEAREST)
        return crowd_iou(mask, canvas.view(bool), is_crowd(record))

    def terms(self, results: list[float]) -> Terms:
        """Return those of ``mIoU`` and ``Pr@0.5`` ... ``Pr@0.9``, named as official."""
        return official('SeqTR', threshold_terms(results, 'Pr'))
