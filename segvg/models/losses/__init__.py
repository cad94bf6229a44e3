"""Losses: a function each, and a thin registered module around it."""
from segvg.models.losses.box_loss import BoxLoss, box_giou_loss, box_l1
from segvg.models.losses.energy_loss import EnergyLoss
from segvg.models.losses.instance_loss import InstanceLoss, InstanceOutputs
from segvg.models.losses.mask_loss import FocalDiceLoss, MaskTerms, mask_terms
from segvg.models.losses.matched_mask_loss import MatchedMaskLoss
from segvg.models.losses.process_mean import process_mean, zero_loss
from segvg.models.losses.region_loss import RegionLoss, RegionOutputs
from segvg.models.losses.sequence_loss import SequenceLoss, smoothed_cross_entropy
from segvg.models.losses.set_loss import SetLoss, contrastive_alignment

__all__ = [
    'BoxLoss', 'EnergyLoss', 'FocalDiceLoss', 'InstanceLoss', 'InstanceOutputs',
    'MaskTerms', 'MatchedMaskLoss', 'RegionLoss', 'RegionOutputs', 'SequenceLoss',
    'SetLoss', 'box_giou_loss', 'box_l1', 'contrastive_alignment', 'mask_terms',
    'process_mean', 'smoothed_cross_entropy', 'zero_loss'
]
