"""Data sets, readers of source formats, transforms and tokenizers."""
from segvg.datasets.block_sampler import BlockSampler
from segvg.datasets.grounding_dataset import GroundingDataset
from segvg.datasets.joined_dataset import JoinedDataset
from segvg.datasets.samplers import (
    AspectRatioBatchSampler,
    ExpressionBatchSampler,
    MixedSampler,
)

__all__ = [
    'AspectRatioBatchSampler', 'BlockSampler', 'ExpressionBatchSampler',
    'GroundingDataset', 'JoinedDataset', 'MixedSampler'
]
