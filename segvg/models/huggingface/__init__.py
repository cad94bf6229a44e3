"""Encoders of the transformers library: their settings, and what all of them share."""
from segvg.models.huggingface.encoder import HuggingFaceEncoder
from segvg.models.huggingface.settings import model_settings

__all__ = ['HuggingFaceEncoder', 'model_settings']
