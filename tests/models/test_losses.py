"""Losses by hand, and against plain formulas."""
import torch

from segvg.models.losses import BoxLoss, FocalDiceLoss, mask_terms


def test_box_loss_by_hand():
    boxes = torch.tensor([[0.5, 0.5, 1.0, 1.0], [0.25, 0.25, 0.5, 0.5]])
    targets = torch.tensor([[0.5, 0.5, 1.0, 1.0], [0.5, 0.5, 1.0, 1.0]])
    losses = BoxLoss(5.0, 2.0)(boxes, targets, torch.tensor([1.0, 3.0]), 2)
    # Second box: L1 1.5, IoU 1/4, hull equals the union.
    torch.testing.assert_close(losses['loss_bbox'], torch.tensor(5 * 1.5 * 3 / 2))
    torch.testing.assert_close(losses['loss_giou'], torch.tensor(2 * 0.75 * 3 / 2))


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


def test_terms_keep_gradient_of_plain_formula():
    torch.manual_seed(0)
    logits = torch.randn(2, 1, 3, 3, requires_grad=True)
    target = torch.rand(1, 6, 6).round()
    plain = mask_terms(logits, target, 0.25, 2.0)
    expected, = torch.autograd.grad(plain.focal.sum() + plain.dice.sum(), logits)
    terms = FocalDiceLoss().terms(logits, target)
    actual, = torch.autograd.grad(terms.focal.sum() + terms.dice.sum(), logits)
    torch.testing.assert_close(actual, expected)
