"""Generated predictions: their time is told, and how they are split does not matter."""
import importlib.util
import json

import numpy as np
import pytest

from segvg.evaluation import base
from segvg.registry import METRICS
from tests.tools.running import run_tool
from tests.toy import ROOT

pytestmark = pytest.mark.slow

TOOL = 'analysis_tools/benchmark_metrics.py'


@pytest.fixture(scope='module')
def tool():
    spec = importlib.util.spec_from_file_location('benchmark_metrics',
                                                  ROOT / 'tools' / TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


KINDS = ['GeneralizedMaskIoU', 'NetworkGeneralizedMaskIoU', 'RobustMaskIoU',
         'MaskPartBoxF1', 'GeneralizedBoxF1', 'BoxAccuracy', 'BoxRecall', 'MaskIoU',
         'NetworkMaskIoU', 'SeqTRMaskIoU']


def test_figures_of_every_metric_are_told(tool, tmp_path, monkeypatch, capsys):
    assert list(tool.KINDS) == KINDS
    file = tmp_path / 'new' / 'figures.json'
    run_tool(monkeypatch, TOOL, '--num', 20, '--size', 48, '--metrics', *KINDS,
             '--json', file)
    figures = json.loads(file.read_text())
    assert [item['metric'] for item in figures] == KINDS
    for item in figures:
        assert item['expressions'] == 20 and item['seconds_process'] > 0
        assert item['scores'] and all(0 <= score <= 100
                                      for score in item['scores'].values())
    assert 'GeneralizedMaskIoU: 20 expressions, process' in capsys.readouterr().out


def test_scores_and_times_are_told_beside_the_published_way(
        tool, tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(ROOT / 'tools/analysis_tools')
    file = tmp_path / 'figures.json'
    run_tool(monkeypatch, TOOL, '--num', 60, '--size', 60, '--published', '--json',
             file)
    figures = json.loads(file.read_text())
    assert [item['metric'] for item in figures] == list(tool.WITH_PUBLISHED)
    for item in figures:  # a score that differs is an error of the tool
        (name, score), = item['score'].items()
        assert 5 < score < 100, name
        assert item['ratio'] == pytest.approx(
            item['milliseconds_ours'] / item['milliseconds_published'])
    assert capsys.readouterr().out.count('in both') == len(figures)


def test_metric_without_a_published_evaluator_is_refused(monkeypatch, capsys):
    with pytest.raises(SystemExit, match='2'):
        run_tool(monkeypatch, TOOL, '--published', '--metrics', 'MaskIoU')
    assert '--published has no evaluator for MaskIoU' in capsys.readouterr().err


def test_what_is_drawn_has_all_kinds_and_is_the_same_again(tool):
    first, second = ([tool.Predictions(48, seed=3).sample(i) for i in range(1)]
                     for _ in range(2))
    assert (first[0]['pred_instances']['masks']
            == second[0]['pred_instances']['masks']).all()
    source = tool.Predictions(48)
    counts = {len(source.sample(i)['image_instances']['bboxes']) for i in range(40)}
    assert counts == {0, 1, 2, 3}


@pytest.mark.parametrize('kind', KINDS)
@pytest.mark.parametrize('sizes', [(40, ), (7, 20, 13), (1, 39)])
def test_processes_batches_order_and_repeats_do_not_change_scores(kind, sizes, tool,
                                                                  monkeypatch):
    """Every process has its part in another order, and a few of the others' too."""
    samples, = tool.Predictions(48).batches(kind, 40, 40)
    alone = METRICS.build(dict(type=kind))
    for sample in samples:
        alone.process(None, [sample])
    expected = alone.evaluate(40)

    random, gathered = np.random.default_rng(0), []
    order = random.permutation(40)
    for part in np.split(order, np.cumsum(sizes)[:-1]):
        metric = METRICS.build(dict(type=kind))
        repeated = [*part, *random.choice(40, 3)]
        metric.process(None, [samples[i] for i in repeated])
        gathered.append(metric.results)
    monkeypatch.setattr(base, 'all_gather_object', lambda results: gathered)
    metric = METRICS.build(dict(type=kind))
    assert metric.evaluate(40) == expected  # to the last bit
    assert metric.num_expressions == 40
