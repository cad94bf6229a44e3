"""RefDrone: F1 and accuracy, over instances and over expressions."""
from typing import Sequence

import numpy as np

from segvg.evaluation.base import Terms, shares
from segvg.evaluation.generalized_boxes import BoxResult, GeneralizedBoxF1
from segvg.registry import METRICS


@METRICS.register_module()
class RefDroneF1(GeneralizedBoxF1):
    """F1 and accuracy of boxes for many targets or none.

    Kept boxes are matched with targets, the largest IoU first, down to 0.5. A matched
    pair is a true positive, a kept box without a target is a false positive, and a
    target without a box is a false negative. An expression without a target adds one
    true negative when no box is kept; otherwise it adds one false positive, however
    many boxes are kept. ``instance F1`` and ``instance Acc`` are made of the sums over
    all expressions.

    ``image F1`` and ``image Acc`` count expressions. An expression with targets is a
    true positive when its own F1 is 1, else a false negative; an expression without a
    target is a true negative or a false positive, as above.

    F1 is 2 TP / (2 TP + FP + FN), accuracy (TP + TN) / (TP + TN + FP + FN).

    Args: as ``GeneralizedBoxF1``.

    Source: Sun et al., "RefDrone: A Challenging Benchmark for Referring Expression
    Comprehension in Drone Scenes", 2025, and the evaluator beside it.
    """
    default_prefix = 'refdrone'

    @property
    def headline(self) -> str:
        """Name of the score that sums up the others."""
        return self.full_name('image F1')

    def compute_metrics(self, results: list[BoxResult]) -> dict[str, float]:
        """Return the two F1 and the two accuracies."""
        return shares(self.terms(results))

    def terms(self, results: Sequence[BoxResult]) -> Terms:
        """Return what each expression adds to the four scores."""
        results = [BoxResult(*result) for result in results]
        instances = np.array([instance_counts(result) for result in results])
        images = np.array([image_counts(result) for result in results])
        terms = {}
        for level, counts in (('instance', instances), ('image', images)):
            tp, fp, fn, tn = counts.astype(np.float64).T
            terms[f'{level} F1'] = np.stack([2 * tp, 2 * tp + fp + fn], axis=1)
            terms[f'{level} Acc'] = np.stack([tp + tn, tp + tn + fp + fn], axis=1)
        return {self.full_name(name): values for name, values in terms.items()}


def instance_counts(result: BoxResult) -> tuple[int, int, int, int]:
    """Return the numbers of TP, FP, FN and TN among the boxes."""
    if not result.has_target:
        return 0, result.kept > 0, 0, result.kept == 0
    return (result.hits, result.kept - result.hits, len(result.targets) - result.hits,
            0)


def image_counts(result: BoxResult) -> tuple[int, int, int, int]:
    """Return the same for the expression as a whole; one of the four is 1."""
    if not result.has_target:
        return instance_counts(result)
    return result.f1 >= 1, 0, result.f1 < 1, 0
