"""Generalized referring expression comprehension: boxes of many targets or none."""
from typing import NamedTuple, Optional, Sequence

import numpy as np
import torch
from torch import Tensor

from segvg.evaluation.average_precision import RankedBoxes, class_precisions
from segvg.evaluation.base import (
    GeneralizedMetric,
    Terms,
    get_prediction,
    mean_terms,
    official_name,
    require,
    shares,
)
from segvg.registry import METRICS
from segvg.structures.answers import AnswerRule
from segvg.structures.boxes import paired_giou, paired_iou
from segvg.structures.masks import mask_parts

F1_IOU = 0.5


class BoxResult(NamedTuple):
    """What counts of an expression.

    Attributes:
        kept: number of boxes that are kept.
        hits: number of those that are paired with a target.
        bboxes, scores: all predictions, (Q, 4) xyxy and (Q,), for the average
            precision.
        targets: (T, 4) xyxy.
        no_target_score: None where it had no part in the answer.
    """

    kept: int
    hits: int
    bboxes: np.ndarray
    scores: np.ndarray
    targets: np.ndarray
    no_target_score: Optional[float] = None

    @property
    def has_target(self) -> bool:
        """Whether there is a target."""
        return len(self.targets) > 0

    @property
    def said_none(self) -> bool:
        """Whether no box is kept."""
        return not self.kept

    @property
    def f1(self) -> float:
        """F1 of the boxes that are kept; without a target 1 if there are none."""
        if not self.has_target:
            return float(self.said_none)
        return 2 * self.hits / (self.kept + len(self.targets))


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


def ranked_boxes(results: Sequence[BoxResult]) -> list[RankedBoxes]:
    """Return all predictions and targets of expressions, as those of one class."""
    return [RankedBoxes(number, 'all', result.bboxes, result.scores, result.targets)
            for number, result in enumerate(map(BoxResult._make, results))]


def count_hits(bboxes: Tensor, targets: Tensor, giou: bool) -> int:
    """Return how many kept boxes (P, 4) pair up with targets (T, 4), both xyxy."""
    similarity = (paired_giou if giou else paired_iou)(bboxes[:, None], targets[None])
    # two boxes without an area have no generalized IoU
    return match_greedily(similarity.nan_to_num(-1), F1_IOU)


@METRICS.register_module()
class GeneralizedBoxF1(GeneralizedMetric):
    """Share of the expressions with exactly the right boxes, N-acc, T-acc and AP.

    ``Pr@(F1=1)``: every target has a box with an IoU of at least 0.5, and no box is too
    many. An expression without a target is right when no box is kept; a model that
    never predicts a box gets all of these right, so ``Pr@(F1=1) with targets`` leaves
    them out. ``AP`` is COCO's, over all boxes.

    Args:
        score_threshold: boxes with a lower score are not kept.
        official: compare by generalized IoU, as the published evaluator does; the names
            then end in ``(official MDETR)``.
        no_target_threshold: ``no_target_score`` above which no box is kept; None: boxes
            are judged by their own scores alone, as published.
    """
    default_prefix = 'grec'

    def __init__(self, score_threshold: float = 0.7, official: bool = False,
                 no_target_threshold: Optional[float] = None, **kwargs) -> None:
        super().__init__(AnswerRule(score_threshold, no_target_threshold), **kwargs)
        self.official = official
        if no_target_threshold is None:
            self.parameter = 'score_threshold'

    def full_name(self, name: str) -> str:
        """Return the name of a score with what its rule adds to it."""
        return official_name('MDETR', name) if self.official else name

    @property
    def headline(self) -> str:
        """Name of the score that sums up the others."""
        return self.full_name('Pr@(F1=1)')

    def predicted_boxes(self, sample: dict) -> tuple[Tensor, Tensor]:
        """Return boxes (Q, 4) xyxy and scores (Q,) of a sample, float64."""
        prediction = get_prediction(sample)
        return (torch.as_tensor(prediction['bboxes']).double().cpu(),
                torch.as_tensor(prediction['scores']).double().cpu())

    def score(self, sample: dict) -> BoxResult:
        """Return the result of an expression."""
        bboxes, scores = self.predicted_boxes(sample)
        targets = torch.as_tensor(sample['image_instances']['bboxes']).double().cpu()
        asked = self.rule.no_target_threshold is not None
        none = sample.get('no_target_score') if asked else None
        none = None if none is None else float(none)
        result = BoxResult(0, 0, bboxes.numpy(), scores.numpy(), targets.numpy(), none)
        found = dict(scores=result.scores)
        kept = self.rule.counts(found) & (not self.rule.says_none(found, none))
        return self.judge(result, int(kept.sum()))

    def judge(self, result: BoxResult, count: int) -> BoxResult:
        """Return the result when the ``count`` boxes of the highest scores are kept."""
        kept = np.zeros(len(result.scores), dtype=bool)
        if count:
            kept = result.scores >= np.sort(result.scores)[-count]
        hits = count_hits(torch.from_numpy(result.bboxes[kept]),
                          torch.from_numpy(result.targets), self.official)
        return result._replace(kept=int(kept.sum()), hits=hits)

    def kept_counts(self, result: BoxResult, thresholds: np.ndarray) -> np.ndarray:
        """Return how many boxes are kept at values (N,) of the parameter, (N,) int."""
        if self.parameter == 'score_threshold':
            below = np.searchsorted(np.sort(result.scores), thresholds)
            return len(result.scores) - below
        count = int(self.rule.counts(dict(scores=result.scores)).sum())
        if result.no_target_score is None:
            return np.full(len(thresholds), count)
        return np.where(result.no_target_score > thresholds, 0, count)

    def compute_metrics(self, results: list[BoxResult]) -> dict[str, float]:
        """Return ``Pr@(F1=1)``, ``N-acc``, ``T-acc`` and ``AP``.

        Without any target AP is 0; COCO's evaluation gives -1.
        """
        average = class_precisions(ranked_boxes(results)).get('all', 0.0)
        return shares(self.terms(results)) | {self.full_name('AP'): 100 * average}

    def terms(self, results: Sequence[BoxResult]) -> Terms:
        """Return those of the scores that depend on which boxes are kept."""
        results = [BoxResult(*result) for result in results]
        right = np.array([result.f1 >= 1 for result in results])
        targets = np.array([result.has_target for result in results])
        none = np.array([result.said_none for result in results])
        terms = {'Pr@(F1=1)': mean_terms(right),
                 'Pr@(F1=1) with targets': mean_terms(right, targets),
                 'N-acc': mean_terms(none, ~targets),
                 'T-acc': mean_terms(~none, targets)}
        return {self.full_name(name): values for name, values in terms.items()}

    def sweep(self, results: Sequence[BoxResult],
              thresholds: Sequence[float]) -> list[dict[str, float]]:
        """Return the scores, but for AP, with other values of the parameter."""
        thresholds, rows = np.asarray(thresholds), []
        for result in map(BoxResult._make, results):
            counts = self.kept_counts(result, thresholds).tolist()
            judged = {count: self.judge(result, count) for count in set(counts)}
            rows.append([judged[count] for count in counts])
        return [shares(self.terms(column)) for column in zip(*rows, strict=True)]


@METRICS.register_module()
class MaskPartBoxF1(GeneralizedBoxF1):
    """``GeneralizedBoxF1`` of boxes around the connected parts of the predicted masks.

    An extension that no published method has: it scores a model that predicts masks
    only, such as ReLA, on GREC. Objects that touch become one box, an object in two
    pieces becomes two. Every part has the score of its mask. Names end in
    ``(mask parts)``.

    Args:
        min_pixels: parts with fewer pixels are left out.
        no_target_threshold: ``no_target_score`` above which no box is kept.
        score_threshold: masks with a lower score are left out.
        **kwargs: of ``GeneralizedBoxF1``.
    """

    def __init__(self, min_pixels: int = 16, no_target_threshold: float = 0.5,
                 score_threshold: float = 0.0, **kwargs) -> None:
        super().__init__(score_threshold, no_target_threshold=no_target_threshold,
                         **kwargs)
        self.min_pixels = min_pixels

    def full_name(self, name: str) -> str:
        """Return the name of a score with what its rule adds to it."""
        return f'{super().full_name(name)} (mask parts)'

    def predicted_boxes(self, sample: dict) -> tuple[Tensor, Tensor]:
        """Return boxes (P, 4) xyxy and scores (P,) of the parts of all masks."""
        masks = torch.as_tensor(require(sample, 'masks')).bool().cpu().numpy()
        boxes = [torch.from_numpy(mask_parts(mask, self.min_pixels)[0])
                 for mask in masks]
        scores = torch.as_tensor(get_prediction(sample)['scores']).double().cpu()
        counts = torch.tensor([len(part) for part in boxes], dtype=torch.int64)
        return (torch.cat([*boxes, torch.zeros(0, 4, dtype=torch.float64)]),
                scores.repeat_interleave(counts))
