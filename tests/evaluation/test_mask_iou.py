"""Overlap of masks, by hand."""
import pytest

from segvg.evaluation import MaskIoU


def score(*samples):
    metric = MaskIoU()
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def test_overall_and_mean_iou_differ(make_sample):
    # IoU 100 / 400 of a large object and 10 / 10 of a small one
    samples = [
        make_sample(0, [(0, 0, 20, 20)], [(0, 0, 10, 10)], masks=True),
        make_sample(1, [(0, 0, 5, 2)], [(0, 0, 5, 2)], masks=True)]
    scores = score(*samples)
    assert scores['res/oIoU'] == pytest.approx(100 * 110 / 410)
    assert scores['res/mIoU'] == pytest.approx(62.5)
    assert scores['res/Pr@0.5'] == scores['res/Pr@0.9'] == 50


def test_iou_of_exactly_the_threshold_counts(make_sample):
    scores = score(make_sample(0, [(0, 0, 20, 20)], [(0, 0, 20, 10)], masks=True))
    assert scores['res/Pr@0.5'] == 100 and scores['res/Pr@0.6'] == 0


def test_several_targets_are_united(make_sample):
    targets = [(0, 0, 10, 10), (5, 0, 20, 10)]
    scores = score(make_sample(0, targets, [(0, 0, 20, 10)], masks=True))
    assert scores['res/mIoU'] == 100


def test_top_scoring_mask_counts(make_sample):
    bboxes = [(40, 0, 50, 9), (10, 10, 30, 30)]
    sample = make_sample(0, bboxes=bboxes, scores=[0.2, 0.3], masks=True)
    assert score(sample)['res/mIoU'] == 100


def test_empty_predictions_count_as_zero(make_sample):
    samples = [make_sample(0, bboxes=[], masks=True),
               make_sample(1, bboxes=[(3, 3, 3, 3)], masks=True),
               make_sample(2, [(3, 3, 3, 3)], [(3, 3, 3, 3)], masks=True)]
    assert score(*samples)['res/mIoU'] == 0


def test_mask_of_another_size_is_an_error(make_sample):
    sample = make_sample(2, masks=True)
    sample.pred_instances.masks = sample.pred_instances.masks[:, :30]
    with pytest.raises(ValueError, match=r"'object 2'.*\(30, 60\).*\(40, 60\)"):
        score(sample)


def test_prediction_without_masks_is_an_error(make_sample):
    with pytest.raises(KeyError, match="'object 2'.*without masks"):
        score(make_sample(2))


def test_expression_without_target_is_an_error(make_sample):
    with pytest.raises(ValueError, match="with a target.*'object 2'.*has none"):
        score(make_sample(2, targets=[], masks=True))


def test_missing_annotated_mask_is_an_error(make_sample):
    sample = make_sample(2, masks=True)
    sample.image_instances.segmentations = [None]
    with pytest.raises(ValueError, match="mask of expression 'object 2'.*no mask"):
        score(sample)
