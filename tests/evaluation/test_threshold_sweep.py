"""The threshold with the highest score, from one pass."""
import pytest

from segvg.evaluation import GeneralizedBoxF1, ThresholdSweep

BOX = (10, 10, 30, 30)


def run(make_sample, select=None):
    """One target with a score of 0.6, and boxes where nothing is, up to 0.4."""
    sweep = ThresholdSweep(dict(type='GeneralizedBoxF1'), select)
    samples = [make_sample(0, scores=[0.6])] + [
        make_sample(i, targets=(), bboxes=(BOX, ), scores=[i / 10]) for i in (2, 3, 4)]
    sweep.process(None, samples)
    return sweep, sweep.evaluate(4), samples


def test_the_middle_of_the_best_is_chosen(make_sample):
    sweep, scores, _ = run(make_sample)
    assert scores['grec/Pr@(F1=1)'] == 75  # at 0.7 nothing is kept
    best = sweep.best()
    assert best.scores['grec/Pr@(F1=1)'] == 100 and best.threshold == 0.50
    assert sweep.sources == (('toy', 'val'), )
    at = {point.threshold: point.scores['grec/Pr@(F1=1)'] for point in sweep.curve}
    assert (at[0.0], at[0.25], at[0.40], at[0.41]) == (25, 50, 75, 100)


def test_every_point_is_what_the_metric_says_there(make_sample):
    sweep, _, samples = run(make_sample)
    for point in sweep.curve[::20]:
        metric = GeneralizedBoxF1(score_threshold=point.threshold)
        metric.process(None, samples)
        scores = metric.evaluate(4)
        assert point.scores == {name: scores[name] for name in point.scores}


def test_unknown_score_is_named(make_sample):
    sweep, _, _ = run(make_sample, 'gres/gIoU')
    with pytest.raises(ValueError, match="'gres/gIoU' is none of the scores"):
        sweep.best()
