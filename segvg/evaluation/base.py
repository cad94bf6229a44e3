"""What all metrics share: every expression counts once, in a fixed order."""
from abc import abstractmethod
from typing import Any, Optional, Sequence

import numpy as np
import torch
from mmengine.dist import all_gather_object
from mmengine.evaluator import BaseMetric
from mmengine.structures import BaseDataElement
from torch import Tensor

from segvg.structures.answers import AnswerRule

IOU_THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
#: A field of predictions -> who sets it, for the message when it is missing.
SET_BY = dict(
    masks='a head that predicts masks',
    canvas_masks='a PhraseHead with a mask branch, a RegionHead or an InstanceHead',
    canvas_polygons='a SequenceHead with a ContourPart',
    phrase_scores='a head that ranks boxes by phrase')

Terms = dict[str, np.ndarray]
"""What N expressions add to scores, (N, 2) float64 each: a score is the sum of the
first column over that of the second."""


def describe(sample: dict) -> str:
    """Return how messages name a sample."""
    return (f'expression {sample.get("text")!r} (expr_idx {sample.get("expr_idx")} of '
            f'{sample.get("dataset")} {sample.get("split")}, {sample.get("img_path")})')


def get_prediction(sample: dict) -> dict:
    """Return the predictions of a sample.

    Raises:
        KeyError: the sample has no predictions.
    """
    if 'pred_instances' not in sample:
        raise KeyError(f'{describe(sample)} has no pred_instances: a grounder sets '
                       "them in mode 'predict'")
    return sample['pred_instances']


def require(sample: dict, field: str) -> Any:
    """Return a field of the predictions of a sample.

    Raises:
        KeyError: the predictions lack the field; the message names heads that set it.
    """
    prediction = get_prediction(sample)
    if field not in prediction:
        raise KeyError(f'{describe(sample)} has predictions without {field}: '
                       f'{SET_BY[field]} sets them')
    return prediction[field]


def single_target(sample: dict, metric: str) -> Tensor:
    """Return the box (1, 4) xyxy of the only target of a sample, on the CPU.

    Raises:
        ValueError: it has none or several; names the metric.
    """
    targets = torch.as_tensor(sample['image_instances']['bboxes']).cpu()
    if targets.shape[0] != 1:
        raise ValueError(f'{metric} is for expressions with exactly one target, '
                         f'{describe(sample)} has {len(targets)}')
    return targets


class GroundingMetric(BaseMetric):
    """Base of the metrics over expressions.

    mmengine cuts the results to the length of the data set, which counts images when a
    sample holds all expressions of one. Here the results of all processes are gathered
    whole; an expression that a sampler repeated, known by (dataset, split, expr_idx),
    counts once; and the order is that of the annotation file, so that scores do not
    depend on batches or processes.

    Attributes:
        num_expressions: number of expressions in the last scores.
        keys: (dataset, split, expr_idx) of the expressions in the last scores.
        last_scores: the last scores, by their full names.
        last_terms: what each of them added to the last scores, by their full names.
        sources: data sets and splits of the last scores.
        frame: in which boxes and masks are compared.
    """
    frame: str = 'original image'
    num_expressions: int = 0
    keys: tuple[tuple, ...] = ()
    last_scores: dict[str, float] = {}
    last_terms: Terms = {}
    sources: tuple[tuple[str, str], ...] = ()

    @abstractmethod
    def score(self, sample: dict) -> Any:
        """Return what ``compute_metrics`` has to know of a sample with a prediction.

        Args:
            sample: a ``GroundingDataSample`` as a dict. Keep the result small: it stays
                in memory and travels between processes.
        """

    def terms(self, results: list) -> Terms:
        """Return what each result of ``score`` adds to scores that are ratios of sums.

        ``compute_metrics`` makes the scores from these; the bench makes confidence
        intervals from them by resampling images.
        """
        return {}

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Return the scores from the results of ``score``, one per expression."""
        return shares(self.terms(results))

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Score a batch of expressions."""
        for sample in data_samples:
            if isinstance(sample, BaseDataElement):
                sample = sample.to_dict()
            key = (sample.get('dataset'), sample.get('split'), sample['expr_idx'])
            self.results.append((key, self.score(sample)))

    def evaluate(self, size: int) -> dict[str, float]:
        """Return the scores over all processes.

        Args:
            size: length of the data set, which mmengine passes; not used.
        """
        unique = {}
        for results in all_gather_object(self.results):
            for key, result in results:
                unique.setdefault(key, result)
        self.results.clear()
        if not unique:
            raise ValueError(f'{type(self).__name__} has no expression to score: is '
                             'the data set empty?')
        self.num_expressions = len(unique)
        self.sources = tuple(sorted({(str(key[0]), str(key[1])) for key in unique}))
        self.keys = tuple(sorted(unique, key=_sortable))
        ordered = [unique[key] for key in self.keys]
        self.last_terms = self._with_prefix(self.terms(ordered))
        scores = self._with_prefix(self.compute_metrics(ordered))
        self.last_scores = {name: float(score) for name, score in scores.items()}
        return dict(self.last_scores)

    def _with_prefix(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return values by the names that scores have in a log."""
        return {f'{self.prefix}/{name}' if self.prefix else name: value
                for name, value in values.items()}


def _sortable(key: tuple) -> tuple:
    """Return a key of (dataset, split, expr_idx) that sorts where a name is None."""
    dataset, split, expr_idx = key
    return str(dataset), str(split), expr_idx


class GeneralizedMetric(GroundingMetric):
    """Base of metrics over expressions with many targets, one or none.

    Args:
        rule: which predictions count and when the answer is "none".
        **kwargs: of ``GroundingMetric``.

    Attributes:
        parameter: name of the argument that decides about "none".
        headline: name of the score that sums up the others.
    """
    parameter: str = 'no_target_threshold'
    headline: str

    def __init__(self, rule: AnswerRule, **kwargs) -> None:
        super().__init__(**kwargs)
        self.rule = rule

    @property
    def threshold(self) -> Optional[float]:
        """The value of the parameter."""
        return getattr(self.rule, self.parameter)

    @abstractmethod
    def sweep(self, results: Sequence[Any],
              thresholds: Sequence[float]) -> list[dict[str, float]]:
        """Return the scores that other values of the parameter would give.

        Args:
            results: of ``score``, one per expression.
            thresholds: the values. Scores that do not depend on them may be left out.
        """


def official(method: str, terms: Terms) -> Terms:
    """Return terms by the names of scores that copy a method's official evaluator."""
    return {official_name(method, name): values for name, values in terms.items()}


def official_name(method: str, name: str) -> str:
    """Return the name of a score that copies a method's official evaluator."""
    return f'{name} (official {method})'


def shares(terms: Terms) -> dict[str, float]:
    """Return the scores of terms in percent; where nothing counts, a score is 0."""
    scores = {}
    for name, values in terms.items():
        part, whole = values.sum(0)
        scores[name] = 100 * float(part / whole) if whole else 0.0
    return scores


def mean_terms(values: np.ndarray, counted: Optional[np.ndarray] = None) -> np.ndarray:
    """Return the terms (N, 2) of the mean of values (N,) over those that count (N,)."""
    values = np.asarray(values, dtype=np.float64)
    if counted is None:
        return np.stack([values, np.ones_like(values)], axis=1)
    return np.stack([values * counted, counted], axis=1).astype(np.float64)


def threshold_terms(ious: np.ndarray, name: str,
                    thresholds: Sequence[float] = IOU_THRESHOLDS) -> Terms:
    """Return the terms of ``name@t``, the share of IoUs (N,) of at least t, and mIoU.
    """
    ious = np.asarray(ious, dtype=np.float64)
    terms = {f'{name}@{threshold}': mean_terms(ious >= threshold)
             for threshold in thresholds}
    return terms | dict(mIoU=mean_terms(ious))
