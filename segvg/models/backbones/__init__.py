"""Image encoders."""
from segvg.models.backbones.darknet53 import DarkNet53
from segvg.models.backbones.detr_encoder import DETREncoder
from segvg.models.backbones.language_swin import LanguageSwin
from segvg.models.backbones.mid_feature_encoder import MidFeatureEncoder
from segvg.models.backbones.normed_encoder import NormedEncoder
from segvg.models.backbones.positioned_encoder import PositionedEncoder
from segvg.models.backbones.text_free_backbone import TextFreeBackbone

__all__ = [
    'DETREncoder', 'DarkNet53', 'LanguageSwin', 'MidFeatureEncoder', 'NormedEncoder',
    'PositionedEncoder', 'TextFreeBackbone'
]
