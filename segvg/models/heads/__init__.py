"""Heads: each owns its loss and its decoding."""
from segvg.models.heads.box_head import BoxHead
from segvg.models.heads.segvg_head import SegVGHead
from segvg.models.heads.sequence_head import SequenceHead
from segvg.models.heads.sequence_parts import BoxPart, ContourPart, SequencePart

__all__ = [
    'BoxHead', 'BoxPart', 'ContourPart', 'SegVGHead', 'SequenceHead', 'SequencePart'
]
