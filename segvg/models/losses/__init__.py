"""Losses: a function each, and a thin registered module around it."""
from segvg.models.losses.box_loss import BoxLoss, box_giou_loss, box_l1
from segvg.models.losses.mask_loss import FocalDiceLoss, MaskTerms, mask_terms
from segvg.models.losses.sequence_loss import SequenceLoss, smoothed_cross_entropy

__all__ = [
    'BoxLoss', 'FocalDiceLoss', 'MaskTerms', 'SequenceLoss', 'box_giou_loss',
    'box_l1', 'mask_terms', 'smoothed_cross_entropy'
]
