"""Image encoders."""
from segvg.models.backbones.beit3 import BEiT3, MultiwayFeatures
from segvg.models.backbones.darknet53 import DarkNet53
from segvg.models.backbones.detr_encoders import (
    DETREncoder,
    MidFeatureEncoder,
    NormedEncoder,
)
from segvg.models.backbones.huggingface import HuggingFaceBackbone
from segvg.models.backbones.language_swin import LanguageSwin
from segvg.models.backbones.positioned_encoder import PositionedEncoder
from segvg.models.backbones.pyramid_backbone import PyramidBackbone
from segvg.models.backbones.resnet import ResNet
from segvg.models.backbones.text_free_backbone import TextFreeBackbone

__all__ = [
    'BEiT3', 'DETREncoder', 'DarkNet53', 'HuggingFaceBackbone', 'LanguageSwin',
    'MidFeatureEncoder', 'MultiwayFeatures', 'NormedEncoder', 'PositionedEncoder',
    'PyramidBackbone', 'ResNet', 'TextFreeBackbone'
]
