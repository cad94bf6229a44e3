"""Losses of masks, by hand and against plain formulas."""
import pytest
import torch
import torch.nn.functional as F

from segvg.models.losses import FocalDiceLoss, mask_terms
from segvg.models.losses.mask_loss import FusedMaskTerms


def test_mask_terms_by_hand():
    """Probability 1/2 everywhere, half of four pixels inside the target."""
    terms = mask_terms(torch.zeros(1, 1, 2, 2), torch.tensor([[[1., 1.], [0., 0.]]]),
                       0.25, 2.0)
    expected = torch.log(torch.tensor(2.0)) * 0.25 * (2 * 0.25 + 2 * 0.75) / 4
    torch.testing.assert_close(terms.focal, expected.view(1, 1))
    torch.testing.assert_close(terms.dice, torch.tensor([[0.5]]))
    torch.testing.assert_close(terms.coverage, torch.tensor([[0.5]]))


def test_mask_terms_of_soft_target():
    torch.manual_seed(0)
    logits, target = torch.randn(3, 2, 4, 5), torch.rand(2, 4, 5)
    probs = logits.sigmoid()
    entropy = -(target * probs.log() + (1 - target) * (1 - probs).log())
    agreement = probs * target + (1 - probs) * (1 - target)
    weight = 0.25 * target + 0.75 * (1 - target)
    expected = (entropy * weight * (1 - agreement)**2).mean((-2, -1))
    torch.testing.assert_close(mask_terms(logits, target, 0.25, 2.0).focal, expected)


def test_empty_target_has_no_coverage():
    terms = mask_terms(torch.zeros(1, 1, 2, 2), torch.zeros(1, 4, 4), 0.25, 2.0)
    assert terms.coverage.item() == 0 and torch.isfinite(terms.dice).all()


def test_focal_loss_is_finite_for_sure_wrong_masks():
    logits = torch.full((1, 1, 2, 2), 40.0, requires_grad=True)
    loss = FocalDiceLoss()
    terms = loss.terms(logits, torch.zeros(1, 2, 2))
    (loss(terms, 1.0, 1)['loss_focal']).backward()
    torch.testing.assert_close(terms.focal, torch.tensor([[30.0]]))
    assert (logits.grad > 0).all()


def plain_terms(logits, targets, alpha, gamma):
    """The terms, written as their formulas."""
    logits = F.interpolate(logits, size=targets.shape[-2:], mode='bilinear')
    p, t = logits.sigmoid(), targets
    focal = (F.binary_cross_entropy_with_logits(logits, t.expand_as(logits),
                                                reduction='none')
             * (1 - p * t - (1 - p) * (1 - t))**gamma
             * (alpha * t + (1 - alpha) * (1 - t))).mean((-2, -1))
    inside, area = (p * t).sum((-2, -1)), t.sum((-2, -1))
    dice = 1 - (2 * inside + 1e-8) / (p.sum((-2, -1)) + area + 1e-8)
    return focal, dice, inside / area.clamp(min=1)


@pytest.mark.parametrize('gamma', [1.0, 2.0, 3.5])
@pytest.mark.parametrize('soft', [False, True])
def test_terms_and_gradients_are_those_of_the_formulas(gamma, soft):
    torch.manual_seed(0)
    logits = torch.randn(3, 2, 5, 4, dtype=torch.float64, requires_grad=True)
    targets = torch.rand(2, 20, 18, dtype=torch.float64)
    targets = targets if soft else targets.round()
    expected = plain_terms(logits, targets, 0.3, gamma)
    actual = FusedMaskTerms.apply(logits, targets, 0.3, gamma)
    weights = torch.rand(3, 3, 2, dtype=torch.float64)
    for one, other in zip(actual, expected, strict=True):
        torch.testing.assert_close(one, other)
    slopes = [torch.autograd.grad((torch.stack(terms) * weights).sum(), logits)[0]
              for terms in (actual, expected)]
    torch.testing.assert_close(*slopes)


def test_gradients_pass_a_numeric_check():
    torch.manual_seed(0)
    logits = torch.randn(2, 1, 3, 3, dtype=torch.float64, requires_grad=True)
    targets = torch.rand(1, 6, 7, dtype=torch.float64)
    assert torch.autograd.gradcheck(
        lambda z: FusedMaskTerms.apply(z, targets, 0.25, 2.0), logits)
