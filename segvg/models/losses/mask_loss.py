"""Losses of masks, in float32 from logits."""
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from segvg.registry import MODELS


class MaskTerms(NamedTuple):
    """What one pass over the pixels of masks gives, each (M, B).

    Attributes:
        focal: mean focal loss of the pixels.
        dice: dice loss.
        coverage: mean probability inside the target.
    """
    focal: Tensor
    dice: Tensor
    coverage: Tensor


def mask_terms(logits: Tensor, targets: Tensor, alpha: float,
               gamma: float) -> MaskTerms:
    """Compare M masks of each of B samples with the target of the sample.

    Args:
        logits: (M, B, h, w); enlarged bilinearly to the size of the targets.
        targets: (B, H, W) in [0, 1].
        alpha: focal weight of pixels of the target; the others have 1 - alpha.
        gamma: focal exponent.

    Source: Lin et al., ICCV 2017 (focal loss); Kang et al., ECCV 2024 (dice, coverage).
    """
    logits = F.interpolate(logits.float(), size=targets.shape[-2:], mode='bilinear',
                           align_corners=False)
    probs = logits.sigmoid()
    # softplus(z) - z t is the cross-entropy of logits without a loss of small
    # probabilities; p_t = (1 - t) + p (2 t - 1).
    cross_entropy = F.softplus(logits) - logits * targets
    missing = targets - probs * (2 * targets - 1)  # 1 - p_t
    pixel_weight = alpha * targets + (1 - alpha) * (1 - targets)
    # Sums, not matrix products: those add 400,000 float32 numbers one by one and lose
    # the fourth digit.
    focal = (cross_entropy * missing**gamma * pixel_weight).sum((-2, -1))
    inside = (probs * targets).sum((-2, -1))
    area = targets.sum((-2, -1))
    dice = 1 - (2 * inside + 1e-8) / (probs.sum((-2, -1)) + area + 1e-8)
    return MaskTerms(focal / targets[0].numel(), dice, inside / area.clamp(min=1))


@MODELS.register_module()
class FocalDiceLoss(nn.Module):
    """Focal and dice loss of masks at the size of their targets.

    The full-size probabilities of a call are dropped and computed again for the
    gradient, so that memory does not grow with the number of decoder layers.

    Args:
        focal_weight: factor of the focal term.
        dice_weight: factor of the dice term.
        alpha: focal weight of pixels of the target.
        gamma: focal exponent.
    """

    def __init__(self,
                 focal_weight: float = 1.0,
                 dice_weight: float = 1.0,
                 *,
                 alpha: float = 0.25,
                 gamma: float = 2.0) -> None:
        super().__init__()
        self.focal_weight = focal_weight
        self.dice_weight = dice_weight
        self.alpha = alpha
        self.gamma = gamma

    def terms(self, logits: Tensor, targets: Tensor) -> MaskTerms:
        """Return the terms (M, B) of logits (M, B, h, w) and targets (B, H, W)."""
        # Autocast would do the sums over 400,000 pixels in half precision.
        with torch.autocast(logits.device.type, enabled=False):
            return checkpoint(mask_terms, logits.float(), targets.float(), self.alpha,
                              self.gamma, use_reentrant=False)

    def forward(self, terms: MaskTerms, weights: Tensor | float,
                normalizer: float) -> dict[str, Tensor]:
        """Return ``loss_focal`` and ``loss_dice`` summed over all masks.

        Args:
            terms: of shape (..., B).
            weights: (..., B) factor of each dice term, or one number.
            normalizer: what the sums are divided by.
        """
        return dict(
            loss_focal=self.focal_weight * terms.focal.sum() / normalizer,
            loss_dice=self.dice_weight * (terms.dice * weights).sum() / normalizer)
