"""Contrastive alignment of object queries and words."""
import torch
from torch import Tensor


def contrastive_alignment(queries: Tensor, words: Tensor, positive: Tensor,
                          temperature: float) -> Tensor:
    """Pull queries to the words of their objects and words to their queries.

    Padding words stand in the denominator too, as in the published code.

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
    return (_one_way(logits, positive, 3) + _one_way(logits, positive, 2)) / 2


def _one_way(logits: Tensor, positive: Tensor, dim: int) -> Tensor:
    """Return (S,) of choosing along ``dim`` for all that have a positive there."""
    count = positive.sum(dim)
    wanted = logits.masked_fill(~positive, 0).sum(dim) / (count + 1e-6)
    terms = logits.logsumexp(dim) - wanted
    return terms.masked_fill(count == 0, 0).sum((1, 2))
