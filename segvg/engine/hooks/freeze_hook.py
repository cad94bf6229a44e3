"""Keep parts of a model fixed during the first epochs."""
from typing import Sequence

from mmengine.hooks import Hook
from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import nn

from segvg.registry import HOOKS


@HOOKS.register_module()
class FreezeHook(Hook):
    """Freeze modules until an epoch, then train again what was trainable before.

    The modules stay in training mode, so their dropout is active, and gradients flow
    through them to parts below. Parameters that are fixed for good, such as the first
    stage of a ResNet, stay so. The optimizer is built before the first epoch and knows
    all parameters; it skips those without a gradient.

    Distributed training needs ``find_unused_parameters=True`` in the config.

    Args:
        modules: names of submodules of the model, e.g. ``image_encoder``.
        epochs: number of epochs for which they are frozen.

    Source: SegVG's published training, ``--freeze_epochs``.
    """

    def __init__(self, modules: Sequence[str], epochs: int) -> None:
        self.modules = tuple(modules)
        self.epochs = epochs
        self._frozen: list[nn.Parameter] = []

    def before_train_epoch(self, runner: Runner) -> None:
        """Freeze in the run's first epoch of them, thaw in the first after."""
        if runner.epoch < self.epochs and not self._frozen:
            self._frozen = [parameter for parameter in self._parameters(runner.model)
                            if parameter.requires_grad]
            self._set(False)
            print_log(f'{", ".join(self.modules)}: frozen until epoch {self.epochs} '
                      f'({len(self._frozen)} tensors)', logger='current')
        elif runner.epoch >= self.epochs and self._frozen:
            self._set(True)
            print_log(f'{", ".join(self.modules)}: training from epoch '
                      f'{runner.epoch + 1} on', logger='current')
            self._frozen = []

    def _parameters(self, model: nn.Module) -> list[nn.Parameter]:
        """Return the parameters of the named modules."""
        if is_model_wrapper(model):
            model = model.module
        try:
            return [parameter for name in self.modules
                    for parameter in model.get_submodule(name).parameters()]
        except AttributeError as error:
            raise ValueError(f'FreezeHook: {error}') from error

    def _set(self, requires_grad: bool) -> None:
        for parameter in self._frozen:
            parameter.requires_grad = requires_grad
