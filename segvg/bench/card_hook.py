"""A hook that writes the result card of a test."""
import time
from pathlib import Path
from typing import Any, Optional, Sequence

import numpy as np
import torch
from mmengine.config import Config
from mmengine.evaluator import BaseMetric
from mmengine.hooks import EMAHook, Hook
from mmengine.runner import Runner

from segvg.bench.card import digest, image_of, write_card
from segvg.checkpoints.published import takes_published
from segvg.evaluation import GroundingMetric, PredictionLog, answer_rule
from segvg.leakage.provenance import sha256_of, sha256_of_weights
from segvg.utils.configs import ann_files, metric_configs
from segvg.utils.environment import code_version, environment
from segvg.utils.profiling import peak_memory


class CardHook(Hook):
    """Follows a test and writes its card.

    Args:
        path: of the card.
        checkpoint: path of the weights.
        meta: of the checkpoint.
        config: path of the config.
        leakage: verdict on them.
        thresholds: those in use, with where they were chosen.
        suffix: of the name of the config, where it was used in another way.
    """
    # before the averaged weights are replaced by the plain ones, scored after them
    priority = 'VERY_HIGH'

    def __init__(self, path: Path, *, checkpoint: Path, meta: dict, config: Path,
                 leakage: str, thresholds: Sequence[dict], suffix: str = '') -> None:
        self.path, self.checkpoint, self.meta = Path(path), Path(checkpoint), meta
        self.config, self.leakage = Path(config), leakage
        self.thresholds = list(thresholds)
        self.suffix = suffix
        self._log: Optional[PredictionLog] = None
        self._start = self._seconds = 0.0
        self._terms: dict[str, np.ndarray] = {}
        self._rows: list[dict] = []
        self._protocols: list[dict] = []

    def before_test(self, runner: Runner) -> None:
        """Keep the answers of this test too."""
        evaluator = runner.test_loop.evaluator
        self._log = PredictionLog(answer_rule(runner.cfg.test_evaluator))
        evaluator.metrics.append(self._log)
        self._start = time.monotonic()

    def after_test_epoch(self, runner: Runner, metrics: Any = None) -> None:
        """Keep the answers, and what they add to the scores."""
        self._seconds = time.monotonic() - self._start
        self._rows = list(self._log.rows)
        parts = metric_configs(runner.cfg.test_evaluator)
        scored = runner.test_loop.evaluator.metrics[:len(parts)]
        for part, metric in zip(parts, scored, strict=True):
            self._protocols.append(describe_metric(part, metric))
            if isinstance(metric, GroundingMetric) and metric.keys == self._log.keys:
                self._terms.update(metric.last_terms)

    def write(self, runner: Runner, scores: dict[str, float]) -> None:
        """Write the card of a test that is over."""
        write_card(self.path, self._header(runner, scores), self._terms, self._rows)

    def _header(self, runner: Runner, scores: dict[str, float]) -> dict[str, Any]:
        """Return the JSON of the card."""
        cfg = runner.cfg
        return dict(
            name=self.config.stem + self.suffix, scores=scores,
            protocols=self._protocols, data=describe_data(cfg, self._rows),
            thresholds=self.thresholds, leakage=self.leakage,
            config=dict(file=str(self.config), sha256=digest(cfg.to_dict())),
            weights=self._weights(runner), training=self.meta.get('training'),
            seed=self.meta.get('seed'),
            test=self._cost(runner), code=code_version(), environment=environment(),
            **self._foundation(runner))

    def _weights(self, runner: Runner) -> dict[str, Any]:
        """Return which weights were scored."""
        averaged = any(isinstance(hook, EMAHook) for hook in runner.hooks)
        refiner = getattr(bare(runner), 'mask_refiner', None)  # of a foundation model
        sources = [self.checkpoint, *([refiner.name] if refiner else [])]
        sha256 = sha256_of_weights(*sources)
        return dict(file=self.checkpoint.name, sha256=sha256,
                    epoch=self.meta.get('epoch'), iter=self.meta.get('iter'),
                    averaged=averaged)

    def _foundation(self, runner: Runner) -> dict[str, Any]:
        """Return how a foundation model was asked and read; empty for other models."""
        model = bare(runner)
        if not takes_published(model):
            return {}
        entry = model.card_entry()
        if any('unreadable' in row for row in self._rows):
            entry['unreadable'] = sum(row['unreadable'] for row in self._rows)
        return dict(foundation=entry)

    def _cost(self, runner: Runner) -> dict[str, Any]:
        """Return what the test cost."""
        device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
        return dict(seconds=round(self._seconds, 1),
                    peak_memory=round(peak_memory(device)), device=device.type,
                    threads=torch.get_num_threads(), world_size=runner.world_size)


def bare(runner: Runner) -> Any:
    """Return the model of a runner, without what distributes it."""
    return getattr(runner.model, 'module', runner.model)


def describe_metric(config: dict, metric: BaseMetric) -> dict[str, Any]:
    """Return the names of scores and the rule by which they were made.

    It distinguishes scores of the same name that were made by different rules.
    """
    settings = {name: value for name, value in config.items() if name != 'type'}
    return dict(metric=type(metric).__name__, settings=settings,
                frame=getattr(metric, 'frame', None),
                scores=list(getattr(metric, 'last_scores', ())))


def describe_data(cfg: Config, rows: Sequence[dict]) -> dict[str, Any]:
    """Return which expressions were scored, in numbers and hashes."""
    files = [Path(path) for path in ann_files(cfg, 'test_dataloader')]
    objects = {(image_of(row), row['ref_id'] if row['ref_id'] is not None
                else row['expr_idx']) for row in rows}
    return dict(
        files=[dict(file=path.name, sha256=sha256_of(path)) for path in files],
        splits=sorted({f'{row["dataset"]} {row["split"]}' for row in rows}),
        expressions=len(rows), images=len(set(map(image_of, rows))),
        sentences_per_object=round(len(rows) / max(len(objects), 1), 3),
        root=cfg.test_dataloader.dataset.get('data_root'))
