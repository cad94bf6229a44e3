"""What moves between the parts: samples, batches, features, boxes and masks."""
from segvg.structures.batch import GroundingBatch, Phrases, TextTokens
from segvg.structures.data_sample import ExpressionGroup, GroundingDataSample
from segvg.structures.features import FusedFeatures, Tokens

__all__ = [
    'ExpressionGroup', 'FusedFeatures', 'GroundingBatch', 'GroundingDataSample',
    'Phrases', 'TextTokens', 'Tokens'
]
