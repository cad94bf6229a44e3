"""Generalized referring expression segmentation: many targets, one, or none."""
from typing import NamedTuple, Optional, Sequence

import numpy as np
import torch

from segvg.evaluation.base import GroundingMetric, describe, get_prediction
from segvg.registry import METRICS
from segvg.structures.masks import decode_segmentation

PRECISION_AT = (0.7, 0.8, 0.9)


class MaskResult(NamedTuple):
    """What counts of an expression.

    Attributes:
        intersection, union: pixels that go into the cumulative IoU.
        credit: IoU, or 1 for a right "none".
        has_target: whether there is a target.
        said_none: whether the prediction is that there is none.
    """

    intersection: int
    union: int
    credit: float
    has_target: bool
    said_none: bool


def compare_masks(mask: np.ndarray, target: np.ndarray, has_target: bool,
                  said_none: bool) -> MaskResult:
    """Compare a mask (H, W) bool with the union of the targets (H, W) bool.

    Where there is no target, a right "none" counts 1 whatever the mask holds, and a
    missed one adds its pixels to the union. Where there is one, a wrong "none" has no
    intersection, but its mask still counts in the union.

    Source: the evaluator of ReLA (Liu et al., CVPR 2023), its four cases.
    """
    if not has_target:
        union = 0 if said_none else np.count_nonzero(mask)
        return MaskResult(0, union, float(said_none), False, said_none)
    intersection = 0 if said_none else np.count_nonzero(mask & target)
    union = np.count_nonzero(mask | target)
    credit = intersection / union if union else 0.0
    return MaskResult(intersection, union, credit, True, said_none)


def generalized_scores(results: Sequence[MaskResult]) -> dict[str, float]:
    """Return gIoU, cIoU, N-acc, T-acc and Pr@0.7 to Pr@0.9 in percent.

    N-acc is the part of the expressions without a target that were found to have none,
    T-acc that of the others found to have one. As in the published evaluator both are 0
    where every expression has a target. Pr@t counts expressions with a target; without
    any it is 0, where the published evaluator stops.
    """
    credit = np.array([result.credit for result in results])
    targets = np.array([result.has_target for result in results])
    said_none = np.array([result.said_none for result in results])
    union = sum(result.union for result in results)
    intersection = sum(result.intersection for result in results)
    both = targets.any() and not targets.all()
    scores = dict(
        gIoU=credit.mean(), cIoU=intersection / max(union, 1),
        **{'N-acc': said_none[~targets].mean() if not targets.all() else 0.0,
           'T-acc': (~said_none[targets]).mean() if both else 0.0})
    for threshold in PRECISION_AT:
        hits = credit[targets] >= threshold
        scores[f'Pr@{threshold}'] = hits.mean() if targets.any() else 0.0
    return {name: 100 * float(score) for name, score in scores.items()}


@METRICS.register_module()
class GeneralizedMaskIoU(GroundingMetric):
    """gIoU, cIoU, N-acc, T-acc and Pr@t of masks in the original image.

    The prediction is the union of the masks whose score is high enough. Whether it says
    "none" is told by the sample's ``no_target_score``, a probability that a head sets;
    without one, by the number of pixels.

    Args:
        no_target_threshold: probability above which the prediction is "none". Choose it
            on val, never on the split that is reported.
        min_pixels: without a ``no_target_score``: fewer predicted pixels are "none".
            None: a head has to set the score.
        score_threshold: masks with a lower score are left out.
    """
    default_prefix = 'gres'

    def __init__(self, no_target_threshold: float = 0.5,
                 min_pixels: Optional[int] = None, score_threshold: float = 0.0,
                 **kwargs) -> None:
        super().__init__(**kwargs)
        self.no_target_threshold = no_target_threshold
        self.min_pixels = min_pixels
        self.score_threshold = score_threshold

    def score(self, sample: dict) -> MaskResult:
        """Return the result of an expression."""
        target = self.target_mask(sample)
        mask = self.predicted_mask(sample, target.shape)
        has_target = not sample['no_target']
        return compare_masks(mask, target, has_target, self.says_none(sample, mask))

    def says_none(self, sample: dict, mask: np.ndarray) -> bool:
        """Whether the prediction is that there is no target."""
        if sample.get('no_target_score') is not None:
            return float(sample['no_target_score']) > self.no_target_threshold
        if self.min_pixels is None:
            raise KeyError(f'{describe(sample)} has no no_target_score; for heads that '
                           'set none give GeneralizedMaskIoU min_pixels')
        return np.count_nonzero(mask) < self.min_pixels

    def predicted_mask(self, sample: dict, shape: tuple[int, int]) -> np.ndarray:
        """Return the union (H0, W0) bool of the masks with a score."""
        prediction = get_prediction(sample)
        if 'masks' not in prediction:
            raise KeyError(f'{describe(sample)} has predictions without masks')
        scores = torch.as_tensor(prediction['scores']).cpu()
        masks = torch.as_tensor(prediction['masks']).bool().cpu()
        masks = masks[scores >= self.score_threshold]
        if not len(masks):
            return np.zeros(shape, dtype=bool)
        if tuple(masks.shape[1:]) != shape:
            raise ValueError(f'the predicted mask of {describe(sample)} has the shape '
                             f'{tuple(masks.shape[1:])}, the original image {shape}')
        return masks.any(0).numpy()

    @staticmethod
    def target_mask(sample: dict) -> np.ndarray:
        """Return the union (H0, W0) bool of the annotated masks."""
        union = np.zeros(sample['ori_shape'], dtype=bool)
        for record in sample['image_instances']['segmentations']:
            try:
                union |= decode_segmentation(record, *sample['ori_shape'])
            except (ValueError, OSError) as error:
                raise ValueError(f'the mask of {describe(sample)} cannot be read: '
                                 f'{error}') from error
        return union

    def compute_metrics(self, results: list[MaskResult]) -> dict[str, float]:
        """Return the scores."""
        return generalized_scores([MaskResult(*result) for result in results])
