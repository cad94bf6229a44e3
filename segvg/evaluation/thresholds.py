"""Thresholds of generalized metrics: all scores in one pass, one value chosen on val.

The threshold for "not in this image" is chosen once, on val, and belongs to the
weights: it is kept in a file, which names them, and printed beside the scores.
"""
import json
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple, Optional, Sequence

from mmengine.config import Config

from segvg.evaluation.base import GeneralizedMetric, GroundingMetric
from segvg.leakage.provenance import sha256_of_weights
from segvg.registry import METRICS
from segvg.structures.answers import AnswerRule
from segvg.utils.configs import metric_configs

#: Thresholds that a sweep tries.
STEPS = tuple(step / 100 for step in range(101))
#: Names of splits on which a threshold may be chosen.
VAL_SPLITS = ('val', 'validation')
#: Key that a threshold file must hold -> whether its value is of the right kind.
KEYS: dict[str, Callable[[Any], bool]] = dict(
    parameter=lambda value: isinstance(value, str),
    threshold=lambda value: isinstance(value, (int, float)),
    select=lambda value: isinstance(value, str),
    score=lambda value: isinstance(value, (int, float)),
    sources=lambda value: isinstance(value, list) and all(
        isinstance(source, list) and len(source) == 2
        and all(isinstance(name, str) for name in source) for source in value),
    checkpoint_sha256=lambda value: isinstance(value, str))


def generalized_configs(evaluator: Any) -> Iterator[dict]:
    """Yield the configs of generalized metrics in an evaluator's config, in order."""
    for part in metric_configs(evaluator):
        kind = METRICS.get(part['type']) if isinstance(part['type'], str) else None
        if isinstance(kind, type) and issubclass(kind, GeneralizedMetric):
            yield part


def answer_rule(evaluator: Any) -> Optional[AnswerRule]:
    """Return the rule of the first generalized metric in an evaluator's config.

    None without a generalized metric: every expression then has its one best answer.
    """
    for part in generalized_configs(evaluator):
        return METRICS.build(part).rule
    return None


class SweepPoint(NamedTuple):
    """The scores at one value of the threshold."""
    threshold: float
    scores: dict[str, float]


@METRICS.register_module()
class ThresholdSweep(GroundingMetric):
    """Score every expression once, then decide about "none" at many thresholds.

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
            ValueError: the score does not exist.
        """
        names = list(self.curve[0].scores)
        if self.select not in names:
            raise ValueError(f'{self.select!r} is not one of the scores, which are '
                             f'{", ".join(names)}')
        highest = max(point.scores[self.select] for point in self.curve)
        first = [point.scores[self.select] for point in self.curve].index(highest)
        run = 1
        while (first + run < len(self.curve)
               and self.curve[first + run].scores[self.select] == highest):
            run += 1
        return self.curve[first + (run - 1) // 2]


def check_sources(sources: Any, whose: str) -> None:
    """Refuse a threshold that was chosen on anything but val.

    Raises:
        ValueError: a split has another name.
    """
    others = sorted({split for _, split in sources} - set(VAL_SPLITS))
    if others or not sources:
        raise ValueError(f'{whose} is chosen on the split {", ".join(others) or "-"}: '
                         'it has to be chosen on val, never on what is reported')


def describe_choice(sweep: ThresholdSweep, config: str, checkpoint: str) -> dict:
    """Return the content of a threshold file.

    Raises:
        ValueError: the expressions are not those of val.
    """
    check_sources(sweep.sources, 'this threshold')
    best, metric = sweep.best(), sweep.metric
    return dict(
        parameter=metric.parameter, threshold=best.threshold, select=sweep.select,
        score=best.scores[sweep.select], metric=type(metric).__name__,
        threshold_of_config=metric.threshold, sources=[list(s) for s in sweep.sources],
        num_expressions=sweep.num_expressions, config=config, checkpoint=checkpoint,
        checkpoint_sha256=sha256_of_weights(checkpoint),
        curve=[dict(threshold=point.threshold, **point.scores)
               for point in sweep.curve])


def read_choice(path: str, checkpoint: str) -> dict:
    """Return the content of a threshold file that may be used with a checkpoint.

    Raises:
        ValueError: it is not such a file, or its threshold was not chosen on val or was
            chosen for other weights.
    """
    try:
        choice = json.loads(Path(path).read_text('utf-8'))
    except (ValueError, RecursionError) as error:
        raise ValueError(f'{path} is not a JSON file: {error}') from None
    wrong = [key for key, is_right in KEYS.items()
             if not isinstance(choice, dict) or not is_right(choice.get(key))]
    if wrong:
        raise ValueError(f'{path} lacks {", ".join(wrong)}: it has to be made by '
                         'tools/analysis_tools/choose_threshold.py')
    check_sources(choice['sources'], f'the threshold of {path}')
    if choice['checkpoint_sha256'] != sha256_of_weights(checkpoint):
        raise ValueError(f'{path} was chosen for other weights '
                         f'({choice.get("checkpoint")}) than {checkpoint}')
    return choice


def use_threshold(cfg: Config, path: str, checkpoint: str) -> dict:
    """Write the threshold of a file into the ``test_evaluator`` of a config.

    Every metric that decides by the same parameter takes it.

    Returns:
        What the file says, without its curve, and ``file``, its path.

    Raises:
        ValueError: the file cannot be used, or no metric decides by its parameter.
    """
    choice = read_choice(path, checkpoint)
    parts = [part for part in generalized_configs(cfg.get('test_evaluator'))
             if METRICS.build(part).parameter == choice['parameter']]
    if not parts:
        raise ValueError(f'no metric in the test_evaluator of {cfg.filename} decides '
                         f'by {choice["parameter"]}, which {path} is about')
    for part in parts:
        part[choice['parameter']] = choice['threshold']
    choice.pop('curve', None)
    return dict(choice, file=str(path))


def thresholds_in_use(cfg: Config, choice: Optional[dict]) -> Iterator[dict]:
    """Yield metric, parameter, value and source of every threshold in a test.

    Args:
        cfg: with its ``test_evaluator`` as it will be used.
        choice: what ``use_threshold`` gave, or None.
    """
    for part in generalized_configs(cfg.get('test_evaluator')):
        metric = METRICS.build(part)
        chosen = choice is not None and metric.parameter == choice['parameter']
        yield dict(metric=type(metric).__name__, parameter=metric.parameter,
                   value=metric.threshold, source=choice if chosen else 'config')


def format_threshold(threshold: dict) -> str:
    """Return one of ``thresholds_in_use`` as a line."""
    source = threshold['source']
    if source != 'config':
        source = f'chosen on val, {source["file"]}'
    return (f'{threshold["metric"]}: {threshold["parameter"]} '
            f'{threshold["value"]:.2f} ({source})')
