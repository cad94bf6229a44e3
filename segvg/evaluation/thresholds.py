"""A threshold for "not in this image": chosen on val, kept in a file, told with scores.
"""
import json
from pathlib import Path
from typing import Any, Iterator, Optional

from mmengine.config import Config

from segvg.evaluation.generalized import generalized_configs
from segvg.evaluation.threshold_sweep import ThresholdSweep
from segvg.leakage.provenance import sha256_of
from segvg.registry import METRICS

VAL_SPLITS = ('val', 'validation')
KEYS = ('parameter', 'threshold', 'select', 'score', 'sources', 'checkpoint_sha256')


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
        checkpoint_sha256=sha256_of(Path(checkpoint)),
        curve=[dict(threshold=point.threshold, **point.scores)
               for point in sweep.curve])


def read_choice(path: str, checkpoint: str) -> dict:
    """Return the content of a threshold file that may be used with a checkpoint.

    Raises:
        ValueError: it is no such file, was not chosen on val or for other weights.
    """
    try:
        choice = json.loads(Path(path).read_text('utf-8'))
    except json.JSONDecodeError as error:
        raise ValueError(f'{path} is no JSON file: {error}') from error
    missing = [key for key in KEYS if not isinstance(choice, dict) or key not in choice]
    if missing:
        raise ValueError(f'{path} lacks {", ".join(missing)}: it has to be made by '
                         'tools/analysis_tools/choose_threshold.py')
    check_sources(choice['sources'], f'the threshold of {path}')
    if choice['checkpoint_sha256'] != sha256_of(Path(checkpoint)):
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


def tell(threshold: dict) -> str:
    """Return one of ``thresholds_in_use`` as a line."""
    source = threshold['source']
    if source != 'config':
        source = f'chosen on val, {source["file"]}'
    return (f'{threshold["metric"]}: {threshold["parameter"]} '
            f'{threshold["value"]:.2f} ({source})')
