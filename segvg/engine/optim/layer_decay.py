"""Optimisers whose rates fall from layer to layer towards the input of an encoder."""
from typing import Iterator, Mapping, Optional

from mmengine.logging import print_log
from torch import nn

from segvg.engine.optim.group_constructor import GroupConstructor
from segvg.registry import OPTIM_WRAPPER_CONSTRUCTORS

KEYS = ('rate', 'layer_decay')


def depths_of(part: nn.Module, name: str) -> dict[str, int]:
    """Return the depth of each parameter of a part; 0 before the first layer.

    Raises:
        ValueError: the part does not tell depths.
    """
    if not hasattr(part, 'parameter_depths'):
        raise ValueError(
            f'layer_decay of {name!r} needs an encoder that tells the depth of its '
            f'parameters, such as HuggingFaceBackbone, not {type(part).__name__}')
    return {f'model.{key}': depth for key, depth in part.parameter_depths().items()}


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class LayerDecayConstructor(GroupConstructor):
    """Build an optimizer whose rate is multiplied by a factor from layer to layer.

    Pre-trained encoders change less near their input. In the named parts, vectors
    (norms, biases, tokens) have no weight decay.

    Args:
        optim_wrapper_cfg: config of the wrapper with its ``optimizer``.
        paramwise_cfg: ``parts``, name of a part of the model -> ``dict(rate=...,
            layer_decay=...)``, both 1 by default. Parameters after the last layer have
            ``rate`` times the rate of the optimizer, those of the last layer
            ``layer_decay`` times that, and so on down to the embeddings.

    Raises:
        ValueError: a part is not there, has unknown keys, or tells no depths.

    Source: Clark et al., "ELECTRA", ICLR 2020; Bao et al., "BEiT", ICLR 2022.
    """

    def __init__(self, optim_wrapper_cfg: dict,
                 paramwise_cfg: Optional[dict] = None) -> None:
        super().__init__(optim_wrapper_cfg, paramwise_cfg)
        self.parts = dict(self.options.get('parts') or {})
        for name, options in self.parts.items():
            unknown = sorted(set(options) - set(KEYS))
            if unknown:
                raise ValueError(f'a part of paramwise_cfg has the keys {KEYS}; '
                                 f'{name!r} has {unknown}')

    def groups(self, model: nn.Module, optimizer: dict) -> list[dict]:
        """Return the groups of all parts, the rest of the model first."""
        lr = optimizer['lr']
        groups: list[dict] = []
        taken: set[int] = set()
        for name, options in self.parts.items():
            for group in part_groups(model, name, options, lr):
                taken.update(map(id, group['params']))
                groups.append(group)
            print_log(f'learning rates of {name}: {lr * options.get("rate", 1.0):.3g} '
                      f'after the last layer, times {options.get("layer_decay", 1.0)} '
                      'a layer', logger='current')
        rest = [value for value in model.parameters()
                if value.requires_grad and id(value) not in taken]
        groups.insert(0, dict(params=rest, name='rest', lr=lr))
        return groups


def part_groups(model: nn.Module, name: str, options: Mapping[str, float],
                lr: float) -> Iterator[dict]:
    """Yield the groups of a part: a depth with weight decay, a depth without.

    Raises:
        ValueError: the part is not there, or tells no depths.
    """
    try:
        part = model.get_submodule(name)
    except AttributeError:
        raise ValueError(f'parts of paramwise_cfg names {name!r}, but the model has no '
                         'such part') from None
    decay = options.get('layer_decay', 1.0)
    depths = depths_of(part, name) if decay != 1 else {}
    last = max(depths.values(), default=0)
    kinds: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for key, value in part.named_parameters():
        if value.requires_grad:
            kind = depths.get(key, last), value.ndim > 1
            kinds.setdefault(kind, []).append(value)
    for (depth, decays), values in sorted(kinds.items(), key=lambda item: item[0]):
        group = dict(params=values, name=f'{name}.{depth}',
                     lr=lr * options.get('rate', 1.0) * decay**(last - depth))
        yield group if decays else dict(group, weight_decay=0.0)
