"""Data sets, readers of source formats, transforms and tokenizers."""
from segvg.datasets.grounding_dataset import GroundingDataset

__all__ = ['GroundingDataset']
