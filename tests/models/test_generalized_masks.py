"""GRES: many targets, one or none from pixels to every score, by ReLA's configs."""
import pytest

from segvg.engine.launch import build_runner
from segvg.evaluation import ThresholdSweep
from tests.generalized_toy import make_generalized_data
from tests.toy import ROOT, toy_config

NAMES = ('gIoU', 'cIoU', 'N-acc', 'T-acc', 'Pr@0.7', 'Pr@0.8', 'Pr@0.9')


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_generalized_data(tmp_path_factory.mktemp('toy') / 'data')


@pytest.mark.slow
@pytest.mark.parametrize(('name', 'more'), [
    ('refzom', {'gres/oIoU with targets', 'gres/mIoU with targets'}),
    ('rrefcoco', {'rres/mRR', 'rres/rIoU', 'rres/mIoU', 'rres/oIoU'})])
def test_evaluation_config_scores_two_targets_one_and_none(name, more, data, tmp_path):
    cfg = toy_config(ROOT / f'configs/rela/rela_swin_b_{name}.py', data, tmp_path)
    scores = build_runner(cfg).test()
    assert more | {f'gres/{score}' for score in NAMES} <= set(scores)


def test_parts_of_masks_are_scored_as_boxes(data, tmp_path):
    cfg = toy_config(ROOT / 'configs/rela/rela_swin_b_grec_grefcoco.py', data, tmp_path)
    scores = build_runner(cfg).test()
    for name in NAMES:
        assert 0 <= scores[f'gres/{name} (official ReLA)'] <= 100
    for name in ('N-acc', 'T-acc'):  # do not depend on the size of the mask
        assert scores[f'gres/{name} (official ReLA)'] == scores[f'gres/{name}']
    assert 0 <= scores['grec/Pr@(F1=1) (mask parts)'] <= 100


def test_threshold_of_masks_is_chosen_from_one_pass(data, tmp_path):
    cfg = toy_config(ROOT / 'configs/rela/rela_swin_b_grefcoco.py', data, tmp_path)
    cfg.test_evaluator = dict(
        type='ThresholdSweep', metric=dict(type='GeneralizedMaskIoU'))
    runner = build_runner(cfg)
    scores = runner.test()
    sweep = runner.test_evaluator.metrics[0]
    assert isinstance(sweep, ThresholdSweep)
    last, first = sweep.curve[-1].scores, sweep.curve[0].scores
    assert first['gres/N-acc'] == 100 and last['gres/T-acc'] == 100
    assert sweep.best().scores['gres/gIoU'] >= scores['gres/gIoU']
