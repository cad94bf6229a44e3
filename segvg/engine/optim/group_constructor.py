"""Optimizers with groups of parameters."""
import copy
from abc import ABC, abstractmethod
from typing import Optional

from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from torch import nn

from segvg.registry import OPTIM_WRAPPERS, OPTIMIZERS


class GroupConstructor(ABC):
    """Build an optimizer wrapper whose groups of parameters a subclass chooses.

    Args:
        optim_wrapper_cfg: config of the wrapper with its ``optimizer``.
        paramwise_cfg: options of the subclass.
    """

    def __init__(self, optim_wrapper_cfg: dict,
                 paramwise_cfg: Optional[dict] = None) -> None:
        self.optim_wrapper_cfg = optim_wrapper_cfg
        self.options = dict(paramwise_cfg or {})

    @abstractmethod
    def groups(self, model: nn.Module, optimizer: dict) -> list[dict]:
        """Return the groups: ``params``, and the settings of a group of its own.

        Args:
            model: not wrapped for several processes.
            optimizer: config of the optimizer.
        """

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Return the wrapper for a model."""
        if is_model_wrapper(model):
            model = model.module
        wrapper = copy.deepcopy(dict(self.optim_wrapper_cfg))
        wrapper.setdefault('type', 'OptimWrapper')
        optimizer = dict(wrapper.pop('optimizer'))
        optimizer['params'] = self.groups(model, optimizer)
        return OPTIM_WRAPPERS.build(dict(
            wrapper, optimizer=OPTIMIZERS.build(optimizer)))
