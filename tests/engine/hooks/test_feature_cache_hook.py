"""A training and its scores do not change with the cache; the encoder hardly runs."""
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from segvg.engine.hooks import FeatureCacheHook
from segvg.engine.launch import build_runner
from segvg.models.backbones import HuggingFaceBackbone
from segvg.utils.errors import InputError
from tests.models.tiny_encoders import VISION
from tests.toy import ROOT, make_data, toy_config

BACKBONE = 'image_encoder.encoder.backbone'
CONFIG = ROOT / 'configs/transvg/transvg_tiny_synthref_l0.py'


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('toy') / 'data', images=4)


@pytest.fixture
def runs(monkeypatch):
    """Count how many images the encoder itself is given; it takes them one by one.

    Kernels of convolutions give other last digits in a batch of another size.
    """
    counted, plain = [0], HuggingFaceBackbone.forward

    def forward(self, images, padding_mask=None):
        counted[0] += len(images)
        alone = [plain(self, image[None], padding_mask) for image in images]
        return tuple(map(torch.cat, zip(*alone)))

    monkeypatch.setattr(HuggingFaceBackbone, 'forward', forward)
    return counted


def train(data, work_dir, cache_dir=None, epochs=6, frozen=True, **options):
    """Train TransVG on four images with a frozen backbone; return weights, scores."""
    cfg = toy_config(CONFIG, data, work_dir)
    part = cfg.model.image_encoder.encoder
    part.backbone = dict(type='HuggingFaceBackbone', config=VISION['resnet'],
                         out_indices=(2, ), frozen=frozen)
    part.in_channels = 16
    cfg.train_cfg.update(max_epochs=epochs, val_interval=epochs)
    if cache_dir is not None:
        cfg.custom_hooks = [dict(type='FeatureCacheHook', modules=[BACKBONE],
                                 cache_dir=str(cache_dir), **options)]
    runner = build_runner(cfg)
    runner.train()
    scores = runner.message_hub.get_scalar('val/rec/mIoU').current()
    assert 'forward' not in vars(runner.model.get_submodule(BACKBONE))
    return runner.model.state_dict(), scores, runner


@pytest.mark.slow
def test_training_with_flips_is_the_same_bit_for_bit(data, tmp_path, runs):
    """Twelve pictures: four to train on in two variants, four to score."""
    plain, plain_score, _ = train(data, tmp_path / 'plain')
    assert runs[0] == 6 * 4 + 4
    runs[0] = 0
    first, first_score, runner = train(data, tmp_path / 'first', tmp_path / 'cache')
    assert 8 < runs[0] <= 12
    assert list(first) == list(plain)  # a checkpoint fits with and without the hook
    assert all(torch.equal(first[key], plain[key]) for key in plain)
    assert first_score == plain_score
    runs[0] = 0
    again, again_score, runner = train(data, tmp_path / 'again', tmp_path / 'cache')
    assert runs[0] == 0
    assert all(torch.equal(again[key], plain[key]) for key in plain)
    runner.test()
    assert runs[0] == 0


@pytest.mark.slow
def test_what_is_trained_is_refused_before_the_second_step(data, tmp_path):
    with pytest.raises(InputError, match=f'features of {BACKBONE}.*frozen=True'):
        train(data, tmp_path / 'work', tmp_path / 'cache', frozen=False)


def test_unknown_module_and_type_are_told(tmp_path):
    runner = SimpleNamespace(model=nn.Sequential(nn.Linear(1, 1)))
    with pytest.raises(ValueError, match='FeatureCacheHook.*encoder'):
        FeatureCacheHook(['encoder'], tmp_path).before_train(runner)
    with pytest.raises(ValueError, match='dtype is one of float32, float16'):
        FeatureCacheHook(['0'], tmp_path, dtype='int8')


def test_images_that_are_new_in_every_epoch_bring_a_warning(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr('segvg.engine.hooks.feature_cache_hook.print_log',
                        lambda text, **_: told.append(text))
    monkeypatch.setattr('segvg.engine.hooks.feature_cache_hook.WARM', 3)
    module = HuggingFaceBackbone(VISION['resnet'], frozen=True).train()
    runner = SimpleNamespace(model=nn.Sequential(module), epoch=0)
    hook = FeatureCacheHook('0', tmp_path)
    hook.before_train(runner)
    hook.before_val(runner)  # changes nothing
    for runner.epoch in range(4):
        torch.manual_seed(min(runner.epoch, 2))  # the last epoch brings nothing new
        module(torch.randn(2, 3, 64, 64))
        hook.after_train_epoch(runner)
    assert len([text for text in told if '0 read, 2 computed' in text]) == 3
    assert len([text for text in told if 'new in epoch 3' in text]) == 1
    assert not any('new in epoch 4' in text for text in told)
    hook.after_run(runner)
    assert 'forward' not in vars(module)
