"""Builds models whose weights come from a recorded case."""
from contextlib import ExitStack
from unittest.mock import patch

from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from segvg.checkpoints.convert import convert_state_dict
from segvg.checkpoints.io import load_strictly
from segvg.checkpoints.rules import RULES
from segvg.registry import MODELS
from tests.parity.fill import end_case

#: Of ``nn.init``: what draws random values, which takes longest.
RANDOM = ('uniform_', 'normal_', 'trunc_normal_', 'xavier_uniform_', 'xavier_normal_',
          'kaiming_uniform_', 'kaiming_normal_')


def build_unfilled(cfg: Config) -> nn.Module:
    """Build a model without random weights; ``load_strictly`` has to fill all."""
    init_default_scope('segvg')
    with ExitStack() as stack:
        for name in RANDOM:
            stack.enter_context(patch.object(nn.init, name, as_it_is))
        return MODELS.build(cfg)


def load_filled(model: nn.Module, weights: dict[str, Tensor],
                method: str) -> dict[str, str]:
    """Load weights by their published names; return our -> published names."""
    converted, report = convert_state_dict(weights, RULES[method])
    report.raise_unplaced(method)
    load_strictly(model, converted, 'the recorded case')
    end_case()
    return {ours: theirs for theirs, ours in report.renamed.items()}


def as_it_is(weight: Tensor, *_, **__) -> Tensor:
    """Return a weight that is loaded later."""
    return weight
