"""Plain building blocks below a head or a neck; not registered."""
from segvg.models.layers.attention import (
    MultiHeadAttention,
    additive_mask,
    attend_mask,
    attend_outside,
    attention,
)
from segvg.models.layers.blocks import MLP, ConvNorm, NormedMLP
from segvg.models.layers.causal_decoder import (
    CachedAttention,
    CausalDecoder,
    CausalDecoderLayer,
    DecoderState,
    KeyValue,
)
from segvg.models.layers.gaussian_decoder import GaussianDecoderLayer
from segvg.models.layers.position_encoding import (
    grid_position,
    grid_queries,
    sine_position,
)
from segvg.models.layers.transformer import (
    DecoderLayer,
    EncoderLayer,
    FeedForward,
    QueryDecoder,
    add_position,
    init_matrices,
)

__all__ = [
    'MLP', 'CachedAttention', 'CausalDecoder', 'CausalDecoderLayer', 'ConvNorm',
    'DecoderLayer', 'DecoderState', 'EncoderLayer', 'FeedForward',
    'GaussianDecoderLayer', 'KeyValue', 'MultiHeadAttention', 'NormedMLP',
    'QueryDecoder', 'add_position', 'additive_mask', 'attend_mask', 'attend_outside',
    'attention', 'grid_position', 'grid_queries', 'init_matrices', 'sine_position'
]
