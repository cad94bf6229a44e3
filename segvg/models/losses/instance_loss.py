"""InstanceVG's losses: instances with boxes and masks, one mask of all, and "none"."""
from typing import NamedTuple, Optional, Sequence

import torch
import torch.nn.functional as F
from mmengine.dist import get_world_size
from torch import Tensor, nn

from segvg.models.losses.box_loss import box_l1
from segvg.models.losses.process_mean import process_mean
from segvg.models.losses.region_loss import weighted_cross_entropy
from segvg.models.task_utils import Matches
from segvg.registry import MODELS, TASK_UTILS
from segvg.structures.boxes import cxcywh_to_xyxy, paired_giou
from segvg.structures.packing import true_positions, whole_numbers

GIOU_EPS = 1e-6


class InstanceOutputs(NamedTuple):
    """Predictions of D layers for Q queries; masks and points have one for all layers.

    Attributes:
        class_logits: (D, B, Q, 2), of "object" and "no object".
        boxes: (D, B, Q, 4) cxcywh in [0, 1] of the canvas.
        masks: (B, Q, h, w), logits of the last layer.
        global_mask: (B, h, w), logits of the union of all targets.
        existence: (B, 2), logits of "there is a target" and "there is none".
        attention: (B, h', w'), where the words look: values of a softmax.
        points: (B, Q, 2), x, y in [0, 1], where the queries start.
    """
    class_logits: Tensor
    boxes: Tensor
    masks: Tensor
    global_mask: Tensor
    existence: Tensor
    attention: Tensor
    points: Tensor


def enlarge(masks: Tensor, size: Sequence[int]) -> Tensor:
    """Return masks (N, M, h, w) at another size (H, W); corners stay corners."""
    return F.interpolate(masks.float(), size=tuple(size), mode='bilinear',
                         align_corners=True)


def mean_count(count: int, device: torch.device) -> Tensor:
    """Return the mean () of a number over processes; all together have at least 1."""
    mean = process_mean(torch.full((), float(count), device=device), device)
    return mean.clamp(min=1 / get_world_size())


def dice_and_entropy(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean dice loss plus the mean cross-entropy of M masks, ().

    Without any mask the loss is 0; the published one is not a number.

    Args:
        logits: (M, H, W).
        targets: (M, H, W) of 0 and 1.
    """
    count = mean_count(len(logits), logits.device)
    logits, targets = logits.flatten(1), targets.flatten(1).to(logits)
    probs = logits.sigmoid()
    both = probs.sum(1) + targets.sum(1)
    dice = 1 - (2 * (probs * targets).sum(1) + 1) / (both + 1)
    entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction='none')
    return (dice + entropy.mean(1)).sum() / count


@MODELS.register_module()
class InstanceLoss(nn.Module):
    """Classes and boxes of every layer, masks of the last, and of all targets together.

    Args:
        matcher: config of the matcher.
        class_weight: factor of the cross-entropy of classes in the last layer.
        l1_weight: factor of the L1 term of boxes in the last layer.
        giou_weight: factor of their GIoU term in the last layer.
        weigh_all_layers: use these three factors in the other layers too; published,
            these count each of their terms once.
        detection_weight: factor of classes and boxes of all layers together.
        no_object_weight: weight of queries without a target in their cross-entropy.
        unmatched_weight: factor of the masks of queries without a target, which are to
            be empty; 0: they are not looked at.
        attention_weight: factor of the map where the words look. Its values are those
            of a softmax and are used as logits, as published.
        existence_weight: factor of "there is a target".
        existence_class_weights: of "there is one" and "there is none".

    Source: Dai et al., "InstanceVG", TPAMI 2025.
    """

    def __init__(self,
                 matcher: Optional[dict] = None,
                 class_weight: float = 1.0,
                 l1_weight: float = 5.0,
                 giou_weight: float = 2.0,
                 *,
                 weigh_all_layers: bool = False,
                 detection_weight: float = 0.1,
                 no_object_weight: float = 0.1,
                 unmatched_weight: float = 0.2,
                 attention_weight: float = 0.1,
                 existence_weight: float = 0.2,
                 existence_class_weights: Sequence[float] = (0.9, 1.1)) -> None:
        super().__init__()
        self.matcher = TASK_UTILS.build(matcher or dict(type='PointMatcher'))
        self.box_weights = dict(loss_class=class_weight, loss_bbox=l1_weight,
                                loss_giou=giou_weight)
        self.weigh_all_layers = weigh_all_layers
        self.detection_weight = detection_weight
        self.no_object_weight = no_object_weight
        self.unmatched_weight = unmatched_weight
        self.attention_weight = attention_weight
        self.existence_weight = existence_weight
        self.existence_class_weights = tuple(existence_class_weights)

    def match(self, outputs: InstanceOutputs, boxes: Sequence[Tensor]) -> Matches:
        """Return the pairs of queries and targets in every layer."""
        return self.matcher(outputs.class_logits, outputs.boxes, outputs.points, boxes)

    def box_terms(self, outputs: InstanceOutputs, boxes: Sequence[Tensor],
                  matches: Matches) -> dict[str, Tensor]:
        """Return the terms (D,) of classes and boxes of every layer, not weighted.

        Args:
            outputs: of B expressions.
            boxes: for each expression (T, 4) cxcywh in [0, 1] of the canvas.
            matches: of all layers.
        """
        index = (matches.sets, matches.batch, matches.queries)
        logits = outputs.class_logits.float()
        empty = torch.ones_like(logits[..., 0])
        empty[index] = 0
        targets = torch.cat(list(boxes)).float()[matches.targets]
        paired = outputs.boxes.float()[index]
        giou = paired_giou(cxcywh_to_xyxy(paired), cxcywh_to_xyxy(targets), GIOU_EPS)
        count = mean_count(sum(map(len, boxes)), logits.device)

        def sum_by_layer(values: Tensor) -> Tensor:
            return values.new_zeros(len(logits)).index_add(0, matches.sets, values)

        return dict(
            loss_class=torch.stack([
                weighted_cross_entropy(layer[..., 1] - layer[..., 0], none,
                                       (1.0, self.no_object_weight))
                for layer, none in zip(logits, empty, strict=True)]),
            loss_bbox=sum_by_layer(box_l1(paired, targets)) / count,
            loss_giou=sum_by_layer(1 - giou) / count)

    def mask_terms(self, outputs: InstanceOutputs, masks: Sequence[Tensor],
                   matches: Matches) -> dict[str, Tensor]:
        """Return the terms () of masks, weighted.

        Args:
            outputs: of B expressions.
            masks: for each expression (T, H, W) bool.
            matches: of all layers; the last one counts.
        """
        size = masks[0].shape[-2:]
        union = torch.stack([own.any(0) for own in masks]).float()  # (B, H, W)
        _, batch, queries, targets = matches.last(len(outputs.boxes))
        parts = dice_and_entropy(self._full_size(outputs.masks[batch, queries], size),
                                 torch.cat(list(masks))[targets])
        if self.unmatched_weight:
            unmatched = torch.ones_like(outputs.masks[..., 0, 0], dtype=torch.bool)
            unmatched[batch, queries] = False
            rest = self._full_size(outputs.masks.flatten(0, 1)[true_positions(
                unmatched, unmatched.numel() - batch.shape[0])], size)
            parts = parts + self.unmatched_weight * dice_and_entropy(
                rest, torch.zeros_like(rest))
        small = F.interpolate(union[:, None], size=outputs.attention.shape[-2:],
                              mode='nearest')[:, 0]
        return dict(
            loss_parts=parts,
            loss_global=dice_and_entropy(self._full_size(outputs.global_mask, size),
                                         union),
            loss_attention=self.attention_weight * dice_and_entropy(
                outputs.attention.float(), small))

    @staticmethod
    def _full_size(masks: Tensor, size: Sequence[int]) -> Tensor:
        """Return masks (M, h, w) as (M, H, W); M may be 0."""
        return enlarge(masks[:, None], size)[:, 0]

    def existence_term(self, outputs: InstanceOutputs,
                       boxes: Sequence[Tensor]) -> Tensor:
        """Return the weighted term () of whether there is a target."""
        logits = outputs.existence.float()
        empty = whole_numbers([not len(own) for own in boxes], logits.device)
        return self.existence_weight * weighted_cross_entropy(
            logits[:, 1] - logits[:, 0], empty, self.existence_class_weights)

    def forward(self, outputs: InstanceOutputs, boxes: Sequence[Tensor],
                masks: Sequence[Tensor]) -> dict[str, Tensor]:
        """Return the weighted losses; those of boxes are summed over layers.

        Args:
            outputs: of B expressions.
            boxes: for each expression (T, 4) cxcywh in [0, 1] of the canvas, T >= 0.
            masks: for each expression (T, H, W) bool.
        """
        # Autocast would sum up pixels in half precision.
        with torch.autocast(outputs.masks.device.type, enabled=False):
            matches = self.match(outputs, boxes)
            terms = self.box_terms(outputs, boxes, matches)
            losses = {name: self.detection_weight * self._weigh(name, term)
                      for name, term in terms.items()}
            losses.update(self.mask_terms(outputs, masks, matches),
                          loss_existence=self.existence_term(outputs, boxes))
        return losses

    def _weigh(self, name: str, term: Tensor) -> Tensor:
        """Return the weighted sum () of a term (D,) over layers."""
        weight = self.box_weights[name]
        if self.weigh_all_layers:
            return weight * term.sum()
        return weight * term[-1] + term[:-1].sum()
