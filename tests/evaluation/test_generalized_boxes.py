"""F1 of boxes for many targets or none: hand-made numbers."""
import pytest
import torch

from segvg.evaluation import GeneralizedBoxF1, MaskPartBoxF1
from segvg.evaluation.generalized_boxes import BoxResult, count_hits, match_greedily

LEFT, RIGHT = [0.0, 0.0, 10.0, 10.0], [20.0, 0.0, 30.0, 10.0]
WIDE = [0.0, 0.0, 16.0, 10.0]  # IoU with LEFT 10 / 16


def boxes(*values):
    return torch.tensor(values, dtype=torch.float64).reshape(-1, 4)


def f1_of(found, targets, giou):
    return BoxResult(len(found), count_hits(found, targets, giou), found.numpy(), None,
                     targets.numpy()).f1


def sample(number, targets, found, scores=None):
    return dict(dataset='own', split='val', expr_idx=number,
                image_instances=dict(bboxes=boxes(*targets)),
                pred_instances=dict(bboxes=boxes(*found), scores=torch.as_tensor(
                    [0.9] * len(found) if scores is None else scores)))


@pytest.mark.parametrize(('found', 'targets', 'f1'), [
    ([LEFT], [LEFT], 1), ([LEFT, RIGHT], [LEFT], 2 / 3), ([LEFT], [LEFT, RIGHT], 2 / 3),
    ([WIDE], [LEFT], 1), ([], [LEFT], 0), ([LEFT], [], 0), ([], [], 1),
    ([[0.0, 0.0, 0.0, 0.0]], [LEFT], 0), ([LEFT, LEFT], [LEFT, RIGHT], 0.5)])
@pytest.mark.parametrize('giou', [False, True])
def test_f1_by_hand(found, targets, f1, giou):
    assert f1_of(boxes(*found), boxes(*targets), giou) == pytest.approx(f1)


def test_a_hull_can_make_a_hit_a_miss():
    tall = [[0.0, 0.0, 10.0, 17.0]]
    shifted = [[2.0, 0.0, 12.0, 15.0]]
    assert f1_of(boxes(*tall), boxes(*shifted), False) == 1
    far = [[0.0, 0.0, 10.0, 10.0]], [[2.5, 1.0, 12.5, 11.0]]
    assert f1_of(boxes(*far[0]), boxes(*far[1]), False) == 1
    assert f1_of(boxes(*far[0]), boxes(*far[1]), True) == 0


def test_the_most_similar_pair_goes_first():
    assert match_greedily(torch.tensor([[0.6, 0.9], [0.2, 0.7]]), 0.5) == 1
    assert match_greedily(torch.tensor([[0.9, 0.6], [0.7, 0.6]]), 0.5) == 2
    assert match_greedily(torch.zeros(0, 3), 0.5) == 0


def test_scores_by_hand():
    metric = GeneralizedBoxF1()
    metric.process(None, [
        sample(0, [LEFT, RIGHT], [LEFT, RIGHT]), sample(1, [], []),
        sample(2, [], [LEFT]), sample(3, [LEFT], [LEFT, RIGHT], [0.9, 0.6]),
        sample(4, [LEFT], [RIGHT], [0.1])])
    scores = metric.evaluate(5)
    assert scores['grec/Pr@(F1=1)'] == 60 and scores['grec/N-acc'] == 50
    assert scores['grec/T-acc'] == pytest.approx(200 / 3)
    assert 0 < scores['grec/AP'] < 100


def test_score_of_seven_tenths_in_single_precision_is_not_kept():
    metric = GeneralizedBoxF1(official=True)
    metric.process(None, [sample(0, [], [LEFT], torch.tensor([0.7]))])
    assert metric.evaluate(1)['grec/Pr@(F1=1) (official MDETR)'] == 100


def evaluate(metric, samples):
    metric.process(None, samples)
    return metric.evaluate(len(samples))


@pytest.mark.parametrize('official', [False, True])
def test_no_candidates_at_all_are_scored(official):
    scores = evaluate(GeneralizedBoxF1(official=official),
                      [sample(0, [], []), sample(1, [LEFT], [])])
    end = ' (official MDETR)' if official else ''
    assert scores[f'grec/Pr@(F1=1){end}'] == 50 and scores[f'grec/N-acc{end}'] == 100
    assert scores[f'grec/T-acc{end}'] == scores[f'grec/AP{end}'] == 0


def test_splits_of_one_kind_have_scores():
    only = evaluate(GeneralizedBoxF1(), [sample(0, [LEFT], [LEFT])])
    assert only['grec/N-acc'] == 0 and only['grec/T-acc'] == 100
    assert only['grec/AP'] == pytest.approx(100)
    none = evaluate(GeneralizedBoxF1(), [sample(0, [], [])])
    assert none['grec/N-acc'] == 100 and none['grec/Pr@(F1=1)'] == 100
    assert none['grec/T-acc'] == none['grec/Pr@(F1=1) with targets'] == 0
    assert none['grec/AP'] == 0


def test_predicting_nothing_is_no_success_where_there_are_targets():
    scores = evaluate(GeneralizedBoxF1(), [
        sample(0, [], []), sample(1, [], []), sample(2, [LEFT], []),
        sample(3, [LEFT], [LEFT])])
    assert scores['grec/Pr@(F1=1)'] == 75
    assert scores['grec/Pr@(F1=1) with targets'] == 50


def test_an_overlap_of_one_half_is_enough():
    half = [0.0, 0.0, 10.0, 5.0]
    assert f1_of(boxes(half), boxes(LEFT), False) == 1
    less = [0.0, 0.0, 10.0, 4.99]
    assert f1_of(boxes(less), boxes(LEFT), False) == 0


def test_a_no_target_score_can_take_all_boxes_away():
    found = [sample(0, [], [LEFT]) | dict(no_target_score=0.8),
             sample(1, [LEFT], [LEFT]) | dict(no_target_score=0.2)]
    assert evaluate(GeneralizedBoxF1(), found)['grec/N-acc'] == 0
    scores = evaluate(GeneralizedBoxF1(no_target_threshold=0.5), found)
    assert scores['grec/N-acc'] == scores['grec/T-acc'] == 100


@pytest.mark.parametrize('none', [None, 0.5])
def test_scores_at_another_threshold_are_those_of_a_metric_with_it(none):
    samples = [sample(i, [LEFT, RIGHT][:i % 3], [LEFT, RIGHT], [i / 10, 0.5]) | dict(
        no_target_score=i / 10) for i in range(10)]
    metric = GeneralizedBoxF1(no_target_threshold=none)
    results = [metric.score(item) for item in samples]
    for threshold in (0.0, 0.3, 0.55, 1.0):
        again = metric.sweep(results, [threshold])[0]
        fresh = evaluate(GeneralizedBoxF1(**{'no_target_threshold': none}
                                          | {metric.parameter: threshold}), samples)
        assert again == {name: fresh[f'grec/{name}'] for name in again}


def test_parts_of_a_mask_are_boxes_and_say_so():
    mask = torch.zeros(1, 20, 40, dtype=torch.bool)
    mask[:, 0:10, 0:10] = True
    mask[:, 0:10, 20:30] = True
    mask[:, 19, 39] = True  # a speck
    found = sample(0, [LEFT, RIGHT], [])
    found['pred_instances'] = dict(masks=mask, scores=torch.ones(1))
    empty = sample(1, [], []) | dict(no_target_score=0.9)
    empty['pred_instances'] = dict(masks=mask, scores=torch.ones(1))
    scores = evaluate(MaskPartBoxF1(min_pixels=2), [found, empty])
    assert scores['grec/Pr@(F1=1) (mask parts)'] == 100
    assert scores['grec/N-acc (mask parts)'] == 100
    assert evaluate(MaskPartBoxF1(min_pixels=1), [found])[
        'grec/Pr@(F1=1) (mask parts)'] == 0
    nothing = sample(0, [], [])
    nothing['pred_instances'] = dict(masks=mask[:0], scores=torch.ones(0))
    assert evaluate(MaskPartBoxF1(), [nothing])['grec/N-acc (mask parts)'] == 100
    with pytest.raises(KeyError, match='predictions without masks'):
        MaskPartBoxF1().score(sample(0, [], []))
