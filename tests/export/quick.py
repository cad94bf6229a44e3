"""Small models, and settings of ``torch.export``, that are recorded quickly."""
from contextlib import contextmanager
from typing import Iterator

import torch
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


@contextmanager
def recorded_quickly() -> Iterator[None]:
    """Leave out what takes long and changes no graph.

    It is a cache, which a shallow model hardly uses, and the lines of code of a node.
    """
    before = torch.fx.config.do_not_emit_stack_traces
    torch.fx.config.do_not_emit_stack_traces = True
    try:
        with dynamo_config.patch(fake_tensor_cache_enabled=False):
            yield
    finally:
        torch.fx.config.do_not_emit_stack_traces = before
