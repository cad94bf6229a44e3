"""Weights: reading, converting, and initialising a model from them."""
from segvg.checkpoints.initializers import (
    DarkNetWeights,
    HuggingFacePretrained,
    PartsPretrained,
    StrictPretrained,
    WordVectors,
)

__all__ = [
    'DarkNetWeights', 'HuggingFacePretrained', 'PartsPretrained', 'StrictPretrained',
    'WordVectors'
]
