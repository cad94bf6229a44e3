"""Mask scores at the size that the network saw, RefTR's official rule."""
import numpy as np
import torch

from segvg.evaluation.base import (
    GroundingMetric,
    Terms,
    describe,
    get_prediction,
    mean_terms,
)
from segvg.evaluation.mask_iou import MaskIoU
from segvg.registry import METRICS


def nearest_resize(mask: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Return a mask (H, W) bool at another size; pixel i of n is floor(i * old / n)."""
    values = torch.from_numpy(mask)[None, None].float()
    resized = torch.nn.functional.interpolate(values, size=tuple(shape), mode='nearest')
    return resized[0, 0].numpy() > 0.5


def iou_of(mask: np.ndarray, target: np.ndarray) -> float:
    """Return the IoU of masks (H, W) bool; 0 where both are empty."""
    return int((mask & target).sum()) / max(int((mask | target).sum()), 1)


@METRICS.register_module()
class NetworkMaskIoU(GroundingMetric):
    """Mean IoU of masks in the resized image, before it is brought back.

    For comparison with the published numbers only. Reads ``canvas_masks`` of the
    predictions. Both empty counts 0; the published code gets NaN.
    """
    default_prefix = 'res'
    frame = 'network'
    SUFFIX = ' (official RefTR)'

    def score(self, sample: dict) -> float:
        """Return the IoU of a sample."""
        prediction = get_prediction(sample)
        if 'canvas_masks' not in prediction:
            raise KeyError(f'{describe(sample)} has no canvas_masks: a PhraseHead '
                           'with a mask branch predicts them')
        target = MaskIoU.target_mask(sample)
        if not len(prediction['canvas_masks']):
            return 0.0
        mask = torch.as_tensor(prediction['canvas_masks'])[0].cpu().numpy()
        return iou_of(mask, nearest_resize(target, sample['img_shape']))

    def terms(self, results: list[float]) -> Terms:
        """Return those of ``mIoU``, named as official."""
        return {f'mIoU{self.SUFFIX}': mean_terms(results)}
