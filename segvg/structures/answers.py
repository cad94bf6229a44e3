"""From predictions to an answer: which of them count, or that there is nothing."""
from typing import Any, NamedTuple, Optional

import torch
from mmengine.structures import InstanceData
from torch import Tensor

from segvg.structures.masks import mask_parts


class AnswerRule(NamedTuple):
    """When a prediction counts, and when the answer is "not in this image".

    Scores and pictures follow the same rule: metrics of generalized grounding hold it,
    the inferencer and the visualizer take it from them.

    Attributes:
        score_threshold: predictions with a lower score do not count.
        no_target_threshold: ``no_target_score`` of a sample above which the answer is
            "none"; None: that score is ignored.
        min_pixels: where a sample has no ``no_target_score``: masks with fewer pixels
            together are "none"; None: they are not counted.
    """
    score_threshold: float = 0.0
    no_target_threshold: Optional[float] = None
    min_pixels: Optional[int] = None

    def counts(self, prediction: Any) -> Tensor:
        """Return which predictions have a score that is high enough, (Q,) bool.

        Args:
            prediction: ``scores`` (Q,), in an ``InstanceData`` or a dict.
        """
        # As double: 0.7 stored in float32 is less than 0.7.
        return torch.as_tensor(prediction['scores']).double() >= self.score_threshold

    def says_none(self, prediction: Any, no_target_score: Any = None) -> bool:
        """Whether the answer is that nothing in the image fits the expression.

        Args:
            prediction: ``scores`` (Q,) and, for ``min_pixels``, ``masks`` (Q, H0, W0).
            no_target_score: of the sample, or None.
        """
        counted = self.counts(prediction)
        if no_target_score is not None and self.no_target_threshold is not None:
            if float(no_target_score) > self.no_target_threshold:
                return True
        elif self.min_pixels is not None:
            masks = torch.as_tensor(prediction['masks'])[counted].bool()
            return int(masks.any(0).sum()) < self.min_pixels if len(masks) else True
        return not bool(counted.any())


def answer_indices(prediction: Any, rule: Optional[AnswerRule],
                   no_target_score: Any = None) -> Tensor:
    """Return the indices (K,) int64 of the predictions that are the answer; maybe none.

    Args:
        prediction: as for ``AnswerRule.says_none``.
        rule: which predictions are the answer; None: the best one.
        no_target_score: of the sample, or None.
    """
    scores = torch.as_tensor(prediction['scores'])
    if rule is None:
        return scores.argmax()[None] if len(scores) else scores.new_zeros(0).long()
    if rule.says_none(prediction, no_target_score):
        return scores.new_zeros(0).long()
    return rule.counts(prediction).nonzero()[:, 0]


def split_mask_parts(prediction: InstanceData, min_pixels: int = 16) -> InstanceData:
    """Return a prediction for every connected part of every mask (Q, H0, W0).

    Its box is the one around the part, its mask has these pixels only, its score is
    that of the whole mask. Objects that touch stay one, an object in two pieces becomes
    two. No published method does this.

    Args:
        prediction: with ``masks``.
        min_pixels: smaller parts are left out.

    Raises:
        ValueError: the predictions have no masks.
    """
    if 'masks' not in prediction:
        raise ValueError('parts of masks were asked for, but the predictions have no '
                         'masks')
    whole = prediction.masks.bool().cpu()
    masks, bboxes, scores = [], [], []
    for mask, score in zip(whole, prediction.scores.cpu()):
        for box, part in zip(*mask_parts(mask.numpy(), min_pixels)):
            bboxes.append(torch.from_numpy(box).float())
            masks.append(torch.from_numpy(part))
            scores.append(score)
    count = len(masks)
    return InstanceData(
        bboxes=torch.stack(bboxes) if count else torch.zeros(0, 4),
        scores=torch.stack(scores) if count else torch.zeros(0),
        masks=torch.stack(masks) if count else whole.new_zeros(0, *whole.shape[1:]))
