"""Losses of masks, in float32 from logits."""
from typing import Any, NamedTuple, Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from segvg.registry import MODELS


class MaskTerms(NamedTuple):
    """The terms that one pass over the pixels of masks computes, each (M, B).

    Attributes:
        focal: mean focal loss of the pixels.
        dice: dice loss.
        coverage: mean probability inside the target.
    """
    focal: Tensor
    dice: Tensor
    coverage: Tensor


#: Pixels of masks that a CPU computes at a time, so that they stay in its cache.
CPU_PIXELS = 2**18


class FusedMaskTerms(torch.autograd.Function):
    """Terms of masks and their gradients in one pass.

    The gradient of every term with respect to the small logits is computed along with
    it, so nothing of full size is kept or computed again.
    """

    @staticmethod
    def forward(ctx: Any, logits: Tensor, targets: Tensor, alpha: float,
                gamma: float) -> tuple[Tensor, Tensor, Tensor]:
        """Return focal, dice and coverage (M, B); see ``mask_terms``."""
        height, width = targets.shape[1:]
        rows = _upsampling_matrix(height, logits.shape[2], logits)  # (H, h)
        columns = _upsampling_matrix(width, logits.shape[3], logits)  # (W, w)
        samples, masks = _chunk_sizes(logits, height * width)
        terms, slopes = [], []
        for group, target in zip(logits.split(samples, 1), targets.split(samples)):
            parts = [_pixel_terms(rows @ part @ columns.T, target, alpha, gamma)
                     for part in group.split(masks)]
            terms.append(torch.cat([part for part, _ in parts], 1))  # (3, M, samples)
            slopes.append(torch.cat([rows.T @ full @ columns for _, full in parts], 1))
        ctx.save_for_backward(torch.cat(slopes, 2))  # (3, M, B, h, w)
        focal, dice, coverage = torch.cat(terms, 2)
        return focal, dice, coverage

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Optional[Tensor], ...]:
        """Return the gradient of the logits."""
        slopes, = ctx.saved_tensors
        weights = torch.stack(grads)[..., None, None]  # (3, M, B, 1, 1)
        return (slopes * weights).sum(0), None, None, None


def _chunk_sizes(logits: Tensor, pixels: int) -> tuple[int, int]:
    """Return how many samples and how many of their masks are computed at a time.

    A GPU takes all of them.

    Args:
        logits: (M, B, h, w).
        pixels: of a mask at full size.
    """
    count, batch = (max(size, 1) for size in logits.shape[:2])
    if logits.device.type != 'cpu':
        return batch, count
    masks = max(CPU_PIXELS // pixels, 1)
    return max(masks // count, 1), masks


def _pixel_terms(logits: Tensor, target: Tensor, alpha: float,
                 gamma: float) -> tuple[Tensor, Tensor]:
    """Return the terms (3, M, B) and slopes (3, M, B, H, W) of logits (M, B, H, W).

    The targets are (B, H, W).
    """
    probs = logits.sigmoid()
    # softplus(z) - z t is the cross-entropy of logits, exact for small probabilities
    # too; p_t = (1 - t) + p (2 t - 1).
    sign = 2 * target - 1
    cross_entropy = F.softplus(logits).sub_(logits * target)
    missing = target - probs * sign  # 1 - p_t
    slope = probs * (1 - probs)  # of the probability
    pixel_weight = alpha * target + (1 - alpha) * (1 - target)
    power = pixel_weight * (missing if gamma == 2 else missing**(gamma - 1))
    focal_slope = (probs - target).mul_(missing).sub_(
        (gamma * cross_entropy).mul_(sign).mul_(slope)).mul_(power)
    # Sums, not matrix products: those add 400,000 float32 numbers one after the other,
    # which costs the fourth digit.
    focal = cross_entropy.mul_(missing).mul_(power).mean((-2, -1))
    inside = (probs * target).sum((-2, -1))
    area = target.sum((-2, -1))
    both = probs.sum((-2, -1)) + area + 1e-8
    dice = 1 - (2 * inside + 1e-8) / both
    inside_slope = slope * target
    dice_slope = slope.mul_(((2 * inside + 1e-8) / both**2)[..., None, None]).sub_(
        inside_slope * (2 / both)[..., None, None])
    target_area = area.clamp(min=1)
    terms = torch.stack([focal, dice, inside / target_area])
    return terms, torch.stack([focal_slope.div_(target[0].numel()), dice_slope,
                               inside_slope.div_(target_area[:, None, None])])


def _upsampling_matrix(size: int, small: int, like: Tensor) -> Tensor:
    """Return the matrix (size, small) of linear interpolation between pixel centres."""
    unit = torch.eye(small, dtype=like.dtype, device=like.device)
    return F.interpolate(unit[None], size=size, mode='linear',
                         align_corners=False)[0].T.contiguous()


def mask_terms(logits: Tensor, targets: Tensor, alpha: float,
               gamma: float) -> MaskTerms:
    """Compare M masks of each of B samples with the target of the sample.

    Args:
        logits: (M, B, h, w); enlarged bilinearly to the size of the targets.
        targets: (B, H, W) in [0, 1].
        alpha: focal weight of pixels of the target; the others have 1 - alpha.
        gamma: focal exponent, at least 1.

    Source: Lin et al., ICCV 2017 (focal loss); Kang et al., ECCV 2024 (dice, coverage).
    """
    return MaskTerms(*FusedMaskTerms.apply(logits.float(), targets.float(), alpha,
                                           gamma))


@MODELS.register_module()
class FocalDiceLoss(nn.Module):
    """Focal and dice loss of masks at the size of their targets.

    Nothing of full size is kept for the gradient, so memory does not grow with the
    number of decoder layers.

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
            return mask_terms(logits, targets, self.alpha, self.gamma)

    def forward(self, terms: MaskTerms, weights: Tensor | float,
                normalizer: Tensor | float) -> dict[str, Tensor]:
        """Return ``loss_focal`` and ``loss_dice`` summed over all masks.

        Args:
            terms: of shape (..., B).
            weights: (..., B) factor of each dice term, or one number.
            normalizer: what the sums are divided by.
        """
        return dict(
            loss_focal=self.focal_weight * terms.focal.sum() / normalizer,
            loss_dice=self.dice_weight * (terms.dice * weights).sum() / normalizer)
