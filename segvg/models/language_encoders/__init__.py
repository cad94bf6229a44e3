"""Language encoders."""
from segvg.models.language_encoders.transformer import LanguageTransformer

__all__ = ['LanguageTransformer']
