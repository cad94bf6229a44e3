"""Optimisers whose parameter groups have names."""
import copy
from typing import Optional

from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from mmengine.optim import OptimWrapper
from torch import nn

from segvg.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS, OPTIMIZERS

REST = 'rest'


def group_parameters(model: nn.Module,
                     names: list[str]) -> dict[str, list[nn.Parameter]]:
    """Return the trainable parameters of each group; ``rest`` gets the others.

    A parameter belongs to the first group whose name occurs in its own.
    """
    groups: dict[str, list[nn.Parameter]] = {name: [] for name in (REST, *names)}
    for key, parameter in model.named_parameters():
        if parameter.requires_grad:
            home = next((name for name in names if name in key), REST)
            groups[home].append(parameter)
    return groups


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class NamedGroupsConstructor:
    """Build an optimizer with a few named groups instead of one for each parameter.

    Args:
        optim_wrapper_cfg: config of the wrapper with its ``optimizer``.
        paramwise_cfg: ``groups``, name -> factor of the learning rate. The name is
            looked for in names of parameters; what no group takes is called ``rest``.

    Source: published training of MDETR and SiRi, three groups.
    """

    def __init__(self, optim_wrapper_cfg: dict,
                 paramwise_cfg: Optional[dict] = None) -> None:
        self.optim_wrapper_cfg = optim_wrapper_cfg
        self.factors = dict((paramwise_cfg or {}).get('groups') or {})

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Return the wrapper for a model."""
        if is_model_wrapper(model):
            model = model.module
        wrapper = copy.deepcopy(dict(self.optim_wrapper_cfg))
        wrapper.setdefault('type', 'OptimWrapper')
        optimizer = dict(wrapper.pop('optimizer'))
        groups = [
            dict(params=parameters, name=name,
                 lr=optimizer['lr'] * self.factors.get(name, 1.0))
            for name, parameters in group_parameters(model, list(self.factors)).items()
            if parameters]
        counts = ', '.join(f'{len(group["params"])} {group["name"]}'
                           for group in groups)
        print_log(f'tensors to train: {counts}', logger='current')
        return OPTIM_WRAPPERS.build(dict(
            wrapper, optimizer=OPTIMIZERS.build(dict(optimizer, params=groups))))
