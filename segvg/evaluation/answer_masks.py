"""Masks that several instances and one mask of all targets draw together.

The official rules of InstanceVG compare masks at the size of the network, and take the
annotated masks to that size by nearest neighbour.
"""
from typing import Callable, Optional

import cv2
import numpy as np

from segvg.evaluation.base import (
    GroundingMetric,
    Terms,
    official,
    official_name,
    threshold_terms,
)
from segvg.evaluation.generalized_masks import (
    GeneralizedMaskIoU,
    answer_mask,
    unite_records,
)
from segvg.evaluation.robust_masks import RobustCount, RobustMaskIoU, robust_scores
from segvg.registry import METRICS
from segvg.structures.answers import AnswerRule
from segvg.structures.masks import count_overlap, decode_segmentation

METHOD = 'InstanceVG'
THRESHOLD = 0.7


def resized_targets(sample: dict) -> np.ndarray:
    """Return the union (h, w) of annotated masks, resized to the network's size."""
    size, new_size = tuple(sample['ori_shape']), tuple(sample['img_shape'])

    def decode(record: dict) -> np.ndarray:
        mask = decode_segmentation(record, *size).astype(np.uint8)
        return cv2.resize(mask, new_size[::-1], interpolation=cv2.INTER_NEAREST) > 0

    return unite_records(sample, new_size, decode)


def original_targets(sample: dict) -> np.ndarray:
    """Return the union (H0, W0) of annotated masks."""
    shape = tuple(sample['ori_shape'])
    return unite_records(sample, shape,
                         lambda record: decode_segmentation(record, *shape))


@METRICS.register_module()
class AnswerMaskIoU(GroundingMetric):
    """IoU of all that is drawn with the targets, in the original image.

    The masks of instances with a high score are drawn, and the ``global_mask`` of the
    sample, even if no instance has a high score. ``oIoU`` is the sum of all
    intersections over the sum of all unions, ``mIoU`` the mean over expressions,
    ``Pr@t`` the share with an IoU of at least t. Expressions without a target are left
    out.

    Args:
        score_threshold: masks of instances with a lower score are not drawn.
    """
    default_prefix = 'res'
    on_canvas = False
    targets: Callable[[dict], np.ndarray] = staticmethod(original_targets)

    def __init__(self, score_threshold: float = THRESHOLD, *,
                 prefix: Optional[str] = None) -> None:
        super().__init__(prefix=prefix)
        self.rule = AnswerRule(score_threshold)

    def score(self, sample: dict) -> Optional[tuple[int, int]]:
        """Return the pixels in the intersection and in the union; None: no target."""
        if not len(sample['image_instances']['bboxes']):
            return None
        target = self.targets(sample)
        return count_overlap(
            answer_mask(sample, self.rule, target.shape, self.on_canvas), target)

    def terms(self, results: list[Optional[tuple[int, int]]]) -> Terms:
        """Return those of ``oIoU``, ``mIoU`` and ``Pr@0.5`` ... ``Pr@0.9``."""
        counted = np.array([result is not None for result in results])
        pixels = np.array([result or (0, 0) for result in results], dtype=np.float64)
        terms = threshold_terms(pixels[:, 0] / pixels[:, 1].clip(min=1), 'Pr')
        return dict(oIoU=pixels) | {name: values * counted[:, None]
                                    for name, values in terms.items()}


@METRICS.register_module()
class NetworkAnswerMaskIoU(AnswerMaskIoU):
    """``AnswerMaskIoU`` in the image as the network saw it, InstanceVG's official rule.

    Its scores are those of RES and, for expressions with a target, of Ref-ZOM. Names
    end in ``(official InstanceVG)``.
    """
    frame = 'network'
    on_canvas = True
    targets = staticmethod(resized_targets)

    def terms(self, results: list) -> Terms:
        """Return those of all scores, named as official."""
        return official(METHOD, super().terms(results))


class NetworkAnswers:
    """Compares all that is drawn, in the image as the network saw it.

    A mixin of mask metrics with a threshold for the answer "none".

    Args:
        score_threshold: instances with a lower score do not count.
    """
    frame = 'network'
    rule: AnswerRule

    def __init__(self, score_threshold: float = THRESHOLD, **kwargs) -> None:
        super().__init__(no_target_threshold=1 - score_threshold,
                         score_threshold=score_threshold, **kwargs)

    def predicted_mask(self, sample: dict, shape: tuple[int, int]) -> np.ndarray:
        """Return all (h, w) that is drawn."""
        return answer_mask(sample, self.rule, shape, on_canvas=True)

    def target_mask(self, sample: dict) -> np.ndarray:
        """Return the union (h, w) bool of the annotated masks."""
        return resized_targets(sample)


@METRICS.register_module()
class NetworkGeneralizedAnswerIoU(NetworkAnswers, GeneralizedMaskIoU):
    """``GeneralizedMaskIoU`` in the image as the network saw it.

    InstanceVG's official rule of GRES; the answer is "none" if no instance has a
    high score. Names end in ``(official InstanceVG)``.

    Args:
        score_threshold: instances with a lower score do not count.
    """
    headline = official_name(METHOD, 'gIoU')

    def terms(self, results: list) -> Terms:
        """Return those of all scores, named as official."""
        return official(METHOD, super().terms(results))


@METRICS.register_module()
class NetworkRobustAnswerIoU(NetworkAnswers, RobustMaskIoU):
    """``RobustMaskIoU`` in the image as the network saw it, by InstanceVG's rules.

    What is drawn for a true sentence counts even if no instance has a high score. A
    false sentence is right only if no instance has a high score. Names end in
    ``(official InstanceVG)``.

    Args:
        score_threshold: instances with a lower score do not count.
    """
    headline = official_name(METHOD, 'rIoU')

    def compute_metrics(self, results: list[RobustCount]) -> dict[str, float]:
        """Return the scores, named as official.

        The published code divides by 0 when no object has a sentence of one kind.
        """
        counts = [RobustCount(*result) for result in results]
        scores = robust_scores(
            [count._replace(said_none=count.said_none and not count.exists)
             for count in counts], rejected=lambda count: count.said_none)
        return {official_name(METHOD, name): score for name, score in scores.items()}
