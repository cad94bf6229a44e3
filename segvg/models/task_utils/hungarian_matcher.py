"""Which query answers for which target: the assignment of least cost."""
from typing import NamedTuple, Sequence

import torch
from torch import Tensor

from segvg.registry import TASK_UTILS
from segvg.structures.boxes import cxcywh_to_xyxy, paired_giou
from segvg.structures.packing import whole_numbers


class SetTargets(NamedTuple):
    """The T targets of an expression.

    Attributes:
        boxes: (T, 4) cxcywh in [0, 1].
        positive_map: (T, A), 1 for every class that is right for the target.
    """
    boxes: Tensor
    positive_map: Tensor


class Matches(NamedTuple):
    """M pairs of a query and a target in S sets of predictions, all int64 (M,).

    They are in the order of the sets, and all sets have the same number of pairs.

    Attributes:
        sets: which set.
        batch: which expression.
        queries: which query of it.
        targets: which target, counted over all expressions of the batch.
    """
    sets: Tensor
    batch: Tensor
    queries: Tensor
    targets: Tensor

    def last(self, sets: int) -> 'Matches':
        """Return the pairs of the last of ``sets`` sets."""
        count = self.sets.shape[0] // sets
        return Matches(*(index[self.sets.shape[0] - count:] for index in self))


def pad_targets(targets: Sequence[SetTargets]) -> tuple[Tensor, Tensor]:
    """Stack targets to boxes (B, T, 4) and maps (B, T, A); missing ones are zeros."""
    boxes, maps = (torch.nn.utils.rnn.pad_sequence(list(values), batch_first=True)
                   for values in zip(*targets, strict=True))
    return boxes, maps


@TASK_UTILS.register_module()
class HungarianMatcher:
    """The cheapest one-to-one assignment of targets to queries.

    Where no expression has more than one target that is the cheapest query, found on
    the device for all sets at once; otherwise the costs travel to the CPU once.

    Args:
        class_cost: factor of minus the probability of the right classes.
        l1_cost: factor of the L1 distance of the boxes.
        giou_cost: factor of minus their GIoU.

    Source: Carion et al., ECCV 2020; costs of Kamath et al., "MDETR", ICCV 2021.
    """

    def __init__(self, class_cost: float = 1.0, l1_cost: float = 5.0,
                 giou_cost: float = 2.0) -> None:
        self.class_cost = class_cost
        self.l1_cost = l1_cost
        self.giou_cost = giou_cost

    def cost(self, logits: Tensor, boxes: Tensor,
             targets: Sequence[SetTargets]) -> Tensor:
        """Return the costs (S, B, Q, T) of logits (S, B, Q, A) and boxes (S, B, Q, 4).

        T is the largest number of targets; columns of missing ones mean nothing.
        """
        target_boxes, maps = pad_targets(targets)  # (B, T, 4), (B, T, A)
        probs = logits.float().softmax(-1)
        right = torch.einsum('sbqa,bta->sbqt', probs, maps)
        boxes, target_boxes = boxes.float()[..., None, :], target_boxes[:, None]
        distance = (boxes - target_boxes).abs().sum(-1)
        giou = paired_giou(cxcywh_to_xyxy(boxes), cxcywh_to_xyxy(target_boxes))
        return (self.l1_cost * distance - self.class_cost * right
                - self.giou_cost * giou)

    @torch.no_grad()
    def __call__(self, logits: Tensor, boxes: Tensor,
                 targets: Sequence[SetTargets]) -> Matches:
        """Match the targets of B expressions in each of S sets.

        Args:
            logits: (S, B, Q, A).
            boxes: (S, B, Q, 4) cxcywh in [0, 1].
            targets: B entries.
        """
        return assign(self.cost(logits, boxes, targets),
                      [len(entry.boxes) for entry in targets])


@TASK_UTILS.register_module()
class PointMatcher:
    """``HungarianMatcher`` for queries that start from points of the image.

    A query is cheap for targets whose centre is near its point. Where there are more
    targets than queries, the surplus stays without one.

    Args:
        class_cost: factor of minus the probability of an object, the first class.
        l1_cost: factor of the L1 distance of the boxes.
        giou_cost: factor of minus their GIoU.
        point_cost: factor of the L1 distance of the point and the centre of the target.

    Source: Dai et al., "InstanceVG", TPAMI 2025.
    """
    EPS = 1e-6  # of the GIoU

    def __init__(self, class_cost: float = 1.0, l1_cost: float = 5.0,
                 giou_cost: float = 2.0, *, point_cost: float = 2.0) -> None:
        self.class_cost = class_cost
        self.l1_cost = l1_cost
        self.giou_cost = giou_cost
        self.point_cost = point_cost

    def cost(self, logits: Tensor, boxes: Tensor, points: Tensor,
             targets: Sequence[Tensor]) -> Tensor:
        """Return the costs (S, B, Q, T).

        T is the largest number of targets; columns of missing ones mean nothing.
        Arguments as ``__call__``.
        """
        padded = torch.nn.utils.rnn.pad_sequence(
            [own.float() for own in targets], batch_first=True)[:, None]  # (B, 1, T, 4)
        objects = logits.float().softmax(-1)[..., :1]
        boxes = boxes.float()[..., None, :]
        distance = (boxes - padded).abs().sum(-1)
        giou = paired_giou(cxcywh_to_xyxy(boxes), cxcywh_to_xyxy(padded), self.EPS)
        from_point = (points.float()[:, :, None] - padded[..., :2]).abs().sum(-1)
        return (self.l1_cost * distance - self.class_cost * objects
                - self.giou_cost * giou + self.point_cost * from_point)

    @torch.no_grad()
    def __call__(self, logits: Tensor, boxes: Tensor, points: Tensor,
                 targets: Sequence[Tensor]) -> Matches:
        """Match the targets of B expressions in each of S sets.

        Args:
            logits: (S, B, Q, A), the first class is "object".
            boxes: (S, B, Q, 4) cxcywh in [0, 1].
            points: (B, Q, 2), x, y in [0, 1].
            targets: for each expression boxes (T, 4), cxcywh in [0, 1].
        """
        return assign(self.cost(logits, boxes, points, targets),
                      [len(own) for own in targets])


def assign(cost: Tensor, counts: Sequence[int]) -> Matches:
    """Return the cheapest one-to-one assignments.

    Args:
        cost: (S, B, Q, T).
        counts: how many of the T targets each expression has.
    """
    if max(counts) > 1:
        return _assign(cost, counts)
    device = cost.device
    filled = whole_numbers([i for i, count in enumerate(counts) if count], device)
    queries = cost[:, filled, :, 0].argmin(-1) if len(filled) else (
        filled.expand(len(cost), 0))  # (S, filled)
    sets = torch.arange(len(cost), device=device)
    order = torch.arange(len(filled), device=device)
    shape = queries.shape
    return Matches(sets[:, None].expand(shape).flatten(),
                   filled.expand(shape).flatten(), queries.flatten(),
                   order.expand(shape).flatten())


def _assign(cost: Tensor, counts: Sequence[int]) -> Matches:
    """Solve the assignment of every set and expression on the CPU."""
    from scipy.optimize import linear_sum_assignment
    table = cost.cpu().numpy()
    rows = []
    for number in range(len(table)):
        first = 0
        for index, count in enumerate(counts):
            pairs = linear_sum_assignment(table[number, index, :, :count])
            rows += [(number, index, query, first + target)
                     for query, target in zip(*pairs, strict=True)]
            first += count
    columns = torch.tensor(rows, dtype=torch.int64, device=cost.device)
    return Matches(*columns.reshape(-1, 4).unbind(1))
