"""What moves between the parts: samples, batches, features, boxes and masks.

The types are imported when they are asked for: tools that only read annotations use
``masks`` and ``images`` of this package, and do without torch.
"""
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segvg.structures.batch import GroundingBatch, Phrases, TextTokens
    from segvg.structures.data_sample import ExpressionGroup, GroundingDataSample
    from segvg.structures.features import FusedFeatures, Tokens

__all__ = [
    'ExpressionGroup', 'FusedFeatures', 'GroundingBatch', 'GroundingDataSample',
    'Phrases', 'TextTokens', 'Tokens'
]
HOMES = dict(
    GroundingBatch='batch', Phrases='batch', TextTokens='batch',
    ExpressionGroup='data_sample', GroundingDataSample='data_sample',
    FusedFeatures='features', Tokens='features')


def __getattr__(name: str) -> Any:
    """Import the module of a type of ``__all__``."""
    if name not in HOMES:
        raise AttributeError(f'module {__name__!r} has no attribute {name!r}')
    return getattr(import_module(f'{__name__}.{HOMES[name]}'), name)
