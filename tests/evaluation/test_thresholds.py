"""The best threshold from one pass; one from a file reaches the metrics that use it."""
import json

import pytest
from mmengine.config import Config

from segvg.evaluation import GeneralizedBoxF1, ThresholdSweep, answer_rule
from segvg.evaluation.thresholds import (
    format_threshold,
    thresholds_in_use,
    use_threshold,
)
from segvg.leakage.provenance import sha256_of


@pytest.fixture
def files(tmp_path):
    """Paths of a threshold file and of the weights it is for."""
    weights, file = tmp_path / 'model.pth', tmp_path / 'threshold.json'
    weights.write_bytes(b'weights')
    file.write_text(json.dumps(dict(
        parameter='no_target_threshold', threshold=0.37, select='gres/gIoU', score=60.0,
        sources=[['grefcoco_unc', 'val']], checkpoint_sha256=sha256_of(weights),
        curve=[])))
    return str(file), str(weights)


def test_every_metric_that_decides_by_it_takes_it(files):
    cfg = Config(dict(test_evaluator=[
        dict(type='MaskIoU'), dict(type='GeneralizedMaskIoU'),
        dict(type='NetworkGeneralizedMaskIoU'), dict(type='GeneralizedBoxF1'),
        dict(type='MaskPartBoxF1', min_pixels=4)]))
    choice = use_threshold(cfg, *files)
    assert choice['file'] == files[0] and 'curve' not in choice
    in_use = {item['metric']: item for item in thresholds_in_use(cfg, choice)}
    assert {name: item['value'] for name, item in in_use.items()} == dict(
        GeneralizedMaskIoU=0.37, NetworkGeneralizedMaskIoU=0.37, GeneralizedBoxF1=0.7,
        MaskPartBoxF1=0.37)
    assert in_use['GeneralizedBoxF1']['source'] == 'config'
    assert in_use['MaskPartBoxF1']['source'] is choice
    assert cfg.test_evaluator[4].min_pixels == 4
    assert format_threshold(in_use['GeneralizedMaskIoU']) == (
        f'GeneralizedMaskIoU: no_target_threshold 0.37 (chosen on val, {files[0]})')
    # and so does what infer.py answers by
    assert answer_rule(cfg.test_evaluator).no_target_threshold == 0.37


@pytest.mark.parametrize(('content', 'told'), [
    (b'\xff', 'not a JSON file'), (b'[' * 100_000, 'not a JSON file'),
    (b'[]', 'lacks parameter'), (dict(threshold='0.5'), 'lacks threshold'),
    (dict(parameter=['a']), 'lacks parameter'), (dict(sources=3), 'lacks sources'),
    (dict(sources=[['a', 'val', 1]]), 'lacks sources')])
def test_file_that_is_not_one_of_a_threshold_is_told(files, tmp_path, content, told):
    file, weights = files
    if isinstance(content, dict):
        whole = json.loads((tmp_path / 'threshold.json').read_text())
        content = json.dumps({**whole, **content}).encode()
    (tmp_path / 'threshold.json').write_bytes(content)
    with pytest.raises(ValueError, match=f'threshold.json (is )?{told}') as error:
        use_threshold(Config(dict(test_evaluator=[])), file, weights)
    assert '\n' not in str(error.value)


def test_a_single_metric_is_a_dict(files):
    cfg = Config(dict(test_evaluator=dict(type='RobustMaskIoU')))
    use_threshold(cfg, *files)
    assert cfg.test_evaluator.no_target_threshold == 0.37


def test_configs_without_such_metrics_have_no_threshold():
    for evaluator in (None, dict(type='BoxAccuracy'), [dict(type='other.Metric')]):
        assert list(thresholds_in_use(Config(dict(test_evaluator=evaluator)), None)
                    ) == []
        assert answer_rule(evaluator) is None


# -- sweep ----------------------------------------------------------------------------

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
    with pytest.raises(ValueError, match="'gres/gIoU' is not one of the scores"):
        sweep.best()
