"""Image encoders."""
from segvg.models.backbones.detr_encoder import DETREncoder

__all__ = ['DETREncoder']
