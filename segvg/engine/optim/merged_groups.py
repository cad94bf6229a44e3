"""One group for all parameters of equal settings, and checkpoints of before."""
from typing import Optional

from mmengine.optim import DefaultOptimWrapperConstructor, OptimWrapper
from torch import nn

from segvg.engine.optim.optim_wrapper import PrecisionOptimWrapper
from segvg.registry import OPTIM_WRAPPER_CONSTRUCTORS

#: Key of a group: the names of its parameters, by which a checkpoint is resumed.
NAMES = 'names'
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
        if self.paramwise_cfg and isinstance(wrapper, PrecisionOptimWrapper):
            model = getattr(model, 'module', model)
            wrapper.order = {id(weight): place
                             for place, weight in enumerate(model.parameters())}
        return wrapper

    def add_params(self, params: list[dict], module: nn.Module, prefix: str = '',
                   is_dcn_module: Optional[bool] = None) -> None:
        """Add the groups of a module to ``params``; at the end for the whole model."""
        super().add_params(params, module, prefix, is_dcn_module)
        if not prefix:
            names = {id(weight): name for name, weight in module.named_parameters()}
            params[:] = [
                {**group, NAMES: [names[id(weight)] for weight in group['params']]}
                for group in merge(params)]


def settings_of(group: dict) -> dict:
    """Return what is in a group besides its parameters."""
    return {key: value for key, value in group.items() if key not in ('params', NAMES)}


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


def take_saved_groups(checkpoint: dict, model: nn.Module, groups: list[dict]) -> None:
    """Give an optimizer the groups of the checkpoint that training is resumed from.

    As in mmengine, what a checkpoint says of a parameter comes before the config.
    Groups whose settings are equal in the checkpoint are joined: those of mmengine have
    one parameter each. Nothing changes if the groups are not ours, or if the checkpoint
    does not have the same parameters.

    Args:
        checkpoint: of a training; the states of its optimizer and its schedulers are
            put into the order of the new groups.
        model: what is trained.
        groups: of the optimizer of this training; they are exchanged.
    """
    saved = checkpoint.get('optimizer', {}).get('param_groups', [])
    names = saved_names(saved, model)
    weights = dict(model.named_parameters())
    if names is None or not all(NAMES in group for group in groups) or sorted(
            sum(names, [])) != sorted(sum((group[NAMES] for group in groups), [])):
        return
    schedulers = checkpoint.get('param_schedulers')
    states = schedulers if isinstance(schedulers, list) else []
    places: list[list[int]] = []
    seen: list[tuple[dict, list]] = []
    for place, group in enumerate(saved):
        facts = settings_of(group), [
            value[place] for state in states for key, value in state.items()
            if _is_of_groups(key, value, len(saved))]
        if facts in seen:
            places[seen.index(facts)].append(place)
        else:
            seen.append(facts)
            places.append([place])
    if (len(places) > 1) != (len(groups) > 1):
        return  # with several, mmengine adds one without parameters
    # In the order of their keys: a training that was stopped ends in the same files.
    joined = [{**saved[part[0]], NAMES: sum((names[at] for at in part), [])}
              for part in places]
    groups[:] = [dict(group, params=[weights[name] for name in group[NAMES]])
                 for group in joined]
    checkpoint['optimizer'] = dict(checkpoint['optimizer'], param_groups=[
        dict(group, params=sum((saved[at]['params'] for at in part), []))
        for group, part in zip(joined, places)])
    if states:
        checkpoint['param_schedulers'] = [
            {key: _of_groups(value, places, len(saved))
             if _is_of_groups(key, value, len(saved)) else value
             for key, value in state.items()} for state in states]


def saved_names(groups: list[dict], model: nn.Module) -> Optional[list[list[str]]]:
    """Return the names of the parameters in saved groups, None if nothing tells them.

    Groups of mmengine have one parameter each, in the order of the model.
    """
    trained = [name for name, weight in model.named_parameters()
               if weight.requires_grad]
    if len(groups) == len(trained) and all(
            len(group['params']) == 1 and NAMES not in group for group in groups):
        return [[name] for name in trained]
    names = [group.get(NAMES) for group in groups]
    for part, group in zip(names, groups):
        if (not isinstance(part, list) or len(part) != len(group['params'])
                or not all(isinstance(name, str) for name in part)):
            return None
    return names


def _is_of_groups(key: str, value: object, count: int) -> bool:
    """Whether a value of a scheduler is a list with a number for each group.

    At its end there may be that of a group without parameters, which mmengine adds.
    """
    return key in OF_EACH_GROUP and isinstance(value, list) and len(value) in (
        count, count + 1)


def _of_groups(values: list, places: list[list[int]], count: int) -> list:
    """Return the values of the first saved group of each new one."""
    more = values[count:] if len(places) > 1 else []
    return [*(values[part[0]] for part in places), *more]
