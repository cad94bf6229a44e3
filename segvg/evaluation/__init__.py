"""Metrics, all in percent and, unless their name says otherwise, in the original image.
"""
from segvg.evaluation.answer_masks import (
    AnswerMaskIoU,
    NetworkAnswerMaskIoU,
    NetworkGeneralizedAnswerIoU,
    NetworkRobustAnswerIoU,
)
from segvg.evaluation.base import GeneralizedMetric, GroundingMetric
from segvg.evaluation.boxes import BoxAccuracy, BoxRecall, MeanBoxAccuracy
from segvg.evaluation.descriptions import DescriptionAP
from segvg.evaluation.generalized_boxes import GeneralizedBoxF1, MaskPartBoxF1
from segvg.evaluation.generalized_masks import (
    GeneralizedMaskIoU,
    NetworkGeneralizedMaskIoU,
)
from segvg.evaluation.masks import MaskIoU, NetworkMaskIoU, SeqTRMaskIoU
from segvg.evaluation.paired_negatives import PairedNegatives
from segvg.evaluation.phrases import PhraseCutIoU, PhraseRecall
from segvg.evaluation.prediction_dump import PredictionDump
from segvg.evaluation.prediction_log import PredictionLog
from segvg.evaluation.refdrone import RefDroneF1
from segvg.evaluation.robust_masks import RobustMaskIoU
from segvg.evaluation.thresholds import ThresholdSweep, answer_rule
from segvg.evaluation.topics import TopicAccuracy

__all__ = [
    'AnswerMaskIoU', 'BoxAccuracy', 'BoxRecall', 'DescriptionAP', 'GeneralizedBoxF1',
    'GeneralizedMaskIoU', 'GeneralizedMetric', 'GroundingMetric', 'MaskIoU',
    'MaskPartBoxF1', 'MeanBoxAccuracy', 'NetworkAnswerMaskIoU',
    'NetworkGeneralizedAnswerIoU', 'NetworkGeneralizedMaskIoU', 'NetworkMaskIoU',
    'NetworkRobustAnswerIoU', 'PairedNegatives', 'PhraseCutIoU', 'PhraseRecall',
    'PredictionDump', 'PredictionLog', 'RefDroneF1', 'RobustMaskIoU', 'SeqTRMaskIoU',
    'ThresholdSweep', 'TopicAccuracy', 'answer_rule'
]
