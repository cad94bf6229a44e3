"""InstanceVG: many targets or none, what must not matter, and the answer it draws."""
import pytest
import torch
from mmengine.registry import init_default_scope

from segvg.evaluation import (
    AnswerMaskIoU,
    GeneralizedBoxF1,
    GeneralizedMaskIoU,
    NetworkGeneralizedAnswerIoU,
)
from segvg.registry import MODELS
from segvg.utils.configs import load
from tests.generalized_toy import make_batch, make_sample
from tests.toy import ROOT


def build(**changes):
    """Return a tiny model."""
    init_default_scope('segvg')
    cfg = load(ROOT / 'configs/_base_/models/instancevg_tiny.py')
    cfg.merge_from_dict({f'model.{key}': value for key, value in changes.items()})
    torch.manual_seed(0)
    return MODELS.build(cfg.model).eval()


def test_many_one_or_no_target_are_learned_from_and_predicted():
    model = build()
    samples = [make_sample([5, 6], targets, targets) for targets in (0, 1, 2)]
    losses = model.train()(**make_batch(model, samples), mode='loss')
    assert set(losses) == {
        'loss_class', 'loss_bbox', 'loss_giou', 'loss_parts', 'loss_global',
        'loss_attention', 'loss_existence'}
    sum(losses.values()).backward()
    missing = [name for name, parameter in model.named_parameters()
               if parameter.grad is None or not parameter.grad.isfinite().all()]
    assert missing == []
    with torch.no_grad():
        found = model.eval()(**make_batch(model, samples), mode='predict')
    for sample in found:
        assert sample.pred_instances.masks.shape == (6, 48, 96)
        assert sample.pred_instances.canvas_masks.shape == (6, 64, 64)
        assert sample.global_mask.shape == (48, 96)
        assert sample.canvas_global_mask.shape == (64, 64)
        best = sample.pred_instances.scores.max()
        assert float(sample.no_target_score) == pytest.approx(1 - float(best))
    for metric in (GeneralizedMaskIoU(), GeneralizedBoxF1(),
                   NetworkGeneralizedAnswerIoU(), AnswerMaskIoU()):
        metric.process(None, found)
        assert all(0 <= score <= 100 for score in metric.evaluate(3).values())


def test_batch_mates_and_order_change_nothing():
    model = build()
    samples = [make_sample([5, 6]), make_sample([9, 8, 7, 6, 5])]
    with torch.no_grad():
        both = model(**make_batch(model, samples))
        swapped = model(**make_batch(model, samples[::-1]))
        alone = model(**make_batch(model, samples[:1]))
    torch.testing.assert_close(both.boxes[:, :1], alone.boxes, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(both.masks[:1], alone.masks, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(both.boxes, swapped.boxes.flip(1), atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(both.existence, swapped.existence.flip(0), atol=1e-5,
                               rtol=1e-5)


def test_image_is_embedded_once_for_all_its_expressions(monkeypatch):
    model, sizes = build(), []
    embed = model.encoder.patches.forward
    monkeypatch.setattr(model.encoder.patches, 'forward',
                        lambda images: sizes.append(len(images)) or embed(images))
    with torch.no_grad():
        model(**make_batch(model, [make_sample([5, 6]), make_sample([7, 8])]))
    assert sizes == [1]


def test_existence_lowers_all_scores():
    samples = [make_sample([5, 6])]
    scores = []
    for weigh in (True, False):
        model = build(**{'head.weigh_by_existence': weigh})
        with torch.no_grad():
            model.head.existence.layers[-1].weight.zero_()
            model.head.existence.layers[-1].bias.copy_(torch.tensor([-9., 9.]))
            sample, = model(**make_batch(model, samples), mode='predict')
        scores.append(sample.pred_instances.scores)
    assert scores[0].max() < 1e-3 < scores[1].min()


def test_boxes_lie_in_the_image_and_stay_with_their_masks():
    model = build()
    with torch.no_grad():
        model.head.box.layers[-1].bias.copy_(torch.tensor([9., 9., -9., -9.]))
        sample, = model(**make_batch(model, [make_sample([5, 6])]), mode='predict')
    prediction = sample.pred_instances
    assert len(prediction.bboxes) == len(prediction.masks) == 6  # none is dropped
    limit = torch.tensor([96., 48., 96., 48.])
    assert (prediction.bboxes >= 0).all() and (prediction.bboxes <= limit).all()


def test_nearest_masks_are_those_of_the_network_enlarged():
    model = build(**{'head.nearest_masks': True})
    with torch.no_grad():
        sample, = model(**make_batch(model, [make_sample([5, 6])]), mode='predict')
    rows, columns = torch.arange(48) * 64 // 48, torch.arange(96) * 64 // 96
    expected = sample.canvas_global_mask[rows][:, columns]
    assert torch.equal(sample.global_mask, expected)


@pytest.mark.parametrize('queries', [1, 10])
def test_texts_may_be_shorter_than_the_number_of_queries(queries):
    model = build(**{'head.num_queries': queries})
    with torch.no_grad():
        outputs = model(**make_batch(model, [make_sample([5])]))
    assert outputs.boxes.shape == (2, 1, queries, 4)
    assert outputs.masks.isfinite().all()
