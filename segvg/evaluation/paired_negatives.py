"""FineCops-Ref: scores of true expressions and of false ones that are made of them."""
from collections import defaultdict
from typing import NamedTuple, Optional, Sequence

import numpy as np
import torch

from segvg.evaluation.base import (
    GroundingMetric,
    describe,
    get_prediction,
    single_target,
)
from segvg.evaluation.boxes import best_box
from segvg.registry import METRICS
from segvg.structures.boxes import paired_iou

HIT_IOU = 0.5


class PairedResult(NamedTuple):
    """What counts of an expression.

    Attributes:
        split: data set and split, within which expressions are paired.
        expr_id: id of the expression, as text.
        negative_of: id of the true expression it was made of; None for a true one.
        part: its level, or the kind of false expression.
        is_right: whether the best box has an IoU of at least 0.5; False for a false
            expression.
        score: the highest score; 0 without a box.
    """
    split: tuple
    expr_id: str
    negative_of: Optional[str]
    part: str
    is_right: bool
    score: float


@METRICS.register_module()
class PairedNegatives(GroundingMetric):
    """Precision@1, Recall@1 and AUROC of true expressions with paired false ones.

    ``Precision@1 (level n)``: share of the true expressions of a level whose best box,
    the one with the highest score, is right.

    The other scores are given for each kind of false expression (text or image, what
    was changed, its level), over the true expressions that have a false one of the
    kind. ``Recall@1``: share of these whose best box is right and scores at least as
    high as every box of their false ones. ``AUROC``: share of the combinations of a
    false and a true expression in which the false one has the lower score. A tie counts
    half, and a true expression counts once for each of its false ones. ``Recall@1`` and
    ``AUROC`` without a kind are the means over kinds.

    Kind and level are the ``source`` of a sample; ``negative_of`` is the ``expr_id`` of
    the true expression that a false one is made of.

    Source: Liu et al., "FineCops-Ref", EMNLP 2024, and the evaluator beside it.
    """
    default_prefix = 'finecops'

    def score(self, sample: dict) -> PairedResult:
        """Return the result of an expression.

        Raises:
            ValueError: the sample has no part, or a true one not exactly one target.
        """
        part, negative_of = sample.get('source'), sample.get('negative_of')
        if part is None:
            raise ValueError(f'{describe(sample)} has no source: PairedNegatives needs '
                             'its level, or the kind of false expression')
        is_right = False
        if negative_of is None:
            target = single_target(sample, 'PairedNegatives')
            found = torch.tensor(best_box(sample), dtype=torch.float64)
            is_right = float(paired_iou(found, target.double())) >= HIT_IOU
        scores = torch.as_tensor(get_prediction(sample)['scores']).double()
        return PairedResult(
            (sample.get('dataset'), sample.get('split')), str(sample['expr_id']),
            None if negative_of is None else str(negative_of), part, is_right,
            float(scores.max()) if len(scores) else 0.0)

    def compute_metrics(self, results: list[PairedResult]) -> dict[str, float]:
        """Return precision by level, recall and AUROC by kind and their means.

        Raises:
            ValueError: a false expression has no true one among the results.
        """
        found = [PairedResult(*result) for result in results]
        true = {(one.split, one.expr_id): one for one in found
                if one.negative_of is None}
        levels, kinds = defaultdict(list), defaultdict(lambda: defaultdict(list))
        for one in found:
            if one.negative_of is None:
                levels[one.part].append(one.is_right)
                continue
            pair = one.split, one.negative_of
            if pair not in true:
                raise ValueError(f'expression {one.expr_id} is made of '
                                 f'{one.negative_of}, which is not scored: score both')
            kinds[one.part][pair].append(one.score)
        scores = {f'Precision@1 ({level})': 100 * float(np.mean(levels[level]))
                  for level in sorted(levels)}
        recalls, areas = {}, {}
        for kind in sorted(kinds):
            pairs = kinds[kind]
            recalls[kind] = 100 * float(np.mean([
                true[pair].is_right and true[pair].score >= max(false)
                for pair, false in pairs.items()]))
            areas[kind] = 100 * auroc(
                [true[pair].score for pair, false in pairs.items() for _ in false],
                [score for false in pairs.values() for score in false])
        for name, values in (('Recall@1', recalls), ('AUROC', areas)):
            if values:
                scores[name] = float(np.mean(list(values.values())))
            scores |= {f'{name} ({kind})': value for kind, value in values.items()}
        return scores


def auroc(true: Sequence[float], false: Sequence[float]) -> float:
    """Return the share of combinations with a higher true score; a tie is half."""
    ranked = np.sort(np.asarray(false, dtype=np.float64))
    lower = np.searchsorted(ranked, true, side='left')
    upper = np.searchsorted(ranked, true, side='right')
    return float((lower + upper).sum() / (2 * len(true) * len(false)))
