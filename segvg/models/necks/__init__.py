"""Fusion necks: where image and text meet."""
from segvg.models.necks.gated_product import GatedProduct
from segvg.models.necks.joint_encoder import JointEncoder
from segvg.models.necks.phrase_queries import PhraseContext, PhraseQueries, whole_text
from segvg.models.necks.pixel_decoder import PixelDecoder
from segvg.models.necks.sentence_token_product import SentenceTokenProduct
from segvg.models.necks.sine_joint_encoder import SineJointEncoder
from segvg.models.necks.triple_alignment import TripleAlignment
from segvg.models.necks.typed_joint_encoder import TypedJointEncoder

__all__ = [
    'GatedProduct', 'JointEncoder', 'PhraseContext', 'PhraseQueries', 'PixelDecoder',
    'SentenceTokenProduct', 'SineJointEncoder', 'TripleAlignment', 'TypedJointEncoder',
    'whole_text'
]
