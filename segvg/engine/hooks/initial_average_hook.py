"""Average the weights from the very first step on."""
import torch
from mmengine.runner import Runner

from segvg.engine.hooks.average_hook import AverageHook
from segvg.registry import HOOKS


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

    def __init__(self, ema_type: str = 'ExponentialMovingAverage', *,
                 decay: float = 0.9998, score_plain: bool = False,
                 update_buffers: bool = True, **kwargs) -> None:
        super().__init__(ema_type, score_plain=score_plain, momentum=1 - decay,
                         update_buffers=update_buffers, **kwargs)

    def before_train(self, runner: Runner) -> None:
        """Copy the model into the average, unless training goes on."""
        super().before_train(runner)
        if runner.iter == 0:
            start_average(self.ema_model, self.src_model)


def start_average(average: torch.nn.Module, model: torch.nn.Module) -> None:
    """Make an average a copy of a model, and its next step an ordinary one."""
    average.module.load_state_dict(model.state_dict())
    average.steps.fill_(1)
