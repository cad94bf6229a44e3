"""Language encoders."""
from segvg.models.language_encoders.gru import WordVectorGRU
from segvg.models.language_encoders.pooled_transformer import PooledTransformer
from segvg.models.language_encoders.transformer import LanguageTransformer

__all__ = ['LanguageTransformer', 'PooledTransformer', 'WordVectorGRU']
