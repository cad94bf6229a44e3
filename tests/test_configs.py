"""Every config loads, builds at toy size, trains one epoch and is scored on a CPU."""
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from segvg.engine.launch import build_runner
from segvg.registry import MODELS
from tests.toy import CONFIGS, ROOT, make_data, toy_config


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('toy') / 'data')


@pytest.mark.parametrize(
    'path', CONFIGS, ids=[str(path.relative_to(ROOT / 'configs')) for path in CONFIGS])
def test_config_trains_and_tests_at_toy_size(path, data, tmp_path):
    cfg = toy_config(path, data, tmp_path)
    runner = build_runner(cfg)
    head = [parameter for parameter in runner.model.head.parameters()
            if parameter.requires_grad]
    before = [parameter.clone() for parameter in head]
    runner.train()
    assert any(not torch.equal(old, new) for old, new in zip(before, head))
    best = cfg.default_hooks.checkpoint.save_best
    assert 0 <= runner.message_hub.get_scalar(f'val/{best}').current() <= 100


@pytest.mark.parametrize('path', CONFIGS, ids=[path.stem for path in CONFIGS])
def test_config_head_names_its_own_file(path):
    text = path.read_text()
    assert f'python tools/train.py {path.relative_to(ROOT)}' in text
    assert len(text.splitlines()) <= 40


@pytest.mark.parametrize('name', ['segvg_r101', 'transvg_r50'])
def test_published_size(name):
    """Parameters as counted in the published code, less the pooler of BERT."""
    cfg = Config.fromfile(ROOT / f'configs/_base_/models/{name}.py')
    init_default_scope('segvg')
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    frozen_norms = sum(p.numel() for n, p in model.named_parameters() if '.bn' in n
                       or 'downsample.1' in n)
    count = sum(p.numel() for p in model.parameters()) - frozen_norms
    pooler = 768 * 768 + 768
    published = dict(segvg_r101=186_331_333, transvg_r50=149_745_860)[name]
    assert count + pooler == published
