"""What all metrics share: every expression counts once, in a fixed order."""
from abc import abstractmethod
from typing import Any, Sequence

import torch
from mmengine.dist import all_gather_object
from mmengine.evaluator import BaseMetric
from mmengine.structures import BaseDataElement

IOU_THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)


def describe(sample: dict) -> str:
    """Return how messages name a sample."""
    return (f'expression {sample.get("text")!r} (expr_idx {sample.get("expr_idx")} of '
            f'{sample.get("dataset")} {sample.get("split")}, {sample.get("img_path")})')


def get_prediction(sample: dict) -> dict:
    """Return the predictions of a sample or say that there are none."""
    if 'pred_instances' not in sample:
        raise KeyError(f'{describe(sample)} has no pred_instances: a grounder sets '
                       "them in mode 'predict'")
    return sample['pred_instances']


class GroundingMetric(BaseMetric):
    """Base of the metrics over expressions.

    mmengine cuts the results to the length of the data set, which counts images when a
    sample holds all expressions of one. Here the results of all processes are gathered
    whole; an expression that a sampler repeated, known by (dataset, split, expr_idx),
    counts once; and the order is that of the annotation file, so that scores do not
    depend on batches or processes.

    Attributes:
        num_expressions: number of expressions in the last scores.
        sources: data sets and splits of the last scores.
    """
    num_expressions: int = 0
    sources: tuple[tuple[str, str], ...] = ()

    @abstractmethod
    def score(self, sample: dict) -> Any:
        """Return what ``compute_metrics`` has to know of a sample with a prediction.

        Args:
            sample: a ``GroundingDataSample`` as a dict. Keep the result small: it stays
                in memory and travels between processes.
        """

    @abstractmethod
    def compute_metrics(self, results: list) -> dict[str, float]:
        """Return the scores from the results of ``score``, one an expression."""

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
        ordered = [unique[key] for key in sorted(unique, key=_sortable)]
        scores = self.compute_metrics(ordered)
        return {f'{self.prefix}/{name}' if self.prefix else name: float(score)
                for name, score in scores.items()}


def _sortable(key: tuple) -> tuple:
    """Return a key of (dataset, split, expr_idx) that sorts where a name is None."""
    dataset, split, expr_idx = key
    return str(dataset), str(split), expr_idx


def threshold_scores(ious: torch.Tensor, name: str) -> dict[str, float]:
    """Return the percentage of IoUs (B,) at or above each threshold, and their mean."""
    scores = {f'{name}@{threshold}': 100 * (ious >= threshold).double().mean().item()
              for threshold in IOU_THRESHOLDS}
    scores['mIoU'] = 100 * ious.double().mean().item()
    return scores
