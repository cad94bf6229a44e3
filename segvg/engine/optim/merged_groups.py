"""One group for all parameters of equal settings, and checkpoints of before."""
from typing import Any, Optional

from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from torch import Tensor, nn

from segvg.engine.optim.optim_wrapper import PrecisionOptimWrapper
from segvg.registry import OPTIM_WRAPPER_CONSTRUCTORS

#: Values of a scheduler of mmengine that there are for each group of parameters.
OF_EACH_GROUP = ('base_values', '_last_value', 'min_values')


@OPTIM_WRAPPER_CONSTRUCTORS.register_module(name='DefaultOptimWrapperConstructor')
class MergedGroupsConstructor(DefaultOptimWrapperConstructor):
    """mmengine's default constructor, found by its name, which makes few groups.

    With ``paramwise_cfg`` mmengine makes a group for every parameter, and an optimizer
    works through one group after the other: a fused one begins a program on the GPU for
    each. Parameters of equal settings share a group here; what is trained is the same.
    Groups are plain dicts. As parts of a config, which mmengine makes of them, they
    take a microsecond for each value that a step reads.

    Args:
        optim_wrapper_cfg: config of the wrapper with its ``optimizer``.
        paramwise_cfg: rates and weight decay of parts, see mmengine.
    """

    def __init__(self, optim_wrapper_cfg: dict,
                 paramwise_cfg: Optional[dict] = None) -> None:
        super().__init__(optim_wrapper_cfg, paramwise_cfg)
        self.optimizer_cfg = dict(self.optimizer_cfg)

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Return the wrapper of an optimizer for a model."""
        wrapper = super().__call__(model)
        if isinstance(wrapper, PrecisionOptimWrapper):
            wrapper.weights = trained(getattr(model, 'module', model))
        return wrapper

    def add_params(self, params: list[dict], module: nn.Module, prefix: str = '',
                   is_dcn_module: Optional[bool] = None) -> None:
        """Add the groups of a module to ``params``; at the end for the whole model."""
        super().add_params(params, module, prefix, is_dcn_module)
        if not prefix:
            params[:] = merge(params)


def trained(model: nn.Module) -> list[Tensor]:
    """Return the parameters that are trained, in the order of the model."""
    return [weight for weight in model.parameters() if weight.requires_grad]


def settings_of(group: dict) -> dict:
    """Return what is in a group besides its parameters."""
    return {key: value for key, value in group.items() if key != 'params'}


def merge(groups: list[dict]) -> list[dict]:
    """Join groups of parameters whose settings are equal, in the order of the first.

    A parameter that is there twice stays in two groups: optimizers refuse that.
    """
    merged: list[tuple[dict, list]] = []
    seen: set[int] = set()
    for group in groups:
        settings = settings_of(group)
        is_again = any(id(weight) in seen for weight in group['params'])
        members = None if is_again else next(
            (members for other, members in merged if other == settings), None)
        if members is None:
            merged.append((settings, list(group['params'])))
        else:
            members.extend(group['params'])
        seen.update(map(id, group['params']))
    return [dict(settings, params=members) for settings, members in merged]


def merge_saved_groups(checkpoint: dict, model: nn.Module, groups: list[dict]) -> None:
    """Join the groups of a checkpoint that has one for each parameter, as ours are.

    Nothing changes where parameters that share a group now have different settings in
    the checkpoint: it is of a training with another config.

    Args:
        checkpoint: of a training; the states of its optimizer and its schedulers are
            exchanged.
        model: what is trained.
        groups: of the optimizer of this training.
    """
    saved = checkpoint.get('optimizer', {}).get('param_groups', [])
    weights = trained(model)
    if not len(groups) < len(saved) == len(weights) or any(
            len(group['params']) != 1 for group in saved):
        return
    number = {id(weight): at for at, weight in enumerate(weights)}
    members = [[number[id(weight)] for weight in group['params']] for group in groups]
    if any(settings_of(saved[at]) != settings_of(saved[part[0]])
           for part in members for at in part):
        return
    checkpoint['optimizer'] = dict(checkpoint['optimizer'], param_groups=[
        dict(saved[part[0]], params=[saved[at]['params'][0] for at in part])
        for part in members])
    schedulers = checkpoint.get('param_schedulers')
    if isinstance(schedulers, list):
        checkpoint['param_schedulers'] = [
            {key: _of_groups(key, value, members, len(saved))
             for key, value in state.items()} for state in schedulers]


def _of_groups(key: str, value: Any, members: list[list[int]], count: int) -> Any:
    """Return the values of the first parameter of each group, where there are such."""
    if key in OF_EACH_GROUP and isinstance(value, list) and len(value) == count:
        return [value[part[0]] for part in members]
    return value
