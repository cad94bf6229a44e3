"""Validate and test with averaged and with plain weights."""
import copy
from typing import Optional

from mmengine.hooks import EMAHook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from segvg.registry import HOOKS, MODELS


@HOOKS.register_module()
class AverageHook(EMAHook):
    """mmengine's ``EMAHook``, which also scores the plain weights, those being trained.

    The scores of the averaged weights keep their names, and by them the best checkpoint
    is chosen; the names of those of the plain weights end in ``(plain weights)``. Every
    checkpoint holds both, the averaged ones as its ``state_dict``.

    Args:
        ema_type: the average, of MODELS.
        score_plain: whether to score the plain weights too, which doubles the time.
        kwargs: as of ``EMAHook`` and of the average.
    """
    SUFFIX = ' (plain weights)'

    def __init__(self, ema_type: str = 'RampedAverage', *, score_plain: bool = True,
                 **kwargs) -> None:
        super().__init__(ema_type, **kwargs)
        self.score_plain = score_plain
        self.ema_model = None

    def before_run(self, runner: Runner) -> None:
        """Make the average, unless a checkpoint for testing brought it."""
        if self.ema_model is None:
            self._build(runner)

    def _build(self, runner: Runner) -> None:
        model = runner.model
        self.src_model = model.module if is_model_wrapper(model) else model
        self.ema_model = MODELS.build(dict(self.ema_cfg, model=self.src_model))

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Take the average from a checkpoint, and leave the plain weights in it.

        Training that starts from other weights, not resumed, begins with them as
        average.
        """
        if self.ema_model is not None:
            super().after_load_checkpoint(runner, checkpoint)
            return
        self._build(runner)  # tools/test.py: the run has not started
        state = copy.deepcopy(checkpoint['state_dict'])
        self.ema_model.module.load_state_dict(state, strict=False)
        if 'ema_state_dict' in checkpoint:
            self._swap_ema_state_dict(checkpoint)

    def after_val_epoch(self, runner: Runner,
                        metrics: Optional[dict[str, float]] = None) -> None:
        """Put the plain weights back and add their scores."""
        super().after_val_epoch(runner, metrics)
        self._add_plain(runner, 'val', metrics)

    def after_test_epoch(self, runner: Runner,
                         metrics: Optional[dict[str, float]] = None) -> None:
        """Put the plain weights back and add their scores."""
        super().after_test_epoch(runner, metrics)
        self._add_plain(runner, 'test', metrics)

    def _add_plain(self, runner: Runner, mode: str,
                   metrics: Optional[dict[str, float]]) -> None:
        """Score the plain weights on the data of the loop of ``mode``."""
        if not self.score_plain or metrics is None:
            return
        loop = runner.val_loop if mode == 'val' else runner.test_loop
        self.src_model.eval()
        for batch in loop.dataloader:
            outputs = self.src_model.val_step(batch)
            loop.evaluator.process(data_samples=outputs, data_batch=batch)
        plain = loop.evaluator.evaluate(len(loop.dataloader.dataset))
        for name, score in plain.items():
            metrics[f'{name}{self.SUFFIX}'] = score
            runner.message_hub.update_scalar(f'{mode}/{name}{self.SUFFIX}', score)


@HOOKS.register_module()
class InitialAverageHook(AverageHook):
    """``AverageHook`` whose average starts as a copy of the initial model.

    mmengine makes the average before weights are loaded and therefore copies the model
    after the first step instead of averaging with it. Here the copy is made when
    training begins; the first step counts like any other, without warm-up or
    correction of a bias.

    Args:
        ema_type: the average, of MODELS.
        decay: part of itself that the average keeps at every step.
        kwargs: as of ``AverageHook``.

    Source: published training of MDETR and SiRi, decay 0.9998.
    """

    def __init__(self, ema_type: str = 'JointAverage', *,
                 decay: float = 0.9998, score_plain: bool = False,
                 update_buffers: bool = True, **kwargs) -> None:
        super().__init__(ema_type, score_plain=score_plain, momentum=1 - decay,
                         update_buffers=update_buffers, **kwargs)

    def before_train(self, runner: Runner) -> None:
        """Copy the model into the average, unless training is resumed."""
        super().before_train(runner)
        if runner.iter == 0:
            restart_average(self.ema_model, self.src_model)


def restart_average(average: nn.Module, model: nn.Module) -> None:
    """Make an average a copy of a model, and its next step an ordinary one."""
    average.module.load_state_dict(model.state_dict())
    average.steps.fill_(1)
