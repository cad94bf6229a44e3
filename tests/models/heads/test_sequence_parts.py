"""Which tokens may be drawn, and how often."""
import pytest
import torch

from segvg.models.heads import MostProbable, NucleusSample

PROBABILITIES = torch.tensor([0.1, 0.5, 0.05, 0.35])


def draw(top_p: float, count: int = 4000) -> torch.Tensor:
    """Return how often each token was drawn, as shares (K,)."""
    torch.manual_seed(0)
    tokens = NucleusSample(top_p)(PROBABILITIES.log().expand(count, -1))
    assert tokens.shape == (count, 1)
    return torch.bincount(tokens[:, 0], minlength=4) / count


@pytest.mark.parametrize('top_p,kept', [
    (0.4, [0, 0.5, 0, 0]), (0.6, [0, 0.5, 0, 0.35]), (0.9, [0.1, 0.5, 0, 0.35]),
    (1.0, [0.1, 0.5, 0.05, 0.35])])
def test_tokens_that_reach_the_probability_are_drawn_by_it(top_p, kept):
    kept = torch.tensor(kept)
    torch.testing.assert_close(draw(top_p), kept / kept.sum(), atol=0.03, rtol=0)


def test_little_probability_is_the_most_probable():
    logits = torch.randn(50, 9)
    assert torch.equal(NucleusSample(1e-6)(logits), MostProbable()(logits))


@pytest.mark.parametrize('top_p', [-1, 0, 1.1])
def test_other_probabilities_are_told(top_p):
    with pytest.raises(ValueError, match='top_p lies above 0 and is at most 1'):
        NucleusSample(top_p)
