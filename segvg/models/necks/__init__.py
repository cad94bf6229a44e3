"""Fusion necks: where image and text meet."""
from segvg.models.necks.gated_product import GatedProduct, SentenceTokenProduct
from segvg.models.necks.joint_encoders import (
    JointEncoder,
    SineJointEncoder,
    TypedJointEncoder,
)
from segvg.models.necks.mask_pyramid import MaskPyramid
from segvg.models.necks.phrase_queries import PhraseContext, PhraseQueries, whole_text
from segvg.models.necks.pixel_decoder import PixelDecoder
from segvg.models.necks.simple_pyramid import SimplePyramid
from segvg.models.necks.triple_alignment import TripleAlignment

__all__ = [
    'GatedProduct', 'JointEncoder', 'MaskPyramid', 'PhraseContext', 'PhraseQueries',
    'PixelDecoder', 'SentenceTokenProduct', 'SimplePyramid', 'SineJointEncoder',
    'TripleAlignment', 'TypedJointEncoder', 'whole_text'
]
