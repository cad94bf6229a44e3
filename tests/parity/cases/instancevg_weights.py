"""What all recorded cases of InstanceVG share: weights by rule, samples, gradients."""
import re
from typing import Iterable, Optional

import numpy as np
import torch
from torch import Tensor, nn

from segvg.checkpoints.convert import convert_state_dict
from segvg.checkpoints.io import load_strictly
from segvg.checkpoints.rules import RULES
from tests.parity.comparison import (
    GRADIENT,
    Comparison,
    absolute,
    as_array,
    relative,
    scaled,
    sum_of_squares,
)
from tests.parity.fill import fill

#: Intermediates, as the notes on the cases say; relative to the largest value, or 1.
INTERMEDIATE = 1e-5
LOGITS = 1e-4  # relative
#: Of one tensor; of all tensors of a module it is that of the other methods.
TENSOR_GRADIENT = 2e-3
#: Of the largest norm: below that a norm is rounding alone.
NO_GRADIENT = 1e-6
#: Of single values of a gradient: rounding flips decisions of ReLU and max-pooling.
GRADIENT_SAMPLES = 1e-2
ENCODER, HEAD = 'vis_enc.beit3.', 'head.'


def weights_of(meta: dict, shapes: dict[str, Iterable[int]]) -> dict[str, Tensor]:
    """Return the weights by the rule and the scalings of a case."""
    weights = {}
    for name, shape in shapes.items():
        if name.endswith('num_batches_tracked'):
            weights[name] = torch.zeros((), dtype=torch.int64)
            continue
        value = fill(name, tuple(shape))
        for pattern, factor in meta['scale']:
            if re.search(pattern, name):
                value = value * np.float32(factor)
                break
        weights[name] = torch.from_numpy(np.asarray(value))
    return weights


def load(module: nn.Module, weights: dict[str, Tensor], prefix: str,
         ours: str) -> dict[str, str]:
    """Load published weights into a part of the model; return their -> our names.

    Args:
        module: the part.
        weights: by the names that the case uses.
        prefix: makes full published names of these.
        ours: name of the part in our model, with a dot.
    """
    converted, report = convert_state_dict(
        {prefix + name: value for name, value in weights.items()}, RULES['instancevg'])
    report.raise_unplaced('instancevg')
    load_strictly(module, {name.removeprefix(ours): value
                           for name, value in converted.items()}, 'the recorded case')
    return {theirs.removeprefix(prefix): name.removeprefix(ours)
            for theirs, name in report.renamed.items()}


def part(case: dict, key: str, values: Tensor) -> Tensor:
    """Return what is recorded of an array: every n-th value, or all of them."""
    rule = case['meta'].get('rules', {}).get(key)
    if rule is None:
        return values
    assert list(values.shape) == rule['shape'], (key, values.shape)
    return values.detach().flatten()[::rule['stride']]


def intermediate(case: dict, key: str, values: Tensor,
                 tolerance: float = INTERMEDIATE) -> Comparison:
    """Compare a recorded intermediate array."""
    return scaled(key, part(case, key, values), case[key], tolerance)


def output(case: dict, key: str, values: Tensor) -> Comparison:
    """Compare recorded logits."""
    return relative(key, part(case, key, values), case[key], LOGITS)


def exact(key: str, ours, recorded) -> Comparison:
    """Compare decisions."""
    return absolute(key, ours, recorded, 0.0)


def bits_of(case: dict, key: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return a recorded mask."""
    return np.unpackbits(case[key])[:np.prod(shape)].reshape(shape).astype(bool)


def same_pixels(name: str, mask, recorded: np.ndarray, near=None) -> Comparison:
    """Compare masks; pixels ``near`` a threshold may differ."""
    differs = as_array(mask).astype(bool) != recorded
    if near is not None:
        differs &= ~as_array(near).astype(bool)
    return Comparison(name, float(differs.sum()), 0.0)


def norm_of(parameter: Optional[Tensor]) -> float:
    """Return the norm of the gradient of a parameter; -1 without one."""
    if parameter is None or parameter.grad is None:
        return -1.0
    return sum_of_squares(parameter.grad)**0.5


def gradients(case: dict, module: nn.Module, ours: dict[str, str],
              norms: str = 'grad_norms') -> list[Comparison]:
    """Compare gradient norms of every tensor and samples of some.

    Args:
        case: with ``grad_names`` in its ``meta``.
        module: after ``backward``.
        ours: published -> our names.
        norms: name of the recorded norms.
    """
    parameters = dict(module.named_parameters())
    recorded = case[norms]
    floor = NO_GRADIENT * recorded.max()
    found = []
    for name, norm in zip(case['meta']['grad_names'], recorded, strict=True):
        # A tensor with several names: its gradient is under the first one, ours under
        # the last.
        name = re.sub(r'(class|bbox)_embed\.0', r'\1_embed.2', name)
        own = norm_of(parameters.get(ours.get(name, '')))
        if max(own, norm) <= floor:
            found.append(absolute(f'grad {name}', max(own, 0), max(norm, 0), floor))
        else:
            found.append(relative(f'grad {name}', own, norm, TENSOR_GRADIENT))
    for key in (key for key in case if key.startswith('grad/')):
        name = re.sub(r'(class|bbox)_embed\.0', r'\1_embed.2', key[len('grad/'):])
        grad = parameters[ours[name]].grad.reshape(case['meta']['rules'][key]['shape'])
        found.append(relative(key, part(case, key, grad), case[key], GRADIENT_SAMPLES))
    return found + grouped(case, parameters, ours)


def grouped(case: dict, parameters: dict[str, Tensor],
            ours: dict[str, str]) -> list[Comparison]:
    """Compare the norms of whole modules, where they are recorded."""
    found = []
    groups = case['meta'].get('grad_groups', {})
    for group, norm in groups.items():
        inner = [other for other in groups if other.startswith(f'{group}.')]
        squares = sum(
            max(norm_of(parameters.get(name)), 0)**2 for theirs, name in ours.items()
            if theirs.startswith(f'{group}.')
            and not any(theirs.startswith(f'{other}.') for other in inner))
        found.append(relative(f'grad {group}', squares**0.5, norm, GRADIENT))
    return found
