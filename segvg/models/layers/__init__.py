"""Plain building blocks below a head or a neck; not registered."""
from segvg.models.layers.attention import (
    MultiHeadAttention,
    additive_mask,
    attend_mask,
    attend_outside,
    attention,
)
from segvg.models.layers.causal_decoder import (
    CachedAttention,
    CausalDecoder,
    CausalDecoderLayer,
    DecoderState,
    KeyValue,
)
from segvg.models.layers.conv_norm import ConvNorm
from segvg.models.layers.gaussian_decoder import GaussianDecoderLayer
from segvg.models.layers.grid_queries import grid_queries
from segvg.models.layers.mlp import MLP
from segvg.models.layers.normed_mlp import NormedMLP
from segvg.models.layers.position_encoding import sine_position
from segvg.models.layers.query_decoder import QueryDecoder
from segvg.models.layers.transformer import (
    DecoderLayer,
    EncoderLayer,
    add_position,
    init_matrices,
)

__all__ = [
    'MLP', 'CachedAttention', 'CausalDecoder', 'CausalDecoderLayer', 'ConvNorm',
    'DecoderLayer', 'DecoderState', 'EncoderLayer', 'GaussianDecoderLayer', 'KeyValue',
    'MultiHeadAttention', 'NormedMLP', 'QueryDecoder', 'add_position', 'additive_mask',
    'attend_mask', 'attend_outside', 'attention', 'grid_queries', 'init_matrices',
    'sine_position'
]
