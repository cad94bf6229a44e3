"""A local server, and a small model published on it under other names of weights."""
import io

import pytest
import torch
from mmengine.registry import DefaultScope

from segvg.checkpoints.io import save_weights
from segvg.checkpoints.rules import RULES
from segvg.hub.metafiles import PublishedModel
from segvg.registry import MODELS
from segvg.utils.configs import load
from segvg.utils.fast_config_dump import plain_text
from segvg.utils.layout import VOCABULARIES
from tests.hub.server import running_server
from tests.toy import ROOT

CONFIG = 'transvg/transvg_tiny_synthref_l0.py'


@pytest.fixture
def server():
    with running_server() as server:
        yield server


@pytest.fixture(scope='session')
def small_model():
    """Config and weights of the smallest TransVG."""
    cfg = load(ROOT / 'configs' / CONFIG)
    with DefaultScope.overwrite_default_scope('segvg'):
        torch.manual_seed(0)
        return cfg, MODELS.build(cfg.model).state_dict()


@pytest.fixture
def checkpoint(small_model, tmp_path):
    """A checkpoint that holds its config, as a training writes it."""
    cfg, state = small_model
    save_weights(tmp_path / 'epoch_1.pth', state, dict(cfg=plain_text(cfg)))
    return tmp_path / 'epoch_1.pth'


@pytest.fixture
def published(small_model, server, monkeypatch, tmp_path):
    """The same weights on a server, with the names of weights of another repository."""
    monkeypatch.setitem(RULES, 'transvg', [(r'theirs\.(.+)', r'\1')])
    monkeypatch.setenv('SEGVG_HOME', str(tmp_path / 'home'))
    stream = io.BytesIO()
    torch.save(dict(model={f'module.theirs.{name}': value
                           for name, value in small_model[1].items()}), stream)
    server.files['/small.pth'] = stream.getvalue()
    server.files['/words.txt'] = VOCABULARIES['synthref'].read_bytes()
    model = PublishedModel(
        name='small', method='TransVG', config=CONFIG,
        weights=f'{server.address}/small.pth', file='', rule='transvg', average=False,
        size=len(stream.getvalue()), sha256='',
        tokenizer=(f'{server.address}/words.txt', ), words='', license='MIT',
        paper='https://arxiv.org/abs/2104.08541', code='https://example.com/code',
        data=('SynthRef', ), results=())
    monkeypatch.setattr('segvg.hub.metafiles.read_models', lambda: {'small': model})
    return model
