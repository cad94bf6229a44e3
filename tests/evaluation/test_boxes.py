"""Accuracy and recall of boxes, by hand."""
import pytest
import torch

from segvg.evaluation import BoxAccuracy, BoxRecall, MeanBoxAccuracy
from segvg.evaluation.boxes import rank_boxes
from segvg.registry import METRICS


def accuracy(*samples):
    metric = BoxAccuracy()
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def test_iou_of_exactly_the_threshold_is_right(make_sample):
    sample = make_sample(targets=[(0, 0, 20, 20)], bboxes=[(0, 0, 20, 10)])
    scores = accuracy(sample)
    assert scores['rec/acc@0.5'] == 100 and scores['rec/acc@0.6'] == 0
    assert scores['rec/mIoU'] == 50


@pytest.mark.parametrize('rows, threshold', [
    (10, 0.5), (12, 0.6), (14, 0.7), (16, 0.8), (18, 0.9)])
def test_every_threshold_is_met_by_equality_and_not_by_less(rows, threshold,
                                                            make_sample):
    scores = accuracy(*(make_sample(i, [(0, 0, 20, 20)], [(0, 0, 20, height)])
                        for i, height in enumerate((rows, rows - 0.01))))
    assert scores[f'rec/acc@{threshold}'] == 50


def test_boxes_without_an_area_overlap_nothing(make_sample):
    flat = (5, 5, 25, 5)
    scores = accuracy(*(make_sample(i, [target], [found]) for i, (target, found) in
                        enumerate([(flat, flat), (flat, (0, 0, 30, 30)),
                                   ((0, 0, 30, 30), flat)])))
    assert set(scores.values()) == {0.0}


def test_scores_are_percentages_over_expressions(make_sample):
    # overlaps of 20, 15 and 0 of 20 columns: IoU 1, 15/25 and 0
    samples = [make_sample(i, bboxes=[(10 + shift, 10, 30 + shift, 30)])
               for i, shift in enumerate((0, 5, 20))]
    scores = accuracy(*samples)
    assert scores['rec/acc@0.5'] == pytest.approx(200 / 3)
    assert scores['rec/acc@0.6'] == pytest.approx(200 / 3)
    assert scores['rec/acc@0.7'] == pytest.approx(100 / 3)
    assert scores['rec/mIoU'] == pytest.approx(160 / 3)


def test_top_scoring_box_counts(make_sample):
    bboxes = [(0, 0, 5, 5), (10, 10, 30, 30), (0, 0, 9, 9)]
    for scores, expected in (([0.1, 0.9, 0.5], 100), ([0.9, 0.1, 0.5], 0)):
        found = accuracy(make_sample(bboxes=bboxes, scores=scores))
        assert found['rec/mIoU'] == expected


def test_target_is_not_clipped_to_the_image(make_sample):
    sample = make_sample(targets=[(-20, 0, 20, 20)], bboxes=[(0, 0, 20, 20)])
    assert accuracy(sample)['rec/mIoU'] == 50


def test_no_box_counts_as_wrong(make_sample):
    assert accuracy(make_sample(bboxes=[]))['rec/mIoU'] == 0


def test_half_precision_boxes_are_scored_in_double(make_sample):
    sample = make_sample()
    sample.pred_instances.bboxes = sample.pred_instances.bboxes.half()
    assert accuracy(sample)['rec/mIoU'] == 100


@pytest.mark.parametrize('targets', [[], [(0, 0, 5, 5), (5, 5, 9, 9)]])
def test_other_than_one_target_is_an_error(make_sample, targets):
    with pytest.raises(ValueError, match=f"exactly one target.*'object 3'.*has "
                                         f'{len(targets)}'):
        accuracy(make_sample(3, targets=targets))


def test_box_that_is_not_finite_is_an_error(make_sample):
    sample = make_sample(3)
    sample.pred_instances.bboxes = torch.full((1, 4), torch.nan)
    with pytest.raises(ValueError, match="'object 3'.*is not finite"):
        accuracy(sample)


def test_thresholds_and_mean_accuracy_that_a_config_asks_for(make_sample):
    # IoU 0.75, which reaches 6 of the ten thresholds of mAcc, and 0.56, which reaches 2
    samples = [make_sample(i, [(0, 0, 20, 20)], [(0, 0, 20, height)])
               for i, height in enumerate((15, 11.2))]
    metric = METRICS.build(dict(type='BoxAccuracy', thresholds=[0.55, 0.75],
                                mean_accuracy=True))
    metric.process({}, samples)
    assert metric.evaluate(2) == pytest.approx({
        'rec/acc@0.55': 100, 'rec/acc@0.75': 50, 'rec/mIoU': 65.5, 'rec/mAcc': 40})


@pytest.mark.parametrize(('percent', 'expected'), [
    (49, 0), (50, 10), (54, 10), (55, 20), (85, 80), (94, 90), (95, 100), (100, 100)])
def test_every_threshold_of_the_mean_accuracy_is_met_by_equality(percent, expected,
                                                                 make_sample):
    metric = BoxAccuracy((), mean_accuracy=True)
    metric.process({}, [make_sample(0, [(0, 0, 1, 100)], [(0, 0, 1, percent)])])
    assert metric.evaluate(1)['rec/mAcc'] == pytest.approx(expected)


@pytest.mark.parametrize('thresholds', [[0.5, 0], [1.5], [float('nan')], [0.5, 0.5]])
def test_thresholds_that_are_no_share_are_refused(thresholds):
    with pytest.raises(ValueError, match='different numbers above 0 and at most 1'):
        BoxAccuracy(thresholds)


def test_mean_over_data_sets(make_sample):
    # one expression of a data set, found, and three of another, none found
    samples = [make_sample(i, bboxes=[(10 + 20 * bool(i), 10, 30 + 20 * bool(i), 30)])
               for i in range(4)]
    samples[0].set_metainfo(dict(dataset='other'))
    metric = MeanBoxAccuracy(mean_accuracy=True)
    metric.process({}, samples)
    scores = metric.evaluate(4)
    assert scores['rec_mean/mAcc'] == pytest.approx(50)
    assert scores['rec_mean/acc@0.5'] == pytest.approx(50)
    assert scores['rec_mean/mIoU'] == pytest.approx(50)
    assert accuracy(*samples)['rec/acc@0.5'] == pytest.approx(25)


# -- recall ---------------------------------------------------------------------------

TARGET = [[0., 0., 10., 10.]]
GOOD, POOR, FAR = [0., 0., 10., 9.], [0., 0., 10., 4.], [50., 50., 60., 60.]
#: IoU 0.507 with the target, GIoU 0.460: apart by the corners of their hull.
DISPUTED = [1.8, 1.8, 11.8, 11.8]


def sample(bboxes, scores, targets=TARGET) -> dict:
    return dict(expr_idx=0, text='a', img_path='a.jpg',
                image_instances=dict(bboxes=torch.tensor(targets).view(-1, 4)),
                pred_instances=dict(bboxes=torch.tensor(bboxes).view(-1, 4),
                                    scores=torch.tensor(scores)))


def score(metric, *samples) -> dict:
    metric.process({}, [dict(item, expr_idx=i) for i, item in enumerate(samples)])
    return metric.evaluate(0)


def test_rank_of_the_first_hit_decides():
    found = score(BoxRecall(topk=(1, 2)), sample([GOOD, FAR], [.9, .1]),
                  sample([GOOD, FAR], [.1, .9]), sample([POOR, FAR], [.9, .1]))
    assert found['rec/R@1'] == pytest.approx(100 / 3)
    assert found['rec/R@2'] == pytest.approx(200 / 3)


def test_published_rule_is_stricter():
    found = score(BoxRecall(topk=(1, )), sample([DISPUTED], [1.]))
    assert found == {'rec/R@1': 100, 'rec/R@1 (official SiRi)': 0}


def test_equal_scores_go_by_the_box():
    ranked = rank_boxes(torch.tensor([GOOD, FAR]), torch.tensor([.5, .5]))
    assert ranked.tolist() == [FAR, GOOD]


def test_no_box_is_no_hit_and_two_targets_are_an_error():
    assert score(BoxRecall(), sample([], []))['rec/R@10'] == 0
    with pytest.raises(ValueError, match='exactly one target, .* has 2'):
        score(BoxRecall(), sample([GOOD], [1.], TARGET * 2))
