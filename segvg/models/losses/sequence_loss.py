"""Loss of a sequence of tokens."""
from torch import Tensor, nn

from segvg.models.losses.process_mean import process_mean
from segvg.registry import MODELS


def smoothed_cross_entropy(logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """Return the cross entropy (...,) with a smoothed target.

    Every class gets the weight smoothing / V, the target class 1 - smoothing instead;
    the weights add up to a little less than 1, as published.

    Args:
        logits: (..., V).
        targets: (...,) int64.
        smoothing: weight that is spread over all classes.
    """
    log_probs = logits.float().log_softmax(-1)
    share = smoothing / logits.shape[-1]
    target = log_probs.gather(-1, targets[..., None])[..., 0]
    return -((1 - smoothing - share) * target + share * log_probs.sum(-1))


@MODELS.register_module()
class SequenceLoss(nn.Module):
    """Smoothed cross entropy, weighted by position, over the number of positions.

    Args:
        smoothing: weight that is spread over all classes.
        weight: factor of the loss.

    Source: Zhu et al., "SeqTR", ECCV 2022.
    """

    def __init__(self, smoothing: float = 0.1, weight: float = 1.0) -> None:
        super().__init__()
        self.smoothing = smoothing
        self.weight = weight

    def forward(self, logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        """Return the loss of logits (B, L, V); targets and weights are (B, L)."""
        losses = smoothed_cross_entropy(logits, targets, self.smoothing)
        positions = process_mean(targets.numel(), losses.device)
        return self.weight * (losses * weights).sum() / positions
