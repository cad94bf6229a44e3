"""How the next token of a sequence is chosen."""
import torch
from torch import Tensor

from segvg.registry import TASK_UTILS


@TASK_UTILS.register_module()
class MostProbable:
    """The most probable token."""

    def __call__(self, logits: Tensor) -> Tensor:
        """Return tokens (B, 1) for logits (B, K)."""
        return logits.argmax(-1, keepdim=True)


@TASK_UTILS.register_module()
class NucleusSample:
    """A random one of the most probable tokens that together reach a probability.

    The one that reaches it is among them. Drawn by torch's generator: two calls differ.

    Args:
        top_p: the probability, above 0 and at most 1; close to 0 is ``MostProbable``.

    Source: Zhu et al., "SeqTR", ECCV 2022, an option that no published run uses.
    """

    def __init__(self, top_p: float) -> None:
        if not 0 < top_p <= 1:
            raise ValueError(f'top_p lies above 0 and is at most 1, not {top_p}')
        self.top_p = top_p

    def __call__(self, logits: Tensor) -> Tensor:
        """Return tokens (B, 1) for logits (B, K)."""
        probabilities, order = logits.float().softmax(-1).sort(-1, descending=True)
        before = probabilities.cumsum(-1) - probabilities
        kept = probabilities.masked_fill(before > self.top_p, 0.0)
        return order.gather(1, torch.multinomial(kept, 1))
