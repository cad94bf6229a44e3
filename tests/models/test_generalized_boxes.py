"""GREC with set prediction: many targets, one or none from pixels to scores."""
import pytest
import torch

from segvg.engine.launch import build_runner
from tests.generalized_toy import make_generalized_data
from tests.models.test_grounders import make_batch
from tests.models.test_siri import build, make_samples
from tests.toy import ROOT, toy_config


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_generalized_data(tmp_path_factory.mktemp('toy') / 'data')


@pytest.mark.parametrize('name', ['mdetr_grefcoco', 'siri_grefcoco'])
def test_grec_config_trains_and_scores_with_two_targets_one_and_none(name, data,
                                                                     tmp_path):
    cfg = toy_config(ROOT / f'configs/siri/{name}.py', data, tmp_path)
    runner = build_runner(cfg)
    runner.train()
    scores = runner.test()
    assert {'grec/Pr@(F1=1)', 'grec/N-acc', 'grec/T-acc', 'grec/AP',
            'grec/Pr@(F1=1) (official MDETR)'} <= set(scores)
    assert runner.test_evaluator.metrics[0].num_expressions == 12


@pytest.mark.parametrize('name', ['mdetr_r101', 'siri_r101', 'siri_masks_r101'])
@torch.no_grad()
def test_no_target_score_says_how_far_the_surest_query_is_from_sure(name, tmp_path):
    model = build(name, tmp_path)
    samples = model(make_batch(), make_samples((1, 2, 0)), 'predict')
    sure = model.head.choose(model(make_batch())).scores.amax(1)
    for sample, score in zip(samples, sure, strict=True):
        torch.testing.assert_close(sample.no_target_score, 1 - score)
        assert sample.no_target_score.shape == ()
