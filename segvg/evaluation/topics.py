"""HC-RefLoCo: accuracy by what a caption talks about and by the size of the person."""
from typing import NamedTuple, Sequence

import numpy as np
import torch

from segvg.evaluation.base import GroundingMetric, Terms, mean_terms, single_target
from segvg.evaluation.boxes import COCO_THRESHOLDS, best_box
from segvg.registry import METRICS
from segvg.structures.boxes import paired_iou

#: Between the topics of a caption in the ``source`` of its sample.
SEPARATOR = '; '
#: Name -> least and largest square root of the target's area, pixels.
SIZES = dict(small=(0.0, 128.0), medium=(128.0, 256.0), large=(256.0, np.inf))


class TopicResult(NamedTuple):
    """What counts of an expression.

    Attributes:
        accuracy: share of the IoU thresholds that the best box reaches.
        side: square root of the area of the target, pixels.
        topics: what the caption talks about.
    """
    accuracy: float
    side: float
    topics: tuple[str, ...]


@METRICS.register_module()
class TopicAccuracy(GroundingMetric):
    """Mean accuracy of the top-scoring box by topic of the caption and size of the box.

    Each score is the ``mAcc`` of ``BoxAccuracy`` (mean over the IoU thresholds 0.50,
    0.55, ..., 0.95) over some of the expressions: ``mAcc (Action)`` over those whose
    caption has a part about actions, ``mAcc (small)``, ``mAcc (medium)`` and
    ``mAcc (large)`` over those whose target has an area below 128 x 128 pixels, below
    256 x 256, and any other. A caption counts for each of its topics, which stand in
    the ``source`` of its sample. A topic or a size that no expression has is left out.

    Source: Wei et al., "HC-RefLoCo", NeurIPS 2024, and the evaluator beside it.
    """
    default_prefix = 'rec'

    def score(self, sample: dict) -> TopicResult:
        """Return the result of an expression."""
        target, = single_target(sample, 'TopicAccuracy').double()
        found = torch.tensor(best_box(sample), dtype=torch.float64)
        iou = float(paired_iou(found, target))
        width, height = (target[2:] - target[:2]).tolist()
        topics = str(sample.get('source') or '').split(SEPARATOR)
        return TopicResult(float(np.mean(iou >= np.array(COCO_THRESHOLDS))),
                           (width * height)**0.5, tuple(filter(None, topics)))

    def terms(self, results: Sequence[TopicResult]) -> Terms:
        """Return those of every topic and size that there is."""
        found = [TopicResult(*result) for result in results]
        accuracies = np.array([one.accuracy for one in found])
        sides = np.array([one.side for one in found])
        parts = {topic: np.array([topic in one.topics for one in found])
                 for topic in sorted({topic for one in found for topic in one.topics})}
        parts |= {name: (sides >= least) & (sides < limit)
                  for name, (least, limit) in SIZES.items()}
        return {f'mAcc ({name})': mean_terms(accuracies, counted)
                for name, counted in parts.items() if counted.any()}
