"""ReLA's loss: weights, minimaps."""
import pytest
import torch
import torch.nn.functional as F

from segvg.models.losses import RegionLoss, RegionOutputs
from segvg.models.losses.region_loss import minimap_by_center, minimap_by_vote


def test_losses_are_weighted_means_of_the_batch():
    torch.manual_seed(0)
    outputs = RegionOutputs(torch.randn(3, 2, 8, 8), torch.randn(3, 16, 2),
                            torch.randn(3, 2))
    targets = torch.rand(3, 8, 8) > 0.6
    targets[2] = False
    empty = torch.tensor([0, 0, 1])
    loss = RegionLoss(2.0, 3.0, 4.0, class_weights=(0.5, 1.5), minimap='vote')
    found = loss(outputs, targets, empty)
    weight = torch.tensor([0.5, 1.5])
    cells = minimap_by_vote(targets, 4)
    torch.testing.assert_close(found['loss_mask'], 2 * F.cross_entropy(
        outputs.masks, targets.long(), weight))
    torch.testing.assert_close(found['loss_minimap'], 3 * F.cross_entropy(
        outputs.minimap.transpose(1, 2), cells, weight))
    torch.testing.assert_close(found['loss_no_target'], 4 * F.cross_entropy(
        outputs.no_target, empty, weight))


def test_thin_target_survives_a_vote_only():
    mask = torch.zeros(1, 40, 40)
    mask[:, :, 0:2] = 1
    assert minimap_by_center(mask, 10).sum() == 0
    assert minimap_by_vote(mask, 10).view(10, 10)[:, 0].tolist() == [1] * 10


def test_unknown_minimap_is_an_error():
    with pytest.raises(ValueError, match="minimap is one of .* not 'mean'"):
        RegionLoss(minimap='mean')
