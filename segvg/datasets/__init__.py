"""What training reads: data sets, samplers, tokenizers, transforms."""
from segvg.datasets.collate import collate_grounding
from segvg.datasets.grounding_dataset import GroundingDataset
from segvg.datasets.joined_dataset import JoinedDataset
from segvg.datasets.samplers import (
    AspectRatioBatchSampler,
    BlockSampler,
    ExpressionBatchSampler,
    MixedSampler,
)

__all__ = [
    'AspectRatioBatchSampler', 'BlockSampler', 'ExpressionBatchSampler',
    'GroundingDataset', 'JoinedDataset', 'MixedSampler', 'collate_grounding'
]
