"""Accuracy of boxes, by hand."""
import pytest
import torch

from segvg.evaluation import BoxAccuracy, MeanBoxAccuracy


def score(*samples):
    metric = BoxAccuracy()
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def test_iou_of_exactly_the_threshold_is_right(make_sample):
    sample = make_sample(targets=[(0, 0, 20, 20)], bboxes=[(0, 0, 20, 10)])
    scores = score(sample)
    assert scores['rec/acc@0.5'] == 100 and scores['rec/acc@0.6'] == 0
    assert scores['rec/mIoU'] == 50


def test_scores_are_percentages_over_expressions(make_sample):
    # overlaps of 20, 15 and 0 of 20 columns: IoU 1, 15/25 and 0
    samples = [make_sample(i, bboxes=[(10 + shift, 10, 30 + shift, 30)])
               for i, shift in enumerate((0, 5, 20))]
    scores = score(*samples)
    assert scores['rec/acc@0.5'] == pytest.approx(200 / 3)
    assert scores['rec/acc@0.6'] == pytest.approx(200 / 3)
    assert scores['rec/acc@0.7'] == pytest.approx(100 / 3)
    assert scores['rec/mIoU'] == pytest.approx(160 / 3)


def test_top_scoring_box_counts(make_sample):
    bboxes = [(0, 0, 5, 5), (10, 10, 30, 30), (0, 0, 9, 9)]
    assert score(make_sample(bboxes=bboxes, scores=[0.1, 0.9, 0.5]))['rec/mIoU'] == 100
    assert score(make_sample(bboxes=bboxes, scores=[0.9, 0.1, 0.5]))['rec/mIoU'] == 0


def test_target_is_not_clipped_to_the_image(make_sample):
    sample = make_sample(targets=[(-20, 0, 20, 20)], bboxes=[(0, 0, 20, 20)])
    assert score(sample)['rec/mIoU'] == 50


def test_no_box_counts_as_wrong(make_sample):
    assert score(make_sample(bboxes=[]))['rec/mIoU'] == 0


def test_half_precision_boxes_are_scored_in_double(make_sample):
    sample = make_sample()
    sample.pred_instances.bboxes = sample.pred_instances.bboxes.half()
    assert score(sample)['rec/mIoU'] == 100


@pytest.mark.parametrize('targets', [[], [(0, 0, 5, 5), (5, 5, 9, 9)]])
def test_other_than_one_target_is_an_error(make_sample, targets):
    with pytest.raises(ValueError, match=f"exactly one target.*'object 3'.*has "
                                         f'{len(targets)}'):
        score(make_sample(3, targets=targets))


def test_box_that_is_not_finite_is_an_error(make_sample):
    sample = make_sample(3)
    sample.pred_instances.bboxes = torch.full((1, 4), torch.nan)
    with pytest.raises(ValueError, match="'object 3'.*is not finite"):
        score(sample)


def test_mean_over_data_sets(make_sample):
    # one expression of a data set, found, and three of another, none found
    samples = [make_sample(i, bboxes=[(10 + 20 * bool(i), 10, 30 + 20 * bool(i), 30)])
               for i in range(4)]
    samples[0].set_metainfo(dict(dataset='other'))
    metric = MeanBoxAccuracy()
    metric.process({}, samples)
    scores = metric.evaluate(4)
    assert scores['rec_mean/acc@0.5'] == pytest.approx(50)
    assert scores['rec_mean/mIoU'] == pytest.approx(50)
    assert score(*samples)['rec/acc@0.5'] == pytest.approx(25)
