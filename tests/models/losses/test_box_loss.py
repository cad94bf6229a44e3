"""Losses of boxes, by hand."""
import torch

from segvg.models.losses import BoxLoss


def test_box_loss_by_hand():
    boxes = torch.tensor([[0.5, 0.5, 1.0, 1.0], [0.25, 0.25, 0.5, 0.5]])
    targets = torch.tensor([[0.5, 0.5, 1.0, 1.0], [0.5, 0.5, 1.0, 1.0]])
    losses = BoxLoss(5.0, 2.0)(boxes, targets, torch.tensor([1.0, 3.0]), 2)
    # Second box: L1 1.5, IoU 1/4, hull equals the union.
    torch.testing.assert_close(losses['loss_bbox'], torch.tensor(5 * 1.5 * 3 / 2))
    torch.testing.assert_close(losses['loss_giou'], torch.tensor(2 * 0.75 * 3 / 2))
