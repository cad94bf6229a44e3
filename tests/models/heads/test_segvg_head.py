"""SegVG's head: confidence, losses, frames of the predictions."""
import pytest
import torch
from mmengine.structures import InstanceData

from segvg.models.heads import SegVGHead
from segvg.models.heads.mask_branches import QueryMaskBranch
from segvg.models.heads.segvg_head import SegVGOutputs, mask_confidence
from segvg.structures import FusedFeatures, GroundingDataSample, Tokens

LOSS_BOX = dict(type='BoxLoss', l1_weight=5.0, giou_weight=2.0)
META = dict(ori_shape=(32, 64), img_shape=(16, 32), scale_factor=(0.5, 0.5),
            pad_offset=(0, 8), paste_offset=(0, 8), canvas_shape=(32, 32),
            text='the cat', img_path='a.jpg')


def make_sample(**fields) -> GroundingDataSample:
    sample = GroundingDataSample(metainfo=META)
    sample.gt_instances = InstanceData(**fields)
    return sample


def make_fused(queries: int = 6) -> FusedFeatures:
    torch.manual_seed(0)
    return FusedFeatures(
        Tokens(torch.randn(2, 7, 8), torch.zeros(2, 7, dtype=torch.bool),
               torch.randn(1, 7, 8), (2, 2)), slice(3, 7), (32, 32),
        queries=torch.randn(2, queries, 8), query_pos=torch.randn(1, queries, 8))


def make_head(**changes) -> SegVGHead:
    settings = dict(heads=2, hidden=8, dropout=0.0,
                    loss_mask=dict(type='FocalDiceLoss'))
    return SegVGHead(LOSS_BOX, 8, 2, **{**settings, **changes})


def test_mask_branch_equals_mlp_over_pairs():
    torch.manual_seed(0)
    branch = QueryMaskBranch(8)
    queries, image = torch.randn(3, 5, 2, 8), torch.randn(2, 4, 8)
    pairs = torch.cat([queries.unsqueeze(-2).expand(3, 5, 2, 4, 8),
                       image.expand(3, 5, 2, 4, 8)], dim=-1)
    torch.testing.assert_close(branch(queries, image), branch.mlp(pairs).squeeze(-1))


def test_confidence_by_hand():
    probs = torch.tensor([[[0.9, 0.1], [0.9, 0.1]], [[0.2, 0.2], [0.2, 0.2]]])
    assert mask_confidence(probs, (2, 2), 0.35).tolist() == pytest.approx([0.9, 0.0])


def test_factor_is_one_without_masks_and_detachable():
    fused, head = make_fused(), make_head(loss_mask=None)
    samples = [make_sample(bboxes=torch.tensor([[4., 10., 20., 20.]]))] * 2
    assert set(head.loss(fused, samples)) == {'loss_bbox', 'loss_giou'}
    assert head(fused).mask_logits is None
    coverage = torch.tensor([0.5], requires_grad=True)
    assert make_head().focal_factor(coverage).item() == 1.25
    assert make_head().focal_factor(coverage).requires_grad
    assert not make_head(detach_factor=True).focal_factor(coverage).requires_grad


def test_losses_are_sums_over_layers_and_means_over_samples():
    head = make_head()
    boxes, masks = torch.full((2, 4), 0.5), torch.ones(2, 4, 4)
    once = SegVGOutputs(torch.full((1, 2, 4), 0.4), torch.zeros(1, 5, 2, 2, 2))
    twice = SegVGOutputs(*(value.expand(2, *value.shape[1:]) for value in once))
    half = SegVGOutputs(once.boxes[:, :1], once.mask_logits[:, :, :1])
    losses = head.loss_by_targets(once, boxes, masks)
    double = head.loss_by_targets(twice, boxes, masks)
    single = head.loss_by_targets(half, boxes[:1], masks[:1])
    for key in losses:
        torch.testing.assert_close(double[key], 2 * losses[key])
        torch.testing.assert_close(single[key], losses[key])


def test_predictions_lie_in_the_image():
    head = make_head(predict_masks=True).eval()
    samples = [make_sample(bboxes=torch.zeros(1, 4)) for _ in range(2)]
    with torch.no_grad():
        samples = head.predict(make_fused(), samples)
    for sample in samples:
        prediction = sample.pred_instances
        assert prediction.bboxes.shape == (1, 4)
        assert (prediction.bboxes >= 0).all()
        assert (prediction.bboxes[0, 2:] <= torch.tensor([64., 32.])).all()
        assert 0 <= prediction.scores[0] <= 1
        assert prediction.soft_masks.shape == (1, 32, 64)
        assert prediction.masks.dtype == torch.bool


def test_prediction_equals_last_layer_of_forward():
    head, fused = make_head().eval(), make_fused()
    outputs = head(fused)
    samples = head.predict(fused, [make_sample(bboxes=torch.zeros(1, 4))] * 1
                           + [make_sample(bboxes=torch.zeros(1, 4))])
    probs = outputs.mask_logits[-1, 0].sigmoid()
    expected = mask_confidence(probs, (32, 32), 0.35)
    for b in range(2):
        cx, _, w, _ = outputs.boxes[-1, b].tolist()
        x1 = min(max((cx - w / 2) * 32 / 0.5, 0), 64)
        assert samples[b].pred_instances.bboxes[0, 0].item() == pytest.approx(x1)
        torch.testing.assert_close(samples[b].pred_instances.scores[0], expected[b])
