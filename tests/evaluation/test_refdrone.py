"""F1 and accuracy of RefDrone: hand-made numbers."""
import pytest

from segvg.evaluation import RefDroneF1
from tests.evaluation.test_generalized_boxes import LEFT, RIGHT, WIDE, evaluate, sample

FAR = [50.0, 50.0, 60.0, 60.0]


def test_scores_by_hand():
    """Instances: TP 3, FP 3, FN 2, TN 1; expressions: TP 1, FP 1, FN 2, TN 1."""
    scores = evaluate(RefDroneF1(), [
        sample(0, [LEFT, RIGHT], [WIDE, RIGHT]),   # two hits
        sample(1, [LEFT, RIGHT], [LEFT, FAR]),     # a hit, one too many, one missed
        sample(2, [LEFT], [RIGHT, LEFT], [0.9, 0.6]),  # one too many, one missed
        sample(3, [], [LEFT, RIGHT]),              # one false positive, not two
        sample(4, [], [LEFT], [0.6])])             # below the threshold: right
    assert scores == pytest.approx({
        'refdrone/instance F1': 100 * 6 / 11, 'refdrone/instance Acc': 100 * 4 / 9,
        'refdrone/image F1': 100 * 2 / 5, 'refdrone/image Acc': 40})


def test_saying_none_to_everything_is_right_where_there_is_none():
    scores = evaluate(RefDroneF1(), [sample(0, [LEFT], []), sample(1, [], [])])
    assert scores == {'refdrone/instance F1': 0, 'refdrone/instance Acc': 50,
                      'refdrone/image F1': 0, 'refdrone/image Acc': 50}


def test_another_threshold_gives_what_a_metric_with_it_gives():
    samples = [sample(0, [LEFT], [LEFT, RIGHT], [0.9, 0.6]), sample(1, [], [LEFT])]
    metric = RefDroneF1()
    results = [metric.score(one) for one in samples]
    for threshold, scores in zip((0.5, 0.95), metric.sweep(results, (0.5, 0.95))):
        expected = evaluate(RefDroneF1(score_threshold=threshold), samples)
        assert {f'refdrone/{name}': score for name, score in scores.items()} == (
            pytest.approx(expected))
