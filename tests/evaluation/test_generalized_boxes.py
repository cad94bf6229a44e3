"""F1 of boxes for many targets or none: hand-made numbers."""
import pytest
import torch

from segvg.evaluation import GeneralizedBoxF1
from segvg.evaluation.generalized_boxes import f1_of, match_greedily

LEFT, RIGHT = [0.0, 0.0, 10.0, 10.0], [20.0, 0.0, 30.0, 10.0]
WIDE = [0.0, 0.0, 16.0, 10.0]  # IoU with LEFT 10 / 16


def boxes(*values):
    return torch.tensor(values, dtype=torch.float64).reshape(-1, 4)


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
