"""Image encoders."""
from segvg.models.backbones.darknet53 import DarkNet53
from segvg.models.backbones.detr_encoder import DETREncoder
from segvg.models.backbones.mid_feature_encoder import MidFeatureEncoder
from segvg.models.backbones.normed_encoder import NormedEncoder

__all__ = ['DETREncoder', 'DarkNet53', 'MidFeatureEncoder', 'NormedEncoder']
