"""InstanceVG's losses: no target at all, weights, and what each of them looks at."""
import pytest
import torch

from segvg.models.losses import InstanceLoss, InstanceOutputs
from segvg.models.losses.instance_loss import dice_and_entropy


def outputs_of(batch=2, queries=3, layers=2, seed=0):
    torch.manual_seed(seed)
    outputs = InstanceOutputs(
        torch.randn(layers, batch, queries, 2), torch.rand(layers, batch, queries, 4),
        torch.randn(batch, queries, 4, 4), torch.randn(batch, 4, 4),
        torch.randn(batch, 2), torch.rand(batch, 2, 2) / 4, torch.rand(batch, queries, 2
                                                                       ))
    return InstanceOutputs(*(values.requires_grad_() for values in outputs))


def targets_of(*counts):
    torch.manual_seed(1)
    return ([torch.rand(count, 4) * 0.3 + 0.3 for count in counts],
            [torch.rand(count, 8, 8) > 0.5 for count in counts])


def test_batch_without_any_target_has_finite_losses_and_gradients():
    outputs = outputs_of()
    losses = InstanceLoss()(outputs, *targets_of(0, 0))
    assert losses['loss_bbox'] == losses['loss_giou'] == 0
    sum(losses.values()).backward()
    for values in outputs[:-1]:  # points are no prediction
        assert values.grad.isfinite().all()


def test_every_query_matched_leaves_no_mask_to_be_empty():
    outputs, (boxes, masks) = outputs_of(queries=2), targets_of(2, 2)
    losses = [InstanceLoss(unmatched_weight=weight)(outputs, boxes, masks)
              for weight in (0.0, 0.2)]
    assert losses[0]['loss_parts'] == losses[1]['loss_parts']


def test_more_targets_than_queries_are_left_out():
    losses = InstanceLoss()(outputs_of(queries=2), *targets_of(4, 1))
    assert all(loss.isfinite() for loss in losses.values())


def test_weights_of_early_layers():
    outputs, (boxes, masks) = outputs_of(), targets_of(1, 2)
    plain = InstanceLoss()
    terms = plain.box_terms(outputs, boxes, plain.match(outputs, boxes))
    early, last = terms['loss_bbox']
    found = [InstanceLoss(weigh_all_layers=weigh)(outputs, boxes, masks)['loss_bbox']
             for weigh in (False, True)]
    torch.testing.assert_close(found[0], 0.1 * (5 * last + early))
    torch.testing.assert_close(found[1], 0.1 * 5 * (last + early))


def test_unmatched_masks_are_to_be_empty():
    outputs, (boxes, masks) = outputs_of(batch=1), targets_of(1)
    loss = InstanceLoss(unmatched_weight=0.2)
    matched = loss.match(outputs, boxes).queries[-1]
    loss(outputs, boxes, masks)['loss_parts'].backward()
    pushed = outputs.masks.grad[0].flatten(1)
    others = torch.arange(3) != matched
    assert (pushed[others] > 0).all()


def test_existence_of_targets():
    outputs = outputs_of()
    sure = outputs._replace(existence=torch.tensor([[9., -9.], [-9., 9.]]))
    right = InstanceLoss()(sure, *targets_of(1, 0))['loss_existence']
    wrong = InstanceLoss()(sure, *targets_of(0, 1))['loss_existence']
    assert right < 1e-6 and wrong == pytest.approx(0.2 * 18, rel=1e-4)


def test_dice_and_entropy_by_hand():
    logits = torch.zeros(1, 1, 2)
    targets = torch.tensor([[[1., 0.]]])
    expected = 1 - (2 * 0.5 + 1) / (1 + 1 + 1) + torch.log(torch.tensor(2.))
    torch.testing.assert_close(dice_and_entropy(logits, targets), expected)
    assert dice_and_entropy(logits[:0], targets[:0]) == 0
