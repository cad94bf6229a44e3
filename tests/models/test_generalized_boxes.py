"""GREC with set prediction: many targets, one or none from pixels to scores."""
import pytest
import torch

from segvg.apis import GroundingInferencer
from segvg.engine.launch import build_runner
from tests.generalized_toy import make_generalized_data
from tests.models.grounders.test_siri import build, make_samples
from tests.models.grounders.test_two_tower import make_batch
from tests.toy import ROOT, toy_config


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_generalized_data(tmp_path_factory.mktemp('toy') / 'data')


@pytest.mark.slow
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


@pytest.mark.slow
def test_two_targets_one_and_none_are_learned_by_heart(data, tmp_path):
    """Four images, twelve expressions, 80 steps; then asked as a user asks."""
    cfg = toy_config(ROOT / 'configs/siri/siri_tiny_synthref_l0.py', data, tmp_path)
    train = cfg.train_dataloader
    train.update(batch_size=12, drop_last=False)
    train.dataset.pipeline = [step for step in train.dataset.pipeline
                              if step['type'] != 'RandomFlip']
    cfg.test_dataloader.dataset.ann_file = train.dataset.ann_file
    cfg.model.head.update(num_queries=6, num_layers=1, mask_threshold=0.5)
    cfg.model.fusion.num_layers = 1
    cfg.model.language_encoder.config.num_hidden_layers = 1
    cfg.train_cfg.update(max_epochs=80, val_interval=1000)
    cfg.optim_wrapper.optimizer.lr *= 4
    cfg.param_scheduler = [dict(type='LinearLR', start_factor=0.05, by_epoch=False,
                                begin=0, end=20)]
    cfg.default_hooks.checkpoint.update(save_best=None, interval=80)
    cfg.test_evaluator = [dict(type='GeneralizedBoxF1', score_threshold=0.5),
                          dict(type='GeneralizedMaskIoU')]
    cfg.val_evaluator = cfg.test_evaluator
    runner = build_runner(cfg)
    runner.train()
    scores = runner.test()
    assert scores['grec/Pr@(F1=1)'] > 90 and scores['gres/gIoU'] > 75
    assert scores['grec/N-acc'] == scores['gres/N-acc'] == 100

    ground = GroundingInferencer(cfg, tmp_path / 'epoch_80.pth', 'cpu')
    [[two, none]] = ground(data / 'images' / 'train_0.png',
                           ['box', 'the box left the box'])['predictions']
    assert len(two['targets']) == 2 and not two['no_target']
    assert none['no_target'] and none['no_target_score'] > 0.5
