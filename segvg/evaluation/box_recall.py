"""Referring expression comprehension: is one of the best k boxes right?"""
from typing import Optional, Sequence

import numpy as np
import torch
from torch import Tensor

from segvg.evaluation.base import (
    GroundingMetric,
    Terms,
    describe,
    get_prediction,
    mean_terms,
)
from segvg.registry import METRICS
from segvg.structures.boxes import paired_giou, paired_iou


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
    """Part of the expressions for which one of the k best boxes is right.

    ``R@k`` asks for an IoU of at least 0.5 with the target. ``R@k (official SiRi)``
    asks for a generalised IoU of at least 0.5, the published rule of SiRi and MDETR,
    which is a little stricter.

    Args:
        topk: the values of k.
        prefix: of the names of the scores.
    """
    default_prefix = 'rec'
    OFFICIAL = ' (official SiRi)'

    def __init__(self, topk: Sequence[int] = (1, 5, 10), *,
                 prefix: Optional[str] = None) -> None:
        super().__init__(prefix=prefix)
        self.topk = tuple(topk)

    def score(self, sample: dict) -> tuple[Optional[int], Optional[int]]:
        """Return the ranks of the first hits by IoU and by GIoU."""
        targets = torch.as_tensor(sample['image_instances']['bboxes']).cpu()
        if len(targets) != 1:
            raise ValueError(f'BoxRecall is for expressions with exactly one target, '
                             f'{describe(sample)} has {len(targets)}')
        prediction = get_prediction(sample)
        bboxes = rank_boxes(torch.as_tensor(prediction['bboxes']).cpu(),
                            torch.as_tensor(prediction['scores']).cpu())
        target = targets.expand(len(bboxes), 4).to(bboxes)
        return (first_hit(paired_iou(bboxes.double(), target.double()), 0.5),
                first_hit(paired_giou(bboxes, target), 0.5))

    def terms(self, results: list) -> Terms:
        """Return those of ``R@k`` and ``R@k (official SiRi)``."""
        plain, official = zip(*results)
        terms = {name: mean_terms(found)
                 for name, found in hits(plain, self.topk).items()}
        for name, found in hits(official, self.topk).items():
            terms[name + self.OFFICIAL] = mean_terms(found)
        return terms
