"""Robust segmentation: true and false sentences about the same object (R-RefCOCO)."""
from collections import defaultdict
from typing import Callable, NamedTuple, Optional, Sequence

import numpy as np

from segvg.evaluation.base import Terms, get_prediction
from segvg.evaluation.generalized_masks import GeneralizedMaskIoU
from segvg.registry import METRICS


class RobustCount(NamedTuple):
    """What was counted of a sentence.

    Attributes:
        ref: the object it is about, whose sentences are scored together.
        exists: whether the sentence is true.
        found: pixels of the prediction.
        target: pixels of the object, 0 where the sentence is false.
        intersection: pixels of both.
        said_none: whether the prediction is that there is none.
        no_target_score: what that was decided by, or None.
    """

    ref: tuple
    exists: bool
    found: int
    target: int
    intersection: int
    said_none: bool
    no_target_score: Optional[float] = None

    def pixels(self) -> tuple[int, int]:
        """Return intersection and union; a "none" has an empty mask."""
        if self.said_none:
            return 0, self.target
        return self.intersection, self.found + self.target - self.intersection


@METRICS.register_module()
class RobustMaskIoU(GeneralizedMaskIoU):
    """mRR, rIoU, mIoU and oIoU over objects with true and false sentences.

    ``mRR``: mean over objects of the share of their false sentences for which the
    answer is "none" or an empty mask. ``rIoU``: mean over objects of intersection over
    union, both summed over the sentences; what is drawn for a false sentence is a part
    of the union. ``mIoU``: mean over objects of the mean IoU of their true sentences.
    ``oIoU``: the sum of all intersections over the sum of all unions of true sentences.
    An object without false sentences is left out of mRR, an object without true
    sentences is left out of the other scores.

    All pixels are those of the original image; the authors' code counts the pixels
    drawn for a false sentence at the size of the network.

    Args: as ``GeneralizedMaskIoU``.

    Source: Wu et al., "Towards Robust Referring Image Segmentation", TIP 2024.
    """
    default_prefix = 'rres'
    headline = 'rIoU'

    def score(self, sample: dict) -> RobustCount:
        """Return what there is to count of a sentence."""
        prediction, target = get_prediction(sample), self.target_mask(sample)
        mask = self.predicted_mask(sample, target.shape)
        ref, none = sample.get('ref_id'), self.none_score(sample)
        about = ('ref', str(ref)) if ref is not None else ('expr', sample['expr_idx'])
        return RobustCount(
            (sample.get('dataset'), sample.get('split'), *about),
            not sample['no_target'], np.count_nonzero(mask), np.count_nonzero(target),
            np.count_nonzero(mask & target), self.rule.says_none(prediction, none),
            none)

    def terms(self, results: list) -> Terms:
        """Return none: scores are means over objects, not over sentences."""
        return {}

    def compute_metrics(self, results: list[RobustCount]) -> dict[str, float]:
        """Return the scores."""
        return robust_scores([RobustCount(*result) for result in results])

    def sweep(self, results: Sequence[RobustCount],
              thresholds: Sequence[float]) -> list[dict[str, float]]:
        """Return the scores with other values of ``no_target_threshold``."""
        return self.sweep_counts([RobustCount(*result) for result in results],
                                 thresholds)


def has_empty_mask(count: RobustCount) -> bool:
    """Return whether the answer to a false sentence is "none" or an empty mask."""
    return not count.pixels()[1]


def robust_scores(counts: Sequence[RobustCount],
                  rejected: Callable[[RobustCount], bool] = has_empty_mask
                  ) -> dict[str, float]:
    """Return mRR, rIoU, mIoU and oIoU in percent; 0 where nothing can be counted.

    Args:
        counts: of all sentences.
        rejected: whether the answer to a false sentence is right.
    """
    objects: dict[tuple, list[RobustCount]] = defaultdict(list)
    for count in counts:
        objects[count.ref].append(count)
    rejections, robust, means, all_pixels = [], [], [], []
    for sentences in objects.values():
        true = [count.pixels() for count in sentences if count.exists]
        false = [count for count in sentences if not count.exists]
        if false:
            rejections.append(np.mean([rejected(count) for count in false]))
        if true:
            drawn = [count.pixels() for count in false]
            robust.append(ratio(np.sum(true + drawn, axis=0)))
            means.append(np.mean([ratio(pixels) for pixels in true]))
            all_pixels += true
    total = ratio(np.sum(all_pixels, axis=0)) if all_pixels else 0.0
    scores = dict(mRR=rejections, rIoU=robust, mIoU=means, oIoU=[total])
    return {name: 100 * float(np.mean(values)) if values else 0.0
            for name, values in scores.items()}


def ratio(pixels: Sequence[int]) -> float:
    """Return intersection over union, 0 where the union is empty."""
    intersection, union = pixels
    return float(intersection) / max(float(union), 1.0)
