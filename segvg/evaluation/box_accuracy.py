"""Referring expression comprehension: is the one box right?"""
import torch

from segvg.evaluation.base import (
    GroundingMetric,
    Terms,
    describe,
    get_prediction,
    threshold_terms,
)
from segvg.registry import METRICS
from segvg.structures.boxes import paired_iou


@METRICS.register_module()
class BoxAccuracy(GroundingMetric):
    """Accuracy of the top-scoring box at IoU thresholds, and the mean IoU.

    A box is right when its IoU with the target is at least the threshold. Both are in
    pixels of the original image; the target is not clipped to it. No predicted box
    counts as IoU 0. Every expression must have exactly one target.
    """
    default_prefix = 'rec'

    def score(self, sample: dict) -> float:
        """Return the IoU of the top-scoring box with the target."""
        targets = torch.as_tensor(sample['image_instances']['bboxes'])
        if len(targets) != 1:
            raise ValueError(f'BoxAccuracy is for expressions with exactly one target, '
                             f'{describe(sample)} has {len(targets)}')
        prediction = get_prediction(sample)
        if not len(prediction['bboxes']):
            return 0.0
        best = torch.as_tensor(prediction['scores']).argmax()
        bbox = torch.as_tensor(prediction['bboxes'])[best]
        if not bbox.isfinite().all():
            raise ValueError(f'the predicted box of {describe(sample)} is not finite: '
                             f'{bbox.tolist()}')
        return paired_iou(bbox.double().cpu(), targets[0].double().cpu()).item()

    def terms(self, results: list[float]) -> Terms:
        """Return those of ``acc@0.5`` ... ``acc@0.9`` and ``mIoU``."""
        return threshold_terms(results, 'acc')
