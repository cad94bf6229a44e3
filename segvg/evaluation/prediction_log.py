"""The answer to every expression, for a result card; not a score."""
from typing import Any, Optional

import numpy as np
import torch

from segvg.evaluation.base import GroundingMetric, get_prediction
from segvg.registry import METRICS
from segvg.structures.answers import AnswerRule, answer_indices
from segvg.structures.masks import encode_rle

#: Characters of an answer in words that are kept.
TEXT_LENGTH = 2000
NAMES = ('img_id', 'expr_id', 'ref_id', 'text', 'img_path')


@METRICS.register_module()
class PredictionLog(GroundingMetric):
    """Keeps the answers of a test.

    Args:
        rule: which predictions are the answer; None: the best one.

    Attributes:
        rows: after ``evaluate`` one dict per expression, in the order of ``keys``:
            ``dataset``, ``split``, ``expr_idx``, ``img_id``, ``expr_id``, ``ref_id``,
            ``text``, ``img_path``, ``size`` (height, width), ``targets`` (boxes),
            ``bboxes`` and ``scores`` of the answer, ``mask`` (its union as a run-length
            code, or None) and ``no_target_score``. Boxes are xyxy, in the image. Of a
            model that answers in words also ``answer_text`` and ``unreadable``.
    """
    default_prefix = 'log'

    def __init__(self, rule: Optional[AnswerRule] = None, **kwargs) -> None:
        super().__init__(**kwargs)
        self.rule = rule
        self.rows: list[dict] = []

    def score(self, sample: dict) -> dict[str, Any]:
        """Return what a row has to hold."""
        prediction = get_prediction(sample)
        none = sample.get('no_target_score')
        kept = answer_indices(prediction, self.rule, none)
        row = {name: sample.get(name) for name in NAMES}
        if 'answer_text' in sample:
            row.update(answer_text=sample['answer_text'][:TEXT_LENGTH],
                       unreadable=sample['unreadable'])
        targets = torch.as_tensor(sample['image_instances']['bboxes'])
        return dict(
            row, size=list(sample['ori_shape']), targets=_rounded(targets),
            bboxes=_rounded(prediction['bboxes'][kept]),
            scores=[round(float(score), 4) for score in prediction['scores'][kept]],
            mask=_united(prediction, kept),
            no_target_score=None if none is None else round(float(none), 4))

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Fill ``rows``; there are no scores."""
        self.rows = [dict(dataset=dataset, split=split, expr_idx=expr_idx, **result)
                     for (dataset, split, expr_idx), result in zip(
                         self.keys, results, strict=True)]
        return {}


def _rounded(boxes: torch.Tensor) -> list[list[float]]:
    """Return boxes (N, 4) to a hundredth of a pixel."""
    return [[round(value, 2) for value in box] for box in boxes.tolist()]


def _united(prediction: dict, kept: torch.Tensor) -> Optional[dict]:
    """Return the union of the masks that are the answer; None without masks."""
    if 'masks' not in prediction or not len(kept):
        return None
    masks = torch.as_tensor(prediction['masks'])[kept].bool().cpu().numpy()
    return encode_rle(np.logical_or.reduce(masks))
