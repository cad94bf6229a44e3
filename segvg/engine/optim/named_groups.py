"""Optimisers whose parameter groups have names."""
from mmengine.logging import print_log
from torch import nn

from segvg.engine.optim.group_constructor import GroupConstructor
from segvg.registry import OPTIM_WRAPPER_CONSTRUCTORS

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
class NamedGroupsConstructor(GroupConstructor):
    """Build an optimizer with a few named groups instead of one for each parameter.

    Args:
        optim_wrapper_cfg: config of the wrapper with its ``optimizer``.
        paramwise_cfg: ``groups``, name -> factor of the learning rate. The name is
            looked for in names of parameters; what no group takes is called ``rest``.

    Source: published training of MDETR and SiRi, three groups.
    """

    def groups(self, model: nn.Module, optimizer: dict) -> list[dict]:
        """Return a group for each name, and ``rest``."""
        factors = self.options.get('groups') or {}
        groups = [
            dict(params=parameters, name=name,
                 lr=optimizer['lr'] * factors.get(name, 1.0))
            for name, parameters in group_parameters(model, list(factors)).items()
            if parameters]
        counts = ', '.join(f'{len(group["params"])} {group["name"]}'
                           for group in groups)
        print_log(f'tensors to train: {counts}', logger='current')
        return groups
