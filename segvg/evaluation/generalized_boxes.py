"""Generalized referring expression comprehension: boxes of many targets or none."""
import contextlib
import io
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from segvg.evaluation.base import GroundingMetric, get_prediction
from segvg.registry import METRICS
from segvg.structures.boxes import paired_giou, paired_iou

F1_IOU = 0.5


class BoxResult(NamedTuple):
    """What counts of an expression; boxes are xyxy lists, for the average precision."""

    f1: float
    has_target: bool
    said_none: bool
    bboxes: np.ndarray
    scores: np.ndarray
    targets: np.ndarray


def match_greedily(similarity: Tensor, threshold: float) -> int:
    """Return how many rows and columns (P, T) pair up, the most similar first.

    Source: evaluator of gRefCOCO's GREC (He et al., 2023).
    """
    similarity = similarity.clone()
    pairs = 0
    for _ in range(min(similarity.shape)):
        best = int(similarity.argmax())
        row, column = divmod(best, similarity.shape[1])
        if similarity[row, column] < threshold:
            break
        similarity[row], similarity[:, column] = 0, 0
        pairs += 1
    return pairs


def f1_of(bboxes: Tensor, targets: Tensor, giou: bool) -> float:
    """Return F1 of kept boxes (P, 4) against targets (T, 4), both xyxy."""
    if not len(targets):
        return float(not len(bboxes))
    if not len(bboxes):
        return 0.0
    similarity = (paired_giou if giou else paired_iou)(bboxes[:, None], targets[None])
    # two boxes without an area have no generalised IoU
    hits = match_greedily(similarity.nan_to_num(-1), F1_IOU)
    return 2 * hits / (len(bboxes) + len(targets))


@METRICS.register_module()
class GeneralizedBoxF1(GroundingMetric):
    """Part of the expressions with exactly the right boxes, N-acc, T-acc and AP.

    ``Pr@(F1=1)``: every target has a box with an IoU of at least 0.5, and no box is too
    many. An expression without a target is right when no box is kept. ``AP`` is COCO's,
    over all boxes.

    Args:
        score_threshold: boxes with a lower score are not kept.
        official: compare by generalised IoU, as the published evaluator does; the names
            then end in ``(official MDETR)``.
    """
    default_prefix = 'grec'

    def __init__(self, score_threshold: float = 0.7, official: bool = False,
                 **kwargs) -> None:
        super().__init__(**kwargs)
        self.score_threshold = score_threshold
        self.official = official

    def score(self, sample: dict) -> BoxResult:
        """Return the result of an expression."""
        prediction = get_prediction(sample)
        bboxes = torch.as_tensor(prediction['bboxes']).double().cpu()
        scores = torch.as_tensor(prediction['scores']).double().cpu()
        targets = torch.as_tensor(sample['image_instances']['bboxes']).double().cpu()
        # As double: 0.7 stored in float32 is less than 0.7.
        kept = bboxes[scores >= self.score_threshold]
        return BoxResult(f1_of(kept, targets, self.official), len(targets) > 0,
                         len(kept) == 0, bboxes.numpy(), scores.numpy(),
                         targets.numpy())

    def compute_metrics(self, results: list[BoxResult]) -> dict[str, float]:
        """Return ``Pr@(F1=1)``, ``N-acc``, ``T-acc`` and ``AP``."""
        results = [BoxResult(*result) for result in results]
        right = np.array([result.f1 >= 1 for result in results])
        targets = np.array([result.has_target for result in results])
        none = np.array([result.said_none for result in results])
        scores = {'Pr@(F1=1)': right.mean(),
                  'N-acc': none[~targets].mean() if not targets.all() else 0.0,
                  'T-acc': (~none[targets]).mean() if targets.any() else 0.0,
                  'AP': average_precision(results)[0]}
        end = ' (official MDETR)' if self.official else ''
        return {name + end: 100 * float(score) for name, score in scores.items()}


def average_precision(results: list[BoxResult]) -> np.ndarray:
    """Return the 12 numbers of COCO's evaluation, one class, all boxes."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
    truth, found = COCO(), COCO()
    images = [dict(id=i) for i in range(1, len(results) + 1)]
    annotations = [_annotation(i, bbox) for i, result in enumerate(results, 1)
                   for bbox in result.targets]
    boxes = [dict(_annotation(i, bbox), score=float(score))
             for i, result in enumerate(results, 1)
             for bbox, score in zip(result.bboxes, result.scores, strict=True)]
    with contextlib.redirect_stdout(io.StringIO()):
        for container, records in ((truth, annotations), (found, boxes)):
            for number, record in enumerate(records, 1):
                record['id'] = number
            container.dataset = dict(images=images, categories=[dict(id=1)],
                                     annotations=records)
            container.createIndex()
        evaluation = COCOeval(truth, found, 'bbox')
        evaluation.params.useCats = 0
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats


def _annotation(image_id: int, bbox: np.ndarray) -> dict:
    x1, y1, x2, y2 = map(float, bbox)
    return dict(image_id=image_id, category_id=1, iscrowd=0, ignore=0,
                bbox=[x1, y1, x2 - x1, y2 - y1], area=(x2 - x1) * (y2 - y1))
