"""Public weights are loaded whole or not at all."""
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from transformers import BertConfig, BertModel

from segvg.checkpoints.initializers import (
    HuggingFacePretrained,
    PartsPretrained,
    Pretrained,
    StrictPretrained,
    WordVectors,
)
from segvg.models.language_encoders import LanguageTransformer, WordVectorGRU
from segvg.registry import MODELS

TINY = dict(vocab_size=20, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=16, max_position_embeddings=12)


def test_language_model_from_a_folder(tmp_path):
    published = BertModel(BertConfig(**TINY))
    published.save_pretrained(tmp_path)
    encoder = LanguageTransformer(
        config=TINY, init_cfg=dict(type='segvg.HuggingFacePretrained',
                                   name=str(tmp_path)))
    encoder.init_weights()
    for ours, theirs in (('layers.1.output.dense.weight',
                          'encoder.layer.1.output.dense.weight'),
                         ('embeddings.word_embeddings.weight',) * 2):
        assert torch.equal(encoder.state_dict()[ours], published.state_dict()[theirs])


@pytest.mark.parametrize('prefix', ['', 'bert.'])
def test_language_model_from_an_older_file(tmp_path, prefix):
    """As published before safetensors: with heads, constants and old names."""
    published = BertModel(BertConfig(**TINY)).state_dict()
    content = {prefix + key.replace('LayerNorm.weight', 'LayerNorm.gamma').replace(
        'LayerNorm.bias', 'LayerNorm.beta'): value for key, value in published.items()}
    content[f'{prefix}embeddings.position_ids'] = torch.arange(12).expand(1, -1)
    content['cls.predictions.bias'] = torch.ones(20)
    torch.save(content, tmp_path / 'pytorch_model.bin')
    encoder = LanguageTransformer(config=TINY)
    HuggingFacePretrained(str(tmp_path))(encoder)
    assert torch.equal(encoder.state_dict()['layers.1.output.LayerNorm.weight'],
                       published['encoder.layer.1.output.LayerNorm.weight'])


def test_program_in_the_file_of_a_language_model_is_not_run(tmp_path):
    class Evil:
        def __reduce__(self):
            return open, (str(tmp_path / 'marker'), 'w')

    torch.save(dict(a=Evil()), tmp_path / 'pytorch_model.bin')
    with pytest.raises(ValueError, match='pytorch_model.bin cannot .* io.open'):
        HuggingFacePretrained(str(tmp_path))(LanguageTransformer(config=TINY))
    assert not (tmp_path / 'marker').exists()


def test_pretrained_of_which_nothing_fits_is_an_error(tmp_path):
    source = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Linear(3, 3))
    torch.save(dict(state_dict=source.state_dict()), tmp_path / 'a.pth')
    model = torch.nn.Sequential(torch.nn.Linear(2, 3))
    Pretrained(str(tmp_path / 'a.pth'))(model)
    assert torch.equal(model[0].weight, source[0].weight)
    layer = torch.nn.Linear(3, 3)
    Pretrained(str(tmp_path / 'a.pth'), prefix='1')(layer)
    assert torch.equal(layer.weight, source[1].weight)
    with pytest.raises(ValueError, match='a.pth does not hold .* none of its 4'):
        Pretrained(str(tmp_path / 'a.pth'))(torch.nn.Conv2d(1, 1, 1))
    init_default_scope('segvg')
    with pytest.raises(ValueError, match='none of its 4'):
        MODELS.build(dict(type='ResNet', depth=18, base_channels=8, init_cfg=dict(
            type='Pretrained', checkpoint=str(tmp_path / 'a.pth')))).init_weights()


def test_language_model_that_is_not_there(tmp_path):
    encoder = LanguageTransformer(config=TINY)
    with pytest.raises(FileNotFoundError, match='neither a folder nor a model on '
                       'the hub.*Put config.json and the weights'):
        HuggingFacePretrained('no-such-model')(encoder)
    with pytest.raises(FileNotFoundError, match='has no usable model'):
        HuggingFacePretrained(str(tmp_path))(encoder)


def test_language_model_of_another_size(tmp_path):
    BertModel(BertConfig(**{**TINY, 'num_hidden_layers': 1})).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match='missing .layers.1'):
        HuggingFacePretrained(str(tmp_path))(LanguageTransformer(config=TINY))


def test_strict_pretrained_loads_all_or_refuses(tmp_path):
    source, target = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
    torch.save(dict(state_dict=source.state_dict()), tmp_path / 'a.pth')
    StrictPretrained(str(tmp_path / 'a.pth'))(target)
    assert torch.equal(source.weight, target.weight)
    with pytest.raises(ValueError, match='does not hold the weights of this Linear'):
        StrictPretrained(str(tmp_path / 'a.pth'))(torch.nn.Linear(2, 4))


def filled_encoder(path, value):
    """Return the config of an encoder whose weights are a value, saved in a file."""
    cfg = dict(
        type='DETREncoder', in_channels=64, channels=32, num_layers=1, heads=4,
        hidden=32, backbone=dict(
            type='ResNet', depth=18, base_channels=8, out_indices=(3, )))
    init_default_scope('segvg')
    encoder = MODELS.build(cfg)
    for parameter in encoder.parameters():
        parameter.data.fill_(value)
    torch.save(dict(state_dict=encoder.state_dict()), path)
    return cfg


def test_backbone_does_not_draw_over_what_its_parent_loaded(tmp_path):
    cfg = filled_encoder(tmp_path / 'a.pth', 0.5)
    init = dict(type='StrictPretrained', checkpoint=str(tmp_path / 'a.pth'))
    encoder = MODELS.build(dict(cfg, init_cfg=init))
    encoder.init_weights()
    assert all((parameter == 0.5).all() for parameter in encoder.parameters())


def test_parts_are_loaded_and_the_rest_is_left_alone(tmp_path):
    cfg = filled_encoder(tmp_path / 'a.pth', 0.5)
    encoder = MODELS.build(dict(cfg, init_cfg=dict(
        type='PartsPretrained', checkpoint=str(tmp_path / 'a.pth'),
        parts={'backbone': 'backbone.'})))
    encoder.init_weights()
    assert all((parameter == 0.5).all() for parameter in encoder.backbone.parameters())
    assert not (encoder.input_proj.weight == 0.5).any()
    with pytest.raises(ValueError, match='a.pth .layers.* does not hold the weights'):
        PartsPretrained(str(tmp_path / 'a.pth'), {'backbone': 'layers.'})(encoder)


def test_word_vectors_fill_the_first_rows(tmp_path):
    path = tmp_path / 'words.npz'
    np.savez(path, word_emb=np.ones((5, 4), np.float32))
    model = WordVectorGRU(9, 4, 5)
    WordVectors(str(path))(model)
    assert model.words.weight.sum(1).tolist() == [4.0] * 5 + [0.0] * 4
    with pytest.raises(ValueError, match='5 vectors of 4 numbers, the table 3 rows'):
        WordVectors(str(path))(WordVectorGRU(3, 4, 5))
    np.savez(path, other=np.ones(3))
    with pytest.raises(ValueError, match="no array 'word_emb'"):
        WordVectors(str(path))(model)
    with pytest.raises(FileNotFoundError, match='tools/build_vocab.py'):
        WordVectors(str(tmp_path / 'no.npz'))(model)
