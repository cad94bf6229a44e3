"""mRR and rIoU of true and false sentences about the same object, by hand."""
import pytest

from segvg.evaluation import RobustMaskIoU
from tests.evaluation.test_generalized_masks import sample


def sentence(number, ref, targets, columns, none=0.1):
    """A sentence about an object; columns of 10 pixels are wanted and drawn."""
    return sample(number, targets, columns, none, ref_id=ref)


def evaluate(samples, **settings):
    metric = RobustMaskIoU(**settings)
    metric.process(None, samples)
    return metric.evaluate(len(samples))


def test_two_objects_by_hand():
    scores = evaluate([
        # 40 of 50 pixels; then a true sentence that is rejected; then false ones
        sentence(0, 7, [5], 4), sentence(1, 7, [5], 9, none=0.9),
        sentence(2, 7, [], 3), sentence(3, 7, [], 3, none=0.8), sentence(4, 7, [], 0),
        sentence(5, 8, [10], 10), sentence(6, 8, [], 5, none=0.9)])
    first = 40 / (50 + 50 + 30)
    assert scores == {
        'rres/mRR': pytest.approx(100 * (2 / 3 + 1) / 2),
        'rres/rIoU': pytest.approx(100 * (first + 1) / 2),
        'rres/mIoU': pytest.approx(100 * (0.4 + 1) / 2),
        'rres/oIoU': pytest.approx(100 * 140 / 200)}


def test_objects_without_one_kind_are_left_out():
    scores = evaluate([sentence(0, 1, [5], 5), sentence(1, 2, [], 5)])
    assert scores['rres/mRR'] == 0 and scores['rres/rIoU'] == 100
    only = evaluate([sentence(0, 1, [5], 5)])
    assert only == {'rres/mRR': 0, 'rres/rIoU': 100, 'rres/mIoU': 100, 'rres/oIoU': 100}
    false = evaluate([sentence(0, 1, [], 0)])
    assert false['rres/mRR'] == 100 and false['rres/rIoU'] == false['rres/oIoU'] == 0


def test_sentences_without_a_ref_stand_alone():
    scores = evaluate([sentence(0, None, [5], 5), sentence(1, None, [5], 0),
                       sentence(2, None, [], 5)])
    assert scores['rres/rIoU'] == 50 and scores['rres/mRR'] == 0


def test_sweep_is_what_the_metric_says_there():
    samples = [sentence(i, i // 3, [] if i % 3 else [5], 4 + i % 2, i / 12)
               for i in range(12)]
    metric = RobustMaskIoU()
    results = [metric.score(item) for item in samples]
    for threshold in (0.0, 0.45, 1.0):
        again = metric.sweep(results, [threshold])[0]
        assert {f'rres/{name}': score for name, score in again.items()} == evaluate(
            samples, no_target_threshold=threshold)
