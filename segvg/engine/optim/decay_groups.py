"""Optimisers with weight decay for some parameters and none for others."""
from typing import Sequence

from mmengine.logging import print_log
from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from segvg.engine.optim.group_constructor import GroupConstructor
from segvg.registry import OPTIM_WRAPPER_CONSTRUCTORS

WITHOUT_DECAY = (_NormBase, nn.GroupNorm, nn.LayerNorm, nn.Embedding)


def split_by_decay(model: nn.Module, names: Sequence[str],
                   decay_all: Sequence[str]) -> tuple[list[nn.Parameter], ...]:
    """Return the trainable parameters with decay and those without.

    Args:
        model: whose parameters are split.
        names: last parts of names of parameters without decay.
        decay_all: prefixes of modules in which everything decays.
    """
    groups: tuple[list, list] = ([], [])
    for prefix, module in model.named_modules():
        whole = prefix.startswith(tuple(decay_all)) if decay_all else False
        for name, parameter in module.named_parameters(recurse=False):
            spared = isinstance(module, WITHOUT_DECAY) or name in names
            if parameter.requires_grad:
                groups[spared and not whole].append(parameter)
    return groups


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class DecayGroupsConstructor(GroupConstructor):
    """Build an optimizer with two groups; norms and embeddings do not decay.

    Args:
        optim_wrapper_cfg: config of the wrapper with its ``optimizer``.
        paramwise_cfg: ``no_decay``, last parts of names of further parameters that do
            not decay; ``decay_all``, modules in which even norms and embeddings do.

    Source: detectron2's and Mask2Former's rule, as the published ReLA applies it.
    """

    def groups(self, model: nn.Module, optimizer: dict) -> list[dict]:
        """Return the parameters with weight decay, then those without."""
        decay, spared = split_by_decay(model, self.options.get('no_decay') or [],
                                       self.options.get('decay_all') or [])
        print_log(f'tensors to train: {len(decay)} with weight decay, {len(spared)} '
                  'without', logger='current')
        return [dict(params=decay), dict(params=spared, weight_decay=0.0)]
