"""An adapter for checkouts that the tests of segvg/bench/published make."""
from importlib import import_module

import torch

from segvg.bench.published.adapters.transvg import TransVG


class FakeTransVG(TransVG):
    """The adapter of TransVG, for a tiny model whose weights have our names."""
    repository = 'https://example.org/fake'
    file = 'models/__init__.py'
    config = 'transvg/transvg_tiny_synthref_l0.py'

    def build(self):
        return import_module('models').build_model(None)

    def rename(self, state):
        return {name.removeprefix('inner.'): value for name, value in state.items()}

    def optimizer(self, model):
        return torch.optim.SGD(model.parameters(), 1e-3)


ADAPTER = FakeTransVG()
