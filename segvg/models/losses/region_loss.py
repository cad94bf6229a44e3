"""ReLA's loss: a mask, its minimap and "no target", each a weighted cross-entropy."""
import math
from typing import NamedTuple, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segvg.models.losses.process_mean import process_mean
from segvg.registry import MODELS


class RegionOutputs(NamedTuple):
    """Predictions of regions; the axis of size 2 is (no, yes).

    Attributes:
        masks: (B, 2, h, w), logits of background and target.
        minimap: (B, Q, 2), logits of each region: outside or on a target.
        no_target: (B, 2), logits of "there is a target" and "there is none".
    """
    masks: Tensor
    minimap: Tensor
    no_target: Tensor


def weighted_cross_entropy(logits: Tensor, targets: Tensor,
                           class_weights: Sequence[float]) -> Tensor:
    """Return the mean cross-entropy of two classes, the classes weighted.

    The sum is divided by the sum of the weights over the whole batch, that of all
    processes.

    Args:
        logits: (...), of the second class minus those of the first.
        targets: (...), 0 or 1.
        class_weights: of the first and the second class.
    """
    first, second = class_weights
    targets = targets.to(logits.dtype)
    weights = first + (second - first) * targets
    # softplus(z) for class 0, softplus(-z) for class 1
    total = (weights * F.softplus(logits * (1 - 2 * targets))).sum()
    return total / process_mean(weights.sum(), weights.device)


def minimap_by_center(masks: Tensor, side: int) -> Tensor:
    """Return masks (B, H, W) of 0 and 1 as (B, side * side) of 0 and 1.

    As published a cell is 1 when the four pixels around its centre are 1: a thin target
    may vanish.
    """
    shrunk = F.interpolate(masks[:, None].float(), size=(side, side), mode='bilinear',
                           align_corners=False)
    return shrunk.flatten(1).long()


def minimap_by_vote(masks: Tensor, side: int) -> Tensor:
    """Return masks (B, H, W) as (B, side * side): 1 where half of a cell is 1."""
    share = F.adaptive_avg_pool2d(masks[:, None].float(), side)
    return (share >= 0.5).flatten(1).long()


@MODELS.register_module()
class RegionLoss(nn.Module):
    """Cross-entropies of the mask, the minimap and "no target".

    Args:
        mask_weight: factor of the mask's.
        minimap_weight: factor of the minimap's.
        no_target_weight: factor of the last.
        class_weights: of background and target; the same for the others.
        minimap: how a mask becomes a minimap, ``'center'`` as published or ``'vote'``.

    Source: Liu et al., "GRES", CVPR 2023.
    """
    MINIMAPS = dict(center=minimap_by_center, vote=minimap_by_vote)

    def __init__(self,
                 mask_weight: float = 5.0,
                 minimap_weight: float = 0.5,
                 no_target_weight: float = 0.5,
                 *,
                 class_weights: Sequence[float] = (0.9, 1.1),
                 minimap: str = 'center') -> None:
        super().__init__()
        if minimap not in self.MINIMAPS:
            raise ValueError(
                f'minimap is one of {sorted(self.MINIMAPS)}, not {minimap!r}')
        self.weights = dict(mask=mask_weight, minimap=minimap_weight,
                            no_target=no_target_weight)
        self.class_weights = tuple(class_weights)
        self.make_minimap = self.MINIMAPS[minimap]

    def terms(self, outputs: RegionOutputs, targets: Tensor,
              empty: Tensor) -> dict[str, Tensor]:
        """Return the three cross-entropies, not weighted, by name.

        Args:
            outputs: logits of B expressions.
            targets: (B, H, W) of 0 and 1, the union of the targets.
            empty: (B,), 1 where there is no target.
        """
        masks, minimap, no_target = (logits.float() for logits in outputs)
        difference = F.interpolate(
            masks[:, 1:] - masks[:, :1], size=targets.shape[-2:], mode='bilinear',
            align_corners=False)[:, 0]
        cells = self.make_minimap(targets, math.isqrt(minimap.shape[1]))
        weights = self.class_weights
        return dict(
            mask=weighted_cross_entropy(difference, targets, weights),
            minimap=weighted_cross_entropy(_difference(minimap), cells, weights),
            no_target=weighted_cross_entropy(_difference(no_target), empty, weights))

    def forward(self, outputs: RegionOutputs, targets: Tensor,
                empty: Tensor) -> dict[str, Tensor]:
        """Return ``loss_mask``, ``loss_minimap`` and ``loss_no_target``.

        Arguments as ``terms``.
        """
        # Autocast would sum up pixels in half precision.
        with torch.autocast(targets.device.type, enabled=False):
            terms = self.terms(outputs, targets, empty)
        return {f'loss_{name}': self.weights[name] * value
                for name, value in terms.items()}


def _difference(logits: Tensor) -> Tensor:
    """Return (...,) of logits (..., 2): the second minus the first."""
    return logits[..., 1] - logits[..., 0]
