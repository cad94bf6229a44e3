"""Boxes as masks, a second task of heads that learn from boxes."""
import pytest
import torch

from segvg.datasets.transforms.box_to_mask import FillBoxMask
from segvg.models.heads import BoxHead
from segvg.models.heads.box_mask import filled_boxes
from segvg.registry import MODELS
from tests.every_method import batch_of, method_config
from tests.models.heads.test_segvg_head import LOSS_BOX, make_fused, make_sample
from tests.toy import make_data

AUXILIARY = dict(type='BoxMaskAuxiliary', channels=8)


def test_filled_boxes_are_those_of_the_transform():
    bboxes = torch.tensor([[1.9, 2.2, 5.0, 6.99], [-3., -2., 2.5, 3.],
                           [4., 4., 4.5, 9.], [0., 0., 40., 40.]])
    expected = FillBoxMask().make_masks(bboxes.numpy(), (8, 10))
    masks = filled_boxes(bboxes, (8, 10))
    assert masks.dtype == torch.float32
    torch.testing.assert_close(masks, torch.from_numpy(expected), rtol=0, atol=0)
    assert masks[0].sum() == 4 * 4  # columns 1 to 4, rows 2 to 5


def head_and_samples(**auxiliary):
    torch.manual_seed(0)
    head = BoxHead(LOSS_BOX, 8, auxiliary={**AUXILIARY, **auxiliary})
    samples = [make_sample(bboxes=torch.tensor([box])) for box in (
        [4., 10., 20., 20.], [0., 8., 31.5, 23.5])]
    return head, make_fused(1), samples


def test_losses_are_those_of_the_mask_loss_on_the_filled_box():
    head, fused, samples = head_and_samples()
    losses = head.loss(fused, samples)
    assert set(losses) == {'loss_bbox', 'loss_giou', 'loss_box_focal', 'loss_box_dice'}
    pairs = torch.cat([fused.queries[:, :1].expand(-1, 4, -1), fused.image], dim=-1)
    logits = head.auxiliary.mask.mlp(pairs)[..., 0].view(1, 2, 2, 2)
    masks = torch.zeros(2, 32, 32)
    masks[0, 10:20, 4:20] = 1
    masks[1, 8:23, 0:31] = 1
    loss = MODELS.build(dict(type='FocalDiceLoss'))
    expected = loss(loss.terms(logits, masks), 1.0, 2)
    torch.testing.assert_close(losses['loss_box_focal'], expected['loss_focal'])
    torch.testing.assert_close(losses['loss_box_dice'], expected['loss_dice'])


def test_layers_are_summed_and_the_weight_is_a_factor():
    head, fused, samples = head_and_samples()
    part, bboxes = head.auxiliary, torch.cat([s.gt_instances.bboxes for s in samples])
    once = part.loss(fused.queries.transpose(0, 1), bboxes, fused)
    twice = part.loss(fused.queries.transpose(0, 1).expand(2, -1, -1), bboxes, fused)
    part.weight = 3.0
    weighted = part.loss(fused.queries.transpose(0, 1), bboxes, fused)
    for name, value in once.items():
        torch.testing.assert_close(twice[name], 2 * value)
        torch.testing.assert_close(weighted[name], 3 * value)


def test_queries_are_paired_with_their_own_expression_and_target():
    head, fused, _ = head_and_samples()
    bboxes = torch.tensor([[4., 10., 20., 20.], [0., 8., 31., 23.], [1., 1., 9., 9.]])
    queries = torch.randn(2, 3, 8)
    batch = torch.tensor([[0, 1, 1], [1, 0, 1]])
    targets = torch.tensor([[1, 0, 2], [0, 1, 2]])
    losses = head.auxiliary.loss(queries, bboxes, fused, batch, targets)
    total = 0
    for layer in range(2):
        for pair in range(3):
            number = batch[layer, pair]
            alone = fused._replace(memory=fused.memory._replace(
                feats=fused.memory.feats[number:number + 1]))
            target = targets[layer, pair]
            total += head.auxiliary.loss(
                queries[layer:layer + 1, pair:pair + 1], bboxes[target:target + 1],
                alone)['loss_box_dice']
    torch.testing.assert_close(losses['loss_box_dice'], total / 3)


def test_batch_without_a_target_keeps_every_gradient():
    head, fused, _ = head_and_samples()
    losses = head.auxiliary.loss(torch.zeros(2, 0, 8), torch.zeros(0, 4), fused)
    assert [value.item() for value in losses.values()] == [0, 0]
    sum(losses.values()).backward()
    assert all(weight.grad is not None for weight in head.auxiliary.parameters())


def test_predictions_do_not_depend_on_it():
    head, fused, samples = head_and_samples()
    plain = BoxHead(LOSS_BOX, 8)
    plain.load_state_dict({name: value for name, value in head.state_dict().items()
                           if not name.startswith('auxiliary')})
    assert set(head.answer(fused)) == {'boxes'}
    boxes = [head.predict(fused, samples)[0].pred_instances.bboxes,
             plain.predict(fused, samples)[0].pred_instances.bboxes]
    assert torch.equal(*boxes)


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    folder = make_data(tmp_path_factory.mktemp('data'))
    return folder, folder


@pytest.mark.parametrize('name', [
    'transvg/transvg_tiny', 'reftr/reftr_tiny', 'siri/siri_tiny',
    'seqtr/seqtr_tiny_det'])
def test_every_method_learns_from_it(name, folders, tmp_path):
    cfg = method_config(f'{name}_box_mask_synthref_l0', folders, tmp_path)
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    data = model.data_preprocessor(batch_of(cfg.train_dataloader, 0, 1), True)
    losses = model(**data, mode='loss')
    losses['loss_box_dice'].backward()
    assert losses['loss_box_focal'] > 0
    assert all(weight.grad.abs().sum() > 0 for weight in
               model.head.auxiliary.mask.mlp.layers[0].parameters())
    # the box as a mask teaches both encoders, which is what it is for
    for part in (model.image_encoder, model.language_encoder):
        assert any(weight.grad is not None and weight.grad.abs().sum() > 0
                   for weight in part.parameters())
