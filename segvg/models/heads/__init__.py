"""Heads: each owns its loss and its decoding."""
from segvg.models.heads.box_head import BoxHead
from segvg.models.heads.segvg_head import SegVGHead

__all__ = ['BoxHead', 'SegVGHead']
