"""Image encoders."""
from segvg.models.backbones.darknet53 import DarkNet53
from segvg.models.backbones.detr_encoder import DETREncoder

__all__ = ['DETREncoder', 'DarkNet53']
