"""Generalized referring expression segmentation: many targets, one, or none."""
from typing import Callable, NamedTuple, Optional, Sequence

import numpy as np
import torch

from segvg.evaluation.base import (
    GeneralizedMetric,
    Terms,
    describe,
    get_prediction,
    mean_terms,
    official,
    official_name,
    require,
)
from segvg.registry import METRICS
from segvg.structures.answers import AnswerRule
from segvg.structures.masks import count_overlap, decode_resized, decode_segmentation

PRECISION_AT = (0.7, 0.8, 0.9)


class MaskResult(NamedTuple):
    """What counts of an expression.

    Attributes:
        intersection, union: pixels that go into the cumulative IoU.
        credit: IoU, or 1 for a right "none".
        has_target: whether there is a target.
        said_none: whether the prediction is that there is none.
    """

    intersection: int
    union: int
    credit: float
    has_target: bool
    said_none: bool


class MaskCount(NamedTuple):
    """What was counted of an expression, whatever is decided about "none" later.

    Attributes:
        intersection, union: pixels of mask and targets.
        has_target: whether there is a target.
        said_none: whether the prediction is that there is none.
        no_target_score: what that was decided by, or None.
    """

    intersection: int
    union: int
    has_target: bool
    said_none: bool
    no_target_score: Optional[float] = None

    def result(self) -> MaskResult:
        """Return what counts.

        Where there is no target, a right "none" counts 1 whatever the mask holds, and a
        missed one adds its pixels to the union. Where there is one, a wrong "none" has
        no intersection, but its mask still counts in the union.

        Source: the evaluator of ReLA (Liu et al., CVPR 2023), its four cases.
        """
        if not self.has_target:
            return MaskResult(0, 0 if self.said_none else self.union,
                              float(self.said_none), False, self.said_none)
        intersection = 0 if self.said_none else self.intersection
        credit = intersection / self.union if self.union else 0.0
        return MaskResult(intersection, self.union, credit, True, self.said_none)


def compare_masks(mask: np.ndarray, target: np.ndarray, has_target: bool,
                  said_none: bool) -> MaskResult:
    """Compare a mask (H, W) bool with the union of the targets (H, W) bool."""
    if not has_target:
        target = np.zeros_like(mask)
    return MaskCount(*count_overlap(mask, target), has_target, said_none).result()


def generalized_terms(results: Sequence[MaskResult]) -> Terms:
    """Return the terms of gIoU, cIoU, N-acc, T-acc, Pr@0.7 to Pr@0.9, mIoU and oIoU.

    N-acc is the share of the expressions without a target that were found to have none,
    T-acc that of the others found to have one; as in the published evaluator both are 0
    where every expression has a target. mIoU and oIoU are gIoU and cIoU of the
    expressions with a target. Pr@t counts expressions with a target; without
    any it is 0, where the published evaluator stops.
    """
    credit = np.array([result.credit for result in results])
    targets = np.array([result.has_target for result in results])
    said_none = np.array([result.said_none for result in results])
    pixels = np.array([(result.intersection, result.union) for result in results],
                      dtype=np.float64)
    found = ~said_none & (not targets.all())
    terms = {'gIoU': mean_terms(credit), 'cIoU': pixels,
             'N-acc': mean_terms(said_none, ~targets),
             'T-acc': mean_terms(found, targets)}
    for threshold in PRECISION_AT:
        terms[f'Pr@{threshold}'] = mean_terms(credit >= threshold, targets)
    terms['mIoU with targets'] = mean_terms(credit, targets)
    terms['oIoU with targets'] = pixels * targets[:, None]
    return terms


@METRICS.register_module()
class GeneralizedMaskIoU(GeneralizedMetric):
    """gIoU, cIoU, N-acc, T-acc and Pr@t of masks in the original image.

    The prediction is the union of the masks whose score is high enough, and of the
    ``global_mask`` of a sample, where a head sets one. Whether it is "none" is decided
    by the sample's ``no_target_score``, a probability that a head sets; without one, by
    the number of pixels.

    Args:
        no_target_threshold: probability above which the prediction is "none". Choose it
            on val, never on the split that is reported
            (tools/analysis_tools/choose_threshold.py).
        min_pixels: without a ``no_target_score``: fewer predicted pixels are "none".
            None: a head has to set the score.
        score_threshold: masks with a lower score are left out.
    """
    default_prefix = 'gres'
    headline = 'gIoU'

    def __init__(self, no_target_threshold: float = 0.5,
                 min_pixels: Optional[int] = None, score_threshold: float = 0.0,
                 **kwargs) -> None:
        super().__init__(AnswerRule(score_threshold, no_target_threshold, min_pixels),
                         **kwargs)

    def score(self, sample: dict) -> MaskCount:
        """Return what there is to count of an expression."""
        prediction, has_target = get_prediction(sample), not sample['no_target']
        target = self.target_mask(sample)
        mask, none = self.predicted_mask(sample, target.shape), self.none_score(sample)
        return MaskCount(*count_overlap(mask, target), has_target,
                         self.rule.says_none(prediction, none), none)

    def none_score(self, sample: dict) -> Optional[float]:
        """Return what decides about "none", or None where pixels do.

        Raises:
            KeyError: nothing does.
        """
        none = sample.get('no_target_score')
        if none is None and self.rule.min_pixels is None:
            raise KeyError(f'{describe(sample)} has no no_target_score; for heads that '
                           f'set none give {type(self).__name__} min_pixels')
        return None if none is None else float(none)

    def predicted_mask(self, sample: dict, shape: tuple[int, int]) -> np.ndarray:
        """Return the union (H0, W0) bool of the masks that count."""
        return answer_mask(sample, self.rule, shape)

    def target_mask(self, sample: dict) -> np.ndarray:
        """Return the union (H0, W0) bool of the annotated masks."""
        shape = tuple(sample['ori_shape'])
        return unite_records(sample, shape,
                             lambda record: decode_segmentation(record, *shape))

    def terms(self, results: list[MaskCount]) -> Terms:
        """Return those of all scores."""
        return generalized_terms([MaskCount(*result).result() for result in results])

    def sweep(self, results: Sequence[MaskCount],
              thresholds: Sequence[float]) -> list[dict[str, float]]:
        """Return the scores with other values of ``no_target_threshold``."""
        return self.sweep_counts([MaskCount(*result) for result in results], thresholds)

    def sweep_counts(self, counts: Sequence[MaskCount],
                     thresholds: Sequence[float]) -> list[dict[str, float]]:
        """Return the scores of counts that have a ``no_target_score``.

        Raises:
            ValueError: "none" was not decided by a score.
        """
        if any(count.no_target_score is None for count in counts):
            raise ValueError('a no_target_threshold is chosen for heads that set a '
                             'no_target_score; these predictions have none')
        return [self.compute_metrics([
            count._replace(said_none=count.no_target_score > threshold)
            for count in counts]) for threshold in thresholds]


@METRICS.register_module()
class NetworkGeneralizedMaskIoU(GeneralizedMaskIoU):
    """ReLA's official rule: masks are compared in the image as the network saw it.

    For comparison with the published numbers only: the published evaluator compares
    masks of 480 x 480 pixels, whatever the shape of the image was. Reads
    ``canvas_masks`` of the predictions; annotated polygons are scaled and filled at
    that size. Names end in ``(official ReLA)``.

    Source: the evaluator of ReLA (Liu et al., CVPR 2023).
    """
    frame = 'network'
    headline = official_name('ReLA', 'gIoU')

    def predicted_mask(self, sample: dict, shape: tuple[int, int]) -> np.ndarray:
        """Return the union (h, w) bool of the masks that count."""
        return answer_mask(sample, self.rule, shape, on_canvas=True)

    def target_mask(self, sample: dict) -> np.ndarray:
        """Return the union (h, w) bool of the annotated masks."""
        size, new_size = tuple(sample['ori_shape']), tuple(sample['img_shape'])
        return unite_records(sample, new_size,
                             lambda record: decode_resized(record, size, new_size))

    def terms(self, results: list) -> Terms:
        """Return those of all scores, named as official."""
        return official('ReLA', super().terms(results))


def answer_mask(sample: dict, rule: AnswerRule, shape: tuple[int, int],
                on_canvas: bool = False) -> np.ndarray:
    """Return what is drawn as the answer (H, W): masks that count and the global one.

    Args:
        sample: with predictions.
        rule: which masks count.
        shape: H, W.
        on_canvas: take the masks of the image as the network saw it.
    """
    prefix = 'canvas_' if on_canvas else ''
    union = unite(require(sample, f'{prefix}masks'),
                  rule.counts(get_prediction(sample)), shape, sample)
    whole = sample.get(f'{prefix}global_mask')
    if whole is None:
        return union
    return union | unite(torch.as_tensor(whole)[None], torch.ones(1, dtype=torch.bool),
                         shape, sample)


def unite(masks: torch.Tensor, counted: torch.Tensor, shape: tuple[int, int],
          sample: dict) -> np.ndarray:
    """Return the union (H, W) bool of those masks (Q, H, W) that count.

    Args:
        masks: bool or 0/1.
        counted: which ones count, (Q,) bool.
        shape: H, W.
        sample: for the message.

    Raises:
        ValueError: they have another shape.
    """
    masks = torch.as_tensor(masks)[counted].bool().cpu()
    if not len(masks):
        return np.zeros(shape, dtype=bool)
    if tuple(masks.shape[1:]) != shape:
        raise ValueError(f'the predicted mask of {describe(sample)} has the shape '
                         f'{tuple(masks.shape[1:])}, the image {shape}')
    return (masks[0] if len(masks) == 1 else masks.any(0)).numpy()


def unite_records(sample: dict, shape: tuple[int, int],
                  decode: Callable[[dict], np.ndarray]) -> np.ndarray:
    """Return the union (H, W) bool of the annotated masks of a sample.

    Args:
        sample: with ``image_instances``.
        shape: H, W.
        decode: makes a mask (H, W) bool of a record.

    Raises:
        ValueError: one cannot be read.
    """
    union = None
    for record in sample['image_instances']['segmentations']:
        try:
            mask = decode(record)
        except (ValueError, OSError) as error:
            raise ValueError(f'the mask of {describe(sample)} cannot be read: {error}'
                             ) from error
        union = mask if union is None else union | mask
    if union is None:
        return np.zeros(shape, dtype=bool)
    # Decoders write columns; what is compared with it has rows one after the other,
    # and to mix both takes ten times as long.
    return np.ascontiguousarray(union)
