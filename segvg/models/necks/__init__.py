"""Fusion necks: where image and text meet."""
from segvg.models.necks.gated_product import GatedProduct
from segvg.models.necks.joint_encoder import JointEncoder
from segvg.models.necks.triple_alignment import TripleAlignment

__all__ = ['GatedProduct', 'JointEncoder', 'TripleAlignment']
