"""Language encoders."""
from segvg.models.language_encoders.gru import WordVectorGRU
from segvg.models.language_encoders.huggingface import (
    HuggingFaceTextEncoder,
    SentenceEncoder,
)
from segvg.models.language_encoders.transformer import (
    LanguageTransformer,
    PooledTransformer,
)

__all__ = [
    'HuggingFaceTextEncoder', 'LanguageTransformer', 'PooledTransformer',
    'SentenceEncoder', 'WordVectorGRU'
]
