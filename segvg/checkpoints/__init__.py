"""Weights: reading, converting, and initializing a model from them.

From the first import on, mmengine reads checkpoints by the safe loader too.
"""
from segvg.checkpoints.initializers import (
    DarkNetWeights,
    HuggingFacePretrained,
    PartsPretrained,
    Pretrained,
    StrictPretrained,
    WordVectors,
)
from segvg.checkpoints.mmengine_loader import use_safe_loader

use_safe_loader()

__all__ = [
    'DarkNetWeights', 'HuggingFacePretrained', 'PartsPretrained', 'Pretrained',
    'StrictPretrained', 'WordVectors'
]
