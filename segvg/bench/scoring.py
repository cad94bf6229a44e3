"""Score predictions of any program by the metrics of a config, and write their card."""
import time
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Optional, Sequence

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from segvg.bench.card import digest, write_card
from segvg.bench.card_hook import describe_data, describe_metric
from segvg.bench.predictions_file import Prediction, match
from segvg.datasets.transforms import LoadGroundingAnnotations
from segvg.datasets.transforms.expressions import renumber, used_instances
from segvg.datasets.transforms.formatting import EXPRESSION_KEYS
from segvg.evaluation import GroundingMetric, PredictionLog, answer_rule
from segvg.evaluation.thresholds import thresholds_in_use
from segvg.leakage.provenance import sha256_of
from segvg.registry import DATASETS, METRICS
from segvg.structures.answers import AnswerRule
from segvg.structures.masks import decode_segmentation
from segvg.utils.configs import metric_configs
from segvg.utils.environment import code_version, environment
from segvg.utils.errors import InputError

UNKNOWN_WEIGHTS = 'unknown: these predictions were not made here'


class Scored(NamedTuple):
    """Scores and what they were made from.

    Attributes:
        scores: by name, in percent.
        missing: expressions without a prediction, which count as misses.
        unscored: metric -> why the predictions do not suffice for it.
        metrics: those that gave the scores, with their configs.
        log: the answers.
        seconds: that the scoring took.
    """
    scores: dict[str, float]
    missing: list[dict]
    unscored: dict[str, str]
    metrics: list[tuple[dict, GroundingMetric]]
    log: PredictionLog
    seconds: float


def read_expressions(cfg: Config) -> list[dict]:
    """Return every expression of the test data with its targets; images are not read.

    Each is a sample as metrics take it, without predictions.
    """
    init_default_scope('segvg')
    load = LoadGroundingAnnotations()
    settings = cfg.test_dataloader.dataset
    found = []
    for part in settings.get('datasets', [settings]):
        dataset = DATASETS.build({**part, 'pipeline': [], 'sample_by': 'image'})
        for number in range(len(dataset)):
            info = dataset.get_data_info(number)
            shape = (info['height'], info['width'])
            found += _samples(load.transform(dict(info, ori_shape=shape)))
    return found


def _samples(info: dict) -> Iterator[dict]:
    """Yield the samples of an image."""
    for expression in info['expressions']:
        used = used_instances(expression)
        expression = renumber(expression, used)
        yield dict(
            **{key: info[key] for key in ('img_path', 'img_id', 'dataset', 'split',
                                          'ori_shape')},
            **{key: expression[key] for key in EXPRESSION_KEYS
               if expression.get(key) is not None},
            image_instances=dict(
                bboxes=torch.from_numpy(info['image_bboxes'][used]),
                segmentations=[info['instances'][index].get('mask') for index in used]))


def score_predictions(cfg: Config, predictions: Sequence[Prediction],
                      path: Path) -> Scored:
    """Return the scores of predictions on the test data of a config.

    An expression without a prediction counts as a miss, even if it has no target. A
    metric that needs more than boxes, scores and
    masks is left out.

    Args:
        cfg: its ``test_dataloader`` names the data, its ``test_evaluator`` the metrics.
        predictions: of the file ``path``.
        path: for messages.

    Raises:
        InputError: predictions and data do not fit, or no metric can be used.
    """
    start = time.monotonic()
    samples = read_expressions(cfg)
    matched = match(predictions, samples, path)
    rule = answer_rule(cfg.test_evaluator)
    metrics = [(dict(part), METRICS.build(part))
               for part in metric_configs(cfg.test_evaluator)]
    log, unscored = PredictionLog(rule), {}
    has_masks = any(mask for item in predictions for mask in item.masks)
    for position, sample in enumerate(samples):
        item = matched.predictions.get(position)
        answered = dict(sample, **(miss(sample, rule, has_masks) if item is None
                                   else answer(sample, item, has_masks)))
        log.process(None, [answered])
        for config, metric in metrics:
            name = config['type']
            try:
                if name not in unscored:
                    metric.process(None, [answered])
            except KeyError as error:  # a field that only a head of ours sets
                unscored[name] = str(error.args[0])
    metrics = [pair for pair in metrics if pair[0]['type'] not in unscored]
    if not metrics:
        raise InputError(f'{path} lacks values that the metrics of {cfg.filename} '
                         f'need: {"; ".join(unscored.values())}')
    scores: dict[str, float] = {}
    for _, metric in metrics:
        scores.update(metric.evaluate(len(samples)))
    log.evaluate(len(samples))
    return Scored(scores, [samples[position] for position in matched.missing], unscored,
                  metrics, log, time.monotonic() - start)


def answer(sample: dict, item: Prediction, has_masks: bool) -> dict[str, Any]:
    """Return what a prediction adds to a sample.

    Raises:
        InputError: a mask cannot be read, or has another size than the image.
    """
    shape = sample['ori_shape']
    try:
        masks = [None if mask is None else decode_segmentation(mask, *shape)
                 for mask in item.masks]
        whole = item.global_mask and decode_segmentation(item.global_mask, *shape)
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f'{item.where}: the mask cannot be read: {error}') from error
    bboxes = [bounds(mask) if bbox is None else bbox
              for bbox, mask in zip(item.bboxes, masks)]
    found = dict(bboxes=torch.tensor(bboxes, dtype=torch.float32).reshape(-1, 4),
                 scores=torch.tensor(item.scores, dtype=torch.float32))
    if has_masks:
        found['masks'] = _stack(masks, shape)
    added: dict[str, Any] = dict(pred_instances=found)
    if item.no_target_score is not None:
        added['no_target_score'] = item.no_target_score
    if whole is not None:
        added['global_mask'] = whole
    return added


def miss(sample: dict, rule: Optional[AnswerRule], has_masks: bool) -> dict[str, Any]:
    """Return a wrong answer: nothing, or a few pixels if there is no target."""
    shape, count = sample['ori_shape'], int(sample['no_target'])
    mask = np.zeros(shape, dtype=bool)
    mask.reshape(-1)[:max((rule and rule.min_pixels) or 1, 1)] = True
    found = dict(
        bboxes=torch.tensor([bounds(mask)] * count, dtype=torch.float32).reshape(-1, 4),
        scores=torch.ones(count))
    if has_masks:
        found['masks'] = _stack([mask] * count, shape)
    return dict(pred_instances=found, no_target_score=float(not count))


def bounds(mask: np.ndarray) -> list[float]:
    """Return the box xyxy around a mask (H, W); that of an empty one has no size."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return [0.0] * 4
    return [float(columns[0]), float(rows[0]), float(columns[-1] + 1),
            float(rows[-1] + 1)]


def _stack(masks: Sequence[Optional[np.ndarray]], shape: tuple[int, int]
           ) -> torch.Tensor:
    """Return masks (N, H, W) bool; a missing one is empty."""
    found = torch.zeros((len(masks), *shape), dtype=torch.bool)
    for number, mask in enumerate(masks):
        if mask is not None:
            found[number] = torch.from_numpy(mask)
    return found


def write_scored_card(path: Path, cfg: Config, predictions: Path, scored: Scored,
                      name: str) -> None:
    """Write the result card of predictions, which ``tools/compare.py`` reads.

    Args:
        path: of the card.
        cfg: that they were scored by.
        predictions: their file; it stands for the weights.
        scored: the scores.
        name: what tables call them.
    """
    rows = scored.log.rows
    terms: dict[str, np.ndarray] = {}
    for _, metric in scored.metrics:
        if metric.keys == scored.log.keys:
            terms.update(metric.last_terms)
    write_card(path, dict(
        name=name, scores=scored.scores,
        protocols=[describe_metric(*pair) for pair in scored.metrics],
        data=describe_data(cfg, rows), thresholds=list(thresholds_in_use(cfg, None)),
        leakage=UNKNOWN_WEIGHTS, missing=len(scored.missing),
        config=dict(file=str(cfg.filename), sha256=digest(cfg.to_dict())),
        weights=dict(file=predictions.name, sha256=sha256_of(predictions), epoch=None,
                     iter=None, averaged=False),
        training=None, seed=None, code=code_version(), environment=environment(),
        test=dict(seconds=round(scored.seconds, 1), peak_memory=None, device=None,
                  threads=None, world_size=1)), terms, rows)
