"""Losses of a set of predicted objects, matched one to one with targets."""
from typing import Optional, Sequence

import torch
from mmengine.dist import get_world_size
from torch import Tensor, nn

from segvg.models.losses.box_loss import box_giou_loss, box_l1
from segvg.models.losses.process_mean import process_mean
from segvg.models.task_utils import Matches, SetTargets
from segvg.registry import MODELS, TASK_UTILS


def count_boxes(targets: Sequence[SetTargets], device: torch.device) -> Tensor:
    """Return the mean number () of targets over all processes.

    All processes together have at least 1.
    """
    count = torch.full((), float(sum(len(entry.boxes) for entry in targets)),
                       device=device)
    return process_mean(count, device).clamp(min=1 / get_world_size())


def class_targets(logits: Tensor, positive_map: Tensor, matches: Matches) -> Tensor:
    """Return the class targets of all queries, (S, B, Q, A).

    They are the map of the matched target, or the last class where there is none.

    Args:
        logits: (S, B, Q, A), for shape and device.
        positive_map: (all T, A) of the targets of the whole batch.
        matches: M pairs.
    """
    targets = torch.zeros_like(logits)
    targets[..., -1] = 1
    targets[matches.sets, matches.batch, matches.queries] = (
        positive_map[matches.targets].to(targets))
    return targets


@MODELS.register_module()
class SetLoss(nn.Module):
    """Cross entropy over classes, L1 and GIoU of matched boxes, for S sets at once.

    A query without a target should predict the last class. A target may have several
    correct classes (tokens); their log-probabilities are summed, not averaged.

    Args:
        matcher: config of the matcher.
        class_weight: factor of the cross entropy.
        l1_weight: factor of the L1 term.
        giou_weight: factor of the GIoU term.
        no_object_weight: weight of queries without a target in the cross entropy.

    Source: Kamath et al., "MDETR", ICCV 2021, soft token prediction.
    """

    def __init__(self,
                 matcher: Optional[dict] = None,
                 class_weight: float = 1.0,
                 l1_weight: float = 5.0,
                 *,
                 giou_weight: float = 2.0,
                 no_object_weight: float = 0.1) -> None:
        super().__init__()
        self.matcher = TASK_UTILS.build(matcher or dict(type='HungarianMatcher'))
        self.weights = dict(loss_ce=class_weight, loss_bbox=l1_weight,
                            loss_giou=giou_weight)
        self.no_object_weight = no_object_weight

    def terms(self, logits: Tensor, boxes: Tensor, targets: Sequence[SetTargets],
              matches: Matches, num_boxes: Tensor | float) -> dict[str, Tensor]:
        """Return the terms (S,) of each set, not weighted.

        Args:
            logits: (S, B, Q, A).
            boxes: (S, B, Q, 4) cxcywh in [0, 1].
            targets: B entries.
            matches: of these sets.
            num_boxes: what the sums are divided by.
        """
        logits, boxes = logits.float(), boxes.float()
        target_boxes = torch.cat([entry.boxes for entry in targets]).float()
        maps = torch.cat([entry.positive_map for entry in targets])
        index = (matches.sets, matches.batch, matches.queries)
        weight = torch.full_like(logits[..., 0], self.no_object_weight)
        weight[index] = 1
        entropy = -(class_targets(logits, maps, matches) * logits.log_softmax(-1)
                    ).sum(-1)
        pairs = boxes[index], target_boxes[matches.targets]

        def sum_by_set(values: Tensor) -> Tensor:
            return values.new_zeros(len(logits)).index_add(0, matches.sets, values)

        return dict(loss_ce=(entropy * weight).sum((1, 2)) / num_boxes,
                    loss_bbox=sum_by_set(box_l1(*pairs)) / num_boxes,
                    loss_giou=sum_by_set(box_giou_loss(*pairs)) / num_boxes)

    def forward(self, logits: Tensor, boxes: Tensor, targets: Sequence[SetTargets],
                matches: Matches, num_boxes: Tensor | float) -> dict[str, Tensor]:
        """Return the weighted terms, summed over sets; arguments as ``terms``."""
        terms = self.terms(logits, boxes, targets, matches, num_boxes)
        return {name: self.weights[name] * value.sum() for name, value in terms.items()}


def contrastive_alignment(queries: Tensor, words: Tensor, positive: Tensor,
                          temperature: float) -> Tensor:
    """Pull queries to the words of their objects and words to their queries.

    Padding words count in the denominator too, as in the published code.

    Args:
        queries: (S, B, Q, E) of length 1.
        words: (B, L, E) of length 1.
        positive: (S, B, Q, >= L) bool.
        temperature: what the similarities are divided by.

    Returns:
        (S,), sums over queries and words.

    Source: Kamath et al., "MDETR", ICCV 2021.
    """
    logits = torch.einsum('sbqe,ble->sbql', queries.float(), words.float())
    logits = logits / temperature
    positive = positive[..., :logits.shape[-1]]
    return (_contrast(logits, positive, 3) + _contrast(logits, positive, 2)) / 2


def _contrast(logits: Tensor, positive: Tensor, dim: int) -> Tensor:
    """Return (S,): positives against all others along ``dim``, where there are any."""
    count = positive.sum(dim)
    mean_positive = logits.masked_fill(~positive, 0).sum(dim) / (count + 1e-6)
    terms = logits.logsumexp(dim) - mean_positive
    return terms.masked_fill(count == 0, 0).sum((1, 2))
