"""Every expression counts once, whatever batches, samplers and processes do."""
import inspect
import random

import numpy as np
import pytest
from mmengine.evaluator import Evaluator

from segvg import evaluation
from segvg.evaluation import (
    BoxAccuracy,
    GroundingMetric,
    MaskIoU,
    PredictionDump,
    PredictionLog,
    ThresholdSweep,
    base,
)
from segvg.registry import METRICS

SHIFTS = [0, 2, 4, 6, 9, 13, 18, 25]


@pytest.fixture
def samples(make_sample):
    return [make_sample(i, bboxes=[(10 + shift, 10, 30 + shift, 30)])
            for i, shift in enumerate(SHIFTS)]


def run(*batches):
    metric = BoxAccuracy()
    for batch in batches:
        metric.process({}, batch)
    return metric.evaluate(3), metric.num_expressions  # the size is that of images


def test_scores_do_not_depend_on_batches_or_order(samples):
    expected = run(samples)
    assert expected[1] == len(SHIFTS)
    assert run(*[[sample] for sample in samples]) == expected
    shuffled = random.Random(0).sample(samples, len(samples))
    assert run(shuffled[:3], shuffled[3:]) == expected


def test_repeated_expression_counts_once(samples):
    assert run(samples, samples[:3]) == run(samples)


def test_same_number_in_another_split_is_another_expression(make_sample):
    pair = [make_sample(0), make_sample(0, bboxes=[(0, 0, 1, 1)], split='testA')]
    scores, count = run(pair)
    assert count == 2 and scores['rec/acc@0.5'] == 50


def test_processes_of_uneven_length_are_gathered_whole(samples, monkeypatch):
    expected = run(samples)
    others = BoxAccuracy()
    others.process({}, samples[2:])
    monkeypatch.setattr(base, 'all_gather_object',
                        lambda own: [own, list(others.results)])
    assert run(samples[:3]) == expected


def test_metric_starts_anew_after_scoring(samples, make_sample):
    metric = BoxAccuracy()
    metric.process({}, samples)
    metric.evaluate(len(samples))
    metric.process({}, [make_sample(0)])
    assert metric.evaluate(1)['rec/acc@0.5'] == 100 and metric.num_expressions == 1


@pytest.mark.parametrize('kind', [
    kind for kind in vars(evaluation).values()
    if isinstance(kind, type) and issubclass(kind, GroundingMetric)
    and not inspect.isabstract(kind) and kind not in (
        PredictionDump, PredictionLog, ThresholdSweep)],
    ids=lambda kind: kind.__name__)
def test_no_expression_is_an_error(kind):
    with pytest.raises(ValueError, match=f'{kind.__name__} has no expression to score'):
        kind().evaluate(0)


def test_names_are_those_that_other_programs_read(make_sample):
    evaluator = Evaluator([METRICS.build(dict(type='BoxAccuracy')),
                           METRICS.build(dict(type='MaskIoU'))])
    evaluator.process([make_sample(0, masks=True)], {})
    scores = evaluator.evaluate(1)
    steps = ('0.5', '0.6', '0.7', '0.8', '0.9')
    assert set(scores) == {
        'rec/mIoU', 'res/mIoU', 'res/oIoU', *(f'rec/acc@{step}' for step in steps),
        *(f'res/Pr@{step}' for step in steps)}
    assert all(type(score) is float and score == 100 for score in scores.values())


def test_own_metric_needs_two_methods(make_sample):

    class Words(GroundingMetric):
        default_prefix = 'text'

        def score(self, sample):
            return len(sample['text'].split())

        def compute_metrics(self, results):
            return dict(words=sum(results) / len(results))

    metric = Words()
    metric.process({}, [make_sample(0), make_sample(1)])
    assert metric.evaluate(2) == {'text/words': 2.0}
    assert metric.last_terms == {}


def test_scores_come_from_what_each_expression_adds(make_sample):

    class LongWords(GroundingMetric):
        default_prefix = 'text'

        def score(self, sample):
            words = sample['text'].split()
            return sum(len(word) > 1 for word in words), len(words)

        def terms(self, results):
            return dict(long=np.array(results, dtype=float), never=np.zeros((2, 2)))

    metric = LongWords()
    metric.process({}, [make_sample(1), make_sample(0)])
    assert metric.evaluate(2) == {'text/long': 50.0, 'text/never': 0.0}
    assert metric.keys == (('toy', 'val', 0), ('toy', 'val', 1))
    assert metric.last_terms['text/long'].tolist() == [[1, 2], [1, 2]]


@pytest.mark.parametrize('metric', [BoxAccuracy(), MaskIoU()])
def test_sample_without_prediction_is_named(metric, make_sample):
    sample = make_sample(4)
    del sample.pred_instances
    with pytest.raises(KeyError, match="'object 4' .expr_idx 4 of toy val, images"):
        metric.process({}, [sample])
