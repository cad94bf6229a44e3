"""Metrics, all in the frame of the original image and in percent."""
from segvg.evaluation.base import GroundingMetric
from segvg.evaluation.box_accuracy import BoxAccuracy
from segvg.evaluation.mask_iou import MaskIoU
from segvg.evaluation.seqtr_mask_iou import SeqTRMaskIoU

__all__ = ['BoxAccuracy', 'GroundingMetric', 'MaskIoU', 'SeqTRMaskIoU']
