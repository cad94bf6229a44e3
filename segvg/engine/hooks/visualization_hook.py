"""Draw samples with their predictions during validation and testing."""
from pathlib import Path
from typing import Optional, Sequence

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.runner import Runner

from segvg.evaluation.base import GeneralizedMetric
from segvg.registry import HOOKS
from segvg.structures import GroundingDataSample
from segvg.structures.answers import AnswerRule
from segvg.structures.images import read_image


@HOOKS.register_module()
class GroundingVisualizationHook(Hook):
    """Draw the first expressions of a validation or test run with the visualizer.

    In validation pictures go to the backends of the visualizer, named ``val_0``,
    ``val_1``, ...; in testing they are files ``0000_<image name>.jpg``, ... In a
    distributed run the main process draws what it sees. Where a metric decides which
    predictions are the answer, or that there is none, the same answer is drawn.

    Args:
        draw: whether to draw at all.
        max_pictures: number of pictures a run.
        test_out_dir: folder of the files; by default
            ``<work_dir>/<timestamp>/pictures``.
        show: whether to show each test picture in a window as well.
        wait_time: seconds a window waits for a key, 0 = until one is pressed.
    """

    def __init__(self, draw: bool = False, max_pictures: int = 20,
                 test_out_dir: Optional[str] = None, *, show: bool = False,
                 wait_time: float = 0) -> None:
        self.draw = draw
        self.max_pictures = max_pictures
        self.test_out_dir = test_out_dir
        self.show = show
        self.wait_time = wait_time
        self._drawn = 0

    def before_val_epoch(self, runner: Runner) -> None:
        """Start counting again."""
        self._drawn = 0

    def before_test_epoch(self, runner: Runner) -> None:
        """Start counting again."""
        self._drawn = 0

    def after_val_iter(self, runner: Runner, batch_idx: int, data_batch: dict,
                       outputs: Sequence[GroundingDataSample]) -> None:
        """Hand pictures of the batch to the backends."""
        for sample in self._take(outputs):
            runner.visualizer.add_datasample(
                f'val_{self._drawn}', picture_of(sample), sample,
                step=runner.iter, **answer_rule_of(runner, 'val_evaluator'))
            self._drawn += 1

    def after_test_iter(self, runner: Runner, batch_idx: int, data_batch: dict,
                        outputs: Sequence[GroundingDataSample]) -> None:
        """Write pictures of the batch to files."""
        for sample in self._take(outputs):
            name = f'{self._drawn:04d}_{Path(sample.img_path).stem}'
            out_file = self._folder(runner) / f'{name}.jpg'
            runner.visualizer.add_datasample(
                name, picture_of(sample), sample, show=self.show,
                wait_time=self.wait_time, out_file=out_file,
                **answer_rule_of(runner, 'test_evaluator'))
            self._drawn += 1

    def after_test_epoch(self, runner: Runner,
                         metrics: Optional[dict[str, float]] = None) -> None:
        """Say where the pictures are."""
        if self._drawn:
            print_log(f'{self._drawn} pictures are in {self._folder(runner)}',
                      logger='current')

    def _folder(self, runner: Runner) -> Path:
        """Return the folder of the files."""
        if self.test_out_dir is not None:
            return Path(self.test_out_dir)
        return Path(runner.work_dir) / runner.timestamp / 'pictures'

    def _take(self, outputs: Sequence[GroundingDataSample]
              ) -> Sequence[GroundingDataSample]:
        """Return the samples of a batch that are still to be drawn."""
        if not self.draw or not is_main_process():
            return []
        return outputs[:max(self.max_pictures - self._drawn, 0)]


def picture_of(sample: GroundingDataSample) -> np.ndarray:
    """Return the image (H0, W0, 3) uint8 of a sample, turned as the pipeline did."""
    return read_image(sample.img_path,
                      apply_orientation=getattr(sample, 'apply_orientation', False))


def answer_rule_of(runner: Runner, evaluator: str) -> dict[str, AnswerRule]:
    """Return ``dict(rule=...)`` of the first generalized metric of an evaluator."""
    for metric in getattr(getattr(runner, evaluator, None), 'metrics', ()):
        if isinstance(metric, GeneralizedMetric):
            return dict(rule=metric.rule)
    return {}
