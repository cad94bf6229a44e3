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
from segvg.checkpoints.position_tables import BEiT3Pretrained

use_safe_loader()

__all__ = [
    'BEiT3Pretrained', 'DarkNetWeights', 'HuggingFacePretrained', 'PartsPretrained',
    'Pretrained', 'StrictPretrained', 'WordVectors'
]
