"""Focal and dice loss of the masks of matched queries."""
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segvg.registry import MODELS


@MODELS.register_module()
class MatchedMaskLoss(nn.Module):
    """Focal loss (mean over pixels) and dice loss, at the size of the targets.

    Padding of the canvas counts as background, as in the published code.

    Args:
        focal_weight: factor of the focal term.
        dice_weight: factor of the dice term.
        alpha: focal weight of pixels of the target.
        gamma: focal exponent.

    Source: Carion et al., ECCV 2020, panoptic segmentation; MDETR takes it over.
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

    def forward(self, logits: Tensor, targets: Tensor,
                normalizer: Tensor | float) -> dict[str, Tensor]:
        """Return ``loss_mask`` and ``loss_dice`` of M masks.

        Args:
            logits: (M, h, w), enlarged bilinearly.
            targets: (M, H, W), 0 or 1.
            normalizer: what the sums are divided by.
        """
        logits = F.interpolate(logits.float()[None], size=targets.shape[-2:],
                               mode='bilinear', align_corners=False)[0].flatten(1)
        targets = targets.flatten(1).to(logits)
        probs = logits.sigmoid()
        entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction='none')
        confidence = torch.where(targets > 0, probs, 1 - probs)
        weight = torch.where(targets > 0, self.alpha, 1 - self.alpha)
        focal = (weight * entropy * (1 - confidence)**self.gamma).mean(1).sum()
        both = probs.sum(1) + targets.sum(1)
        dice = (1 - (2 * (probs * targets).sum(1) + 1) / (both + 1)).sum()
        return dict(loss_mask=self.focal_weight * focal / normalizer,
                    loss_dice=self.dice_weight * dice / normalizer)
