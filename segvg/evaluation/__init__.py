"""Metrics, all in the frame of the original image and in percent."""
from segvg.evaluation.base import GroundingMetric
from segvg.evaluation.box_accuracy import BoxAccuracy
from segvg.evaluation.box_recall import BoxRecall
from segvg.evaluation.mask_iou import MaskIoU
from segvg.evaluation.phrase_cut import PhraseCutIoU
from segvg.evaluation.phrase_recall import PhraseRecall
from segvg.evaluation.seqtr_mask_iou import SeqTRMaskIoU

__all__ = [
    'BoxAccuracy', 'BoxRecall', 'GroundingMetric', 'MaskIoU', 'PhraseCutIoU',
    'PhraseRecall', 'SeqTRMaskIoU'
]
