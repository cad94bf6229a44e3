"""Small models, and settings of ``torch.export``, that are recorded quickly."""
from contextlib import contextmanager
from functools import cache
from typing import Iterator
from unittest import mock

import torch
from torch import Tensor
from torch._decomp import decomposition_table
from torch._dynamo import config as dynamo_config

from segvg.utils.configs import find_dicts


def make_shallow(model: dict, *kept: str) -> None:
    """Leave one of several equal layers in every part of a model config.

    Args:
        model: the config.
        kept: its parts that stay as they are.
    """
    parts = {name: part for name, part in model.items() if name not in kept}
    for key in ('num_layers', 'num_hidden_layers'):
        for part in find_dicts(parts, key):
            part[key] = min(part[key], 1)


def sampled_shape(maps: Tensor, grid: Tensor, *settings: object) -> Tensor:
    """Return a tensor of the shape that ``grid_sampler_2d`` returns."""
    torch._check(maps.shape[0] == grid.shape[0])  # otherwise they are two sizes
    return maps.new_empty((*maps.shape[:2], *grid.shape[1:3]))


def product_shape(bias: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Return a tensor of the shape that ``addmm`` returns."""
    return left.new_empty((left.shape[0], right.shape[1]))


def layer_norm_shape(values: Tensor, *settings: object) -> tuple[Tensor, ...]:
    """Return a tensor of the shape of the values, in their order; no statistics."""
    nothing = values.new_empty(0)
    return values.new_empty(values.shape), nothing, nothing


def norm_shape(values: Tensor, *settings: object) -> tuple[Tensor, ...]:
    """Return a tensor of shape and strides of the values; no statistics."""
    nothing = values.new_empty(0)
    return torch.empty_like(values), nothing, nothing


#: Operation -> the shape of what it returns. That is all that a recording asks; torch
#: computes each of its many sums for it.
SHAPES = {
    torch.ops.aten.grid_sampler_2d.default: sampled_shape,
    torch.ops.aten.addmm.default: product_shape,
    torch.ops.aten.native_layer_norm.default: layer_norm_shape,
    torch.ops.aten.native_group_norm.default: norm_shape,
    torch.ops.aten._native_batch_norm_legit_no_training.default: norm_shape}


@contextmanager
def without_traces() -> Iterator[None]:
    """Leave out the lines of code of each node, which take long and change no graph."""
    before = torch.fx.config.do_not_emit_stack_traces
    torch.fx.config.do_not_emit_stack_traces = True
    try:
        yield
    finally:
        torch.fx.config.do_not_emit_stack_traces = before


@contextmanager
def recorded_quickly() -> Iterator[None]:
    """Leave out what takes long and changes no graph.

    It is a cache, which a shallow model hardly uses, the lines of code of a node, and
    the long way to some shapes.
    """
    with without_traces(), mock.patch.dict(decomposition_table, SHAPES), \
            dynamo_config.patch(fake_tensor_cache_enabled=False):
        yield


@contextmanager
def converted_quickly() -> Iterator[None]:
    """Fill the table of operators of ONNX once, not for each graph of an export."""
    from torch.onnx._internal.exporter._registration import ONNXRegistry
    once = staticmethod(cache(ONNXRegistry.from_torchlib))
    with without_traces(), mock.patch.object(ONNXRegistry, 'from_torchlib', once):
        yield
