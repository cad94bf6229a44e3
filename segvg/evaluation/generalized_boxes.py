"""Generalized referring expression comprehension: boxes of many targets or none."""
import contextlib
import io
from typing import NamedTuple, Optional, Sequence

import numpy as np
import torch
from torch import Tensor

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
        f1: of the boxes that are kept.
        has_target: whether there is a target.
        said_none: whether no box is kept.
        bboxes, scores: all predictions, (Q, 4) xyxy and (Q,), for the average
            precision.
        targets: (T, 4) xyxy.
        no_target_score: None where it had no part in the answer.
    """

    f1: float
    has_target: bool
    said_none: bool
    bboxes: np.ndarray
    scores: np.ndarray
    targets: np.ndarray
    no_target_score: Optional[float] = None
    kept: int = 0


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
    # two boxes without an area have no generalized IoU
    hits = match_greedily(similarity.nan_to_num(-1), F1_IOU)
    return 2 * hits / (len(bboxes) + len(targets))


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
        result = BoxResult(0.0, len(targets) > 0, False, bboxes.numpy(), scores.numpy(),
                           targets.numpy(), none)
        found = dict(scores=result.scores)
        kept = self.rule.counts(found) & (not self.rule.says_none(found, none))
        return self.judge(result, int(kept.sum()))

    def judge(self, result: BoxResult, count: int) -> BoxResult:
        """Return the result when the ``count`` boxes of the highest scores are kept."""
        kept = np.zeros(len(result.scores), dtype=bool)
        if count:
            kept = result.scores >= np.sort(result.scores)[-count]
        f1 = f1_of(torch.from_numpy(result.bboxes[kept]),
                   torch.from_numpy(result.targets), self.official)
        return result._replace(f1=f1, said_none=not count, kept=int(kept.sum()))

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

        Without any target AP is 0; COCO's evaluation says -1.
        """
        results = [BoxResult(*result) for result in results]
        average = 100 * max(float(average_precision(results, all_sizes=False)[0]), 0.0)
        return shares(self.terms(results)) | {self.full_name('AP'): average}

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


def average_precision(results: list[BoxResult], all_sizes: bool = True) -> np.ndarray:
    """Return the 12 numbers of COCO's evaluation, one class, at most 100 boxes.

    Args:
        results: of all expressions.
        all_sizes: False: the first number alone, in a third of the time; it does not
            ask how large objects are.
    """
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
    truth, found = COCO(), COCO()
    images = [dict(id=i) for i in range(1, len(results) + 1)]
    annotations = [record for i, result in enumerate(results, 1)
                   for record in _annotations(i, result.targets)]
    boxes = [dict(record, score=score) for i, result in enumerate(results, 1)
             for record, score in zip(_annotations(i, result.bboxes),
                                      result.scores.tolist(), strict=True)]
    with contextlib.redirect_stdout(io.StringIO()):
        for container, records in ((truth, annotations), (found, boxes)):
            for number, record in enumerate(records, 1):
                record['id'] = number
            container.dataset = dict(images=images, categories=[dict(id=1)],
                                     annotations=records)
            container.createIndex()
        evaluation = COCOeval(truth, found, 'bbox')
        evaluation.params.useCats = 0
        if not all_sizes:
            evaluation.params.areaRng = evaluation.params.areaRng[:1]
            evaluation.params.areaRngLbl = evaluation.params.areaRngLbl[:1]
            evaluation.params.maxDets = evaluation.params.maxDets[-1:]
        evaluation.evaluate()
        evaluation.accumulate()
        if all_sizes:
            evaluation.summarize()
            return evaluation.stats
    precision = evaluation.eval['precision']
    known = precision[precision > -1]
    return np.array([known.mean() if len(known) else -1.0])


def _annotations(image_id: int, bboxes: np.ndarray) -> list[dict]:
    """Return boxes (N, 4) xyxy as COCO's records."""
    sides = bboxes[:, 2:] - bboxes[:, :2]
    rows = np.concatenate([bboxes[:, :2], sides], axis=1).tolist()
    return [dict(image_id=image_id, category_id=1, iscrowd=0, ignore=0, bbox=row,
                 area=area)
            for row, area in zip(rows, sides.prod(1).tolist(), strict=True)]
