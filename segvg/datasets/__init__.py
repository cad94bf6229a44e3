"""Data sets, readers of source formats, transforms and tokenizers."""
from segvg.datasets.grounding_dataset import GroundingDataset
from segvg.datasets.samplers import (
    AspectRatioBatchSampler,
    ExpressionBatchSampler,
    MixedSampler,
)

__all__ = ['AspectRatioBatchSampler', 'ExpressionBatchSampler', 'GroundingDataset',
           'MixedSampler']
