"""The scores of a generalized metric at every threshold, from one pass."""
from typing import Any, NamedTuple, Optional, Sequence

from segvg.evaluation.base import GroundingMetric
from segvg.evaluation.generalized import GeneralizedMetric
from segvg.registry import METRICS

STEPS = tuple(step / 100 for step in range(101))


class SweepPoint(NamedTuple):
    """The scores at one value of the threshold."""
    threshold: float
    scores: dict[str, float]


@METRICS.register_module()
class ThresholdSweep(GroundingMetric):
    """Score once, decide about "none" at many thresholds.

    Its own scores are those of the metric as configured; ``curve`` has the others.

    Args:
        metric: config of a generalized metric.
        select: score that is to be highest; by default the metric's headline.
        thresholds: values that are tried.

    Attributes:
        metric: the metric.
        select: name of the score, with its prefix.
        curve: a ``SweepPoint`` for each value, after ``evaluate``.
    """

    def __init__(self, metric: dict, select: Optional[str] = None,
                 thresholds: Sequence[float] = STEPS) -> None:
        self.metric: GeneralizedMetric = METRICS.build(metric)
        super().__init__(prefix=self.metric.prefix)
        self.select = select or f'{self.prefix}/{self.metric.headline}'
        self.thresholds = tuple(thresholds)
        self.curve: list[SweepPoint] = []

    def score(self, sample: dict) -> Any:
        """Return what the metric has to know of a sample."""
        return self.metric.score(sample)

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Return the scores as configured and fill ``curve``."""
        self.curve = [
            SweepPoint(threshold, {f'{self.prefix}/{name}': float(score)
                                   for name, score in scores.items()})
            for threshold, scores in zip(
                self.thresholds, self.metric.sweep(results, self.thresholds),
                strict=True)]
        return self.metric.compute_metrics(results)

    def best(self) -> SweepPoint:
        """Return the point with the highest score; of equal ones the middle.

        Raises:
            ValueError: there is no such score.
        """
        names = list(self.curve[0].scores)
        if self.select not in names:
            raise ValueError(f'{self.select!r} is none of the scores, which are '
                             f'{", ".join(names)}')
        highest = max(point.scores[self.select] for point in self.curve)
        first = [point.scores[self.select] for point in self.curve].index(highest)
        run = 1
        while (first + run < len(self.curve)
               and self.curve[first + run].scores[self.select] == highest):
            run += 1
        return self.curve[first + (run - 1) // 2]
