"""Referring expression comprehension: is the best box, or one of the best k, right?"""
import math
from collections import Counter
from typing import Optional, Sequence

import numpy as np
import torch
from torch import Tensor

from segvg.evaluation.base import (
    IOU_THRESHOLDS,
    GroundingMetric,
    Terms,
    describe,
    get_prediction,
    mean_terms,
    official,
    single_target,
    threshold_terms,
)
from segvg.registry import METRICS
from segvg.structures.boxes import paired_giou, paired_iou

#: IoU thresholds of COCO, over which ``mAcc`` is the mean.
COCO_THRESHOLDS = tuple(percent / 100 for percent in range(50, 100, 5))


def best_box(sample: dict) -> list[float]:
    """Return the top-scoring box xyxy of a sample.

    Without a predicted box it is zeros, which overlap nothing.

    Raises:
        ValueError: the predicted box is not finite.
    """
    prediction = get_prediction(sample)
    bboxes = torch.as_tensor(prediction['bboxes'])
    if bboxes.shape[0] > 1:
        bboxes = bboxes[torch.as_tensor(prediction['scores']).argmax()][None]
    if not bboxes.shape[0]:
        return [0.0] * 4
    # numbers of Python: operations on a tensor of four numbers take longer
    bbox, = bboxes.tolist()
    if not all(map(math.isfinite, bbox)):
        raise ValueError(f'the predicted box of {describe(sample)} is not finite: '
                         f'{bbox}')
    return bbox


@METRICS.register_module()
class BoxAccuracy(GroundingMetric):
    """Accuracy of the top-scoring box at IoU thresholds, and the mean IoU.

    A box is right when its IoU with the target is at least the threshold. Both are in
    pixels of the original image; the target is not clipped to it. No predicted box
    counts as IoU 0. Every expression must have exactly one target.

    Args:
        thresholds: each t gives a score ``acc@t``.
        mean_accuracy: also give ``mAcc``, the mean accuracy over the IoU thresholds
            0.5, 0.55, ..., 0.95, whatever ``thresholds`` are.
        prefix: of the names of the scores.

    Raises:
        ValueError: a threshold is outside (0, 1], or is given twice.
    """
    default_prefix = 'rec'

    def __init__(self, thresholds: Sequence[float] = IOU_THRESHOLDS, *,
                 mean_accuracy: bool = False, prefix: Optional[str] = None) -> None:
        super().__init__(prefix=prefix)
        self.thresholds = tuple(thresholds)
        self.mean_accuracy = mean_accuracy
        if (not all(0 < threshold <= 1 for threshold in self.thresholds)
                or len(set(self.thresholds)) < len(self.thresholds)):
            raise ValueError('thresholds of IoU are different numbers above 0 and at '
                             f'most 1, not {list(self.thresholds)}')

    def score(self, sample: dict) -> tuple[list[float], list[float]]:
        """Return the top-scoring box and the target, both xyxy."""
        target, = single_target(sample, 'BoxAccuracy').tolist()
        return best_box(sample), target

    def terms(self, results: list[tuple[list[float], list[float]]]) -> Terms:
        """Return those of ``acc@t``, ``mIoU`` and, where asked for, ``mAcc``."""
        found, targets = torch.from_numpy(np.array(results, dtype=np.float64)).unbind(1)
        ious = paired_iou(found, targets).numpy()
        terms = threshold_terms(ious, 'acc', self.thresholds)
        if self.mean_accuracy:
            reached = ious[:, None] >= np.array(COCO_THRESHOLDS)
            terms['mAcc'] = mean_terms(reached.mean(axis=1))
        return terms


@METRICS.register_module()
class MeanBoxAccuracy(BoxAccuracy):
    """The mean of the scores of ``BoxAccuracy`` over data sets, with equal weights.

    With one data set these are the scores of ``BoxAccuracy``.

    Source: Zhu et al., "SeqTR", ECCV 2022, validation of the pre-training.
    """
    default_prefix = 'rec_mean'

    def terms(self, results: list[float]) -> Terms:
        """Return those of the scores; the weights of a data set add up to 1."""
        sizes = Counter(key[:2] for key in self.keys)
        weights = [[1 / sizes[key[:2]]] for key in self.keys]
        return {name: values * weights
                for name, values in super().terms(results).items()}


def rank_boxes(bboxes: Tensor, scores: Tensor) -> Tensor:
    """Return the boxes (Q, 4) by falling score; of equal scores by falling box.

    The published evaluators sort pairs of score and box.
    """
    rows = torch.cat([scores[:, None], bboxes], dim=1).tolist()
    order = sorted(range(len(rows)), key=rows.__getitem__, reverse=True)
    return bboxes[order]


def first_hit(overlaps: Tensor, threshold: float) -> Optional[int]:
    """Return the rank, from 0, of the first overlap (Q,) at or above a threshold."""
    hits = (overlaps >= threshold).nonzero()
    return int(hits[0]) if len(hits) else None


def hits(ranks: Sequence[Optional[int]], topk: Sequence[int]) -> dict[str, np.ndarray]:
    """Return for each ``R@k`` whether ranks of first hits are below k, (N,) bool."""
    return {f'R@{k}': np.array([rank is not None and rank < k for rank in ranks],
                               dtype=bool) for k in topk}


@METRICS.register_module()
class BoxRecall(GroundingMetric):
    """Share of the expressions for which one of the k best boxes is right.

    ``R@k`` requires an IoU of at least 0.5 with the target. ``R@k (official SiRi)``
    requires a generalized IoU of at least 0.5, the published rule of SiRi and MDETR,
    which is a little stricter.

    Args:
        topk: the values of k.
        prefix: of the names of the scores.
    """
    default_prefix = 'rec'

    def __init__(self, topk: Sequence[int] = (1, 5, 10), *,
                 prefix: Optional[str] = None) -> None:
        super().__init__(prefix=prefix)
        self.topk = tuple(topk)

    def score(self, sample: dict) -> tuple[Optional[int], Optional[int]]:
        """Return the ranks of the first hits by IoU and by GIoU."""
        target = single_target(sample, 'BoxRecall')
        prediction = get_prediction(sample)
        bboxes = rank_boxes(torch.as_tensor(prediction['bboxes']).cpu(),
                            torch.as_tensor(prediction['scores']).cpu())
        target = target.expand(len(bboxes), 4).to(bboxes)
        return (first_hit(paired_iou(bboxes.double(), target.double()), 0.5),
                first_hit(paired_giou(bboxes, target), 0.5))

    def terms(self, results: list) -> Terms:
        """Return those of ``R@k`` and ``R@k (official SiRi)``."""
        by_iou, by_giou = ({name: mean_terms(found)
                            for name, found in hits(ranks, self.topk).items()}
                           for ranks in zip(*results))
        return by_iou | official('SiRi', by_giou)
