"""Referring expression segmentation: how well does the one mask fit?"""
import numpy as np
import torch

from segvg.evaluation.base import (
    GroundingMetric,
    Terms,
    describe,
    get_prediction,
    threshold_terms,
)
from segvg.registry import METRICS
from segvg.structures.masks import decode_segmentation


@METRICS.register_module()
class MaskIoU(GroundingMetric):
    """IoU of the top-scoring mask with the annotated mask, in the original image.

    ``oIoU`` is the sum of all intersections over the sum of all unions, ``mIoU`` the
    mean over expressions, ``Pr@t`` the part with an IoU of at least t. Several targets
    are united. No predicted mask counts as an empty one. Every expression must have a
    target.
    """
    default_prefix = 'res'

    def score(self, sample: dict) -> tuple[int, int]:
        """Return the pixels in the intersection and in the union."""
        target = self.target_mask(sample)
        prediction = get_prediction(sample)
        if 'masks' not in prediction:
            raise KeyError(f'{describe(sample)} has predictions without masks, which '
                           'MaskIoU scores: does the head make masks?')
        if not len(prediction['masks']):
            return 0, int(target.sum())
        best = int(torch.as_tensor(prediction['scores']).argmax())
        mask = torch.as_tensor(prediction['masks'])[best].bool().cpu().numpy()
        if mask.shape != target.shape:
            raise ValueError(f'the predicted mask of {describe(sample)} has the shape '
                             f'{mask.shape}, the original image {target.shape}')
        return int((mask & target).sum()), int((mask | target).sum())

    @staticmethod
    def target_mask(sample: dict) -> np.ndarray:
        """Return the union (H0, W0) bool of the annotated masks."""
        records = sample['image_instances']['segmentations']
        if not records:
            raise ValueError(f'MaskIoU is for expressions with a target, '
                             f'{describe(sample)} has none')
        try:
            masks = [decode_segmentation(record, *sample['ori_shape'])
                     for record in records]
        except (ValueError, OSError) as error:
            raise ValueError(
                f'the mask of {describe(sample)} cannot be read: {error}') from error
        return np.logical_or.reduce(masks)

    def terms(self, results: list[tuple[int, int]]) -> Terms:
        """Return those of ``oIoU``, ``mIoU`` and ``Pr@0.5`` ... ``Pr@0.9``."""
        pixels = np.array(results, dtype=np.float64)
        return dict(oIoU=pixels) | threshold_terms(
            pixels[:, 0] / pixels[:, 1].clip(min=1), 'Pr')
