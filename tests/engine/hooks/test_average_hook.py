"""Averaged and plain weights are both scored, saved and tested."""
from pathlib import Path

import pytest
import torch

from segvg.engine.launch import build_runner, load_weights
from tests.toy import ROOT, make_data, toy_config

CONFIG = ROOT / 'configs/seqtr/seqtr_tiny_det_synthref_l0.py'
NAME = 'rec/acc@0.5'
PLAIN = 'rec/acc@0.5 (plain weights)'


@pytest.fixture
def data(tmp_path, monkeypatch):
    # Short paths: mmengine's formatter of configs is slow with long ones.
    monkeypatch.chdir(tmp_path)
    return make_data(Path('data'))


def make_config(data, work_dir):
    cfg = toy_config(CONFIG, data, Path(work_dir))
    cfg.custom_hooks = [dict(type='AverageHook', momentum=0.999)]
    return cfg


@pytest.mark.slow
def test_both_scores_in_training_and_testing(data):
    runner = build_runner(make_config(data, 'work'))
    runner.train()
    scores = runner.message_hub.log_scalars
    assert f'val/{NAME}' in scores and f'val/{PLAIN}' in scores
    plain = {key: value.clone() for key, value in runner.model.state_dict().items()}

    path = 'work/epoch_1.pth'
    saved = torch.load(path, weights_only=False)
    averaged = saved['state_dict']
    key = 'head.predictor.layers.0.weight'
    assert not torch.equal(averaged[key], plain[key])

    runner = build_runner(make_config(data, 'again'))
    load_weights(runner, path)
    metrics = runner.test()
    assert {NAME, PLAIN} <= set(metrics)
    # The run is over: the plain weights are in the model, the others in the average.
    torch.testing.assert_close(runner.model.state_dict()[key], plain[key])


@pytest.mark.slow
def test_resumed_training_goes_on_with_the_average(data):
    build_runner(make_config(data, 'work')).train()
    cfg = make_config(data, 'more')
    cfg.train_cfg.max_epochs = 2
    cfg.load_from, cfg.resume = 'work/epoch_1.pth', True
    runner = build_runner(cfg)
    runner.train()
    hook = next(hook for hook in runner.hooks if type(hook).__name__ == 'AverageHook')
    assert int(hook.ema_model.steps) == 4  # two epochs of two steps
