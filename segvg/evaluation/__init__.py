"""Metrics, all in the frame of the original image and in percent."""
from segvg.evaluation.base import GroundingMetric
from segvg.evaluation.box_accuracy import BoxAccuracy
from segvg.evaluation.box_recall import BoxRecall
from segvg.evaluation.generalized import GeneralizedMetric, answer_rule
from segvg.evaluation.generalized_boxes import GeneralizedBoxF1
from segvg.evaluation.generalized_iou import GeneralizedMaskIoU
from segvg.evaluation.mask_iou import MaskIoU
from segvg.evaluation.mask_part_boxes import MaskPartBoxF1
from segvg.evaluation.mean_box_accuracy import MeanBoxAccuracy
from segvg.evaluation.network_generalized_iou import NetworkGeneralizedMaskIoU
from segvg.evaluation.network_mask_iou import NetworkMaskIoU
from segvg.evaluation.phrase_cut import PhraseCutIoU
from segvg.evaluation.phrase_recall import PhraseRecall
from segvg.evaluation.prediction_log import PredictionLog
from segvg.evaluation.robust_mask_iou import RobustMaskIoU
from segvg.evaluation.seqtr_mask_iou import SeqTRMaskIoU
from segvg.evaluation.threshold_sweep import ThresholdSweep

__all__ = [
    'BoxAccuracy', 'BoxRecall', 'GeneralizedBoxF1', 'GeneralizedMaskIoU',
    'GeneralizedMetric', 'GroundingMetric', 'MaskIoU', 'MaskPartBoxF1',
    'MeanBoxAccuracy', 'NetworkGeneralizedMaskIoU', 'NetworkMaskIoU', 'PhraseCutIoU',
    'PhraseRecall', 'PredictionLog', 'RobustMaskIoU', 'SeqTRMaskIoU', 'ThresholdSweep',
    'answer_rule'
]
