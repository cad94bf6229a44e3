"""Freezing, memory, low-rank matrices, depths and public weights of encoders."""
import json
import sys

import pytest
import torch
from mmengine.registry import init_default_scope
from safetensors.torch import load_file, save_file

from segvg.models.backbones import HuggingFaceBackbone
from segvg.models.language_encoders import HuggingFaceTextEncoder
from segvg.structures import TextTokens
from tests.models.tiny_encoders import TEXT, VISION, save

IMAGES = (1, 3, 64, 96)


def trained(encoder) -> set:
    """Names of the parameters that are trained."""
    return {name for name, value in encoder.model.named_parameters()
            if value.requires_grad}


def test_frozen_encoder_stays_as_it_is():
    encoder = HuggingFaceBackbone(VISION['resnet'], frozen=True).train()
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    assert not encoder(torch.randn(IMAGES))[0].requires_grad
    assert all(torch.equal(value, before[key])
               for key, value in encoder.state_dict().items())
    assert trained(encoder) == set()
    text = HuggingFaceTextEncoder(TEXT['bert'], frozen=True).train()
    assert not text.model.training


@pytest.mark.parametrize('name', VISION)
def test_frozen_stages_are_the_first(name):
    encoder = HuggingFaceBackbone(VISION[name], frozen_stages=1).train()
    depths = encoder.parameter_depths()
    last = len(encoder.blocks)
    assert {depths[key] for key in trained(encoder)} >= {2, last}
    assert all(depths[key] > 1 for key in trained(encoder))
    assert not encoder.blocks[0].training and encoder.blocks[1].training
    encoder(torch.randn(2, *IMAGES[1:]))[-1].sum().backward()
    assert all(value.grad is not None for value in encoder.parameters()
               if value.requires_grad)


def test_embeddings_alone_can_be_frozen():
    encoder = HuggingFaceTextEncoder(TEXT['bert'], frozen_stages=0).train()
    assert {key.split('.')[0] for key in trained(encoder)} == {'encoder'}
    assert not encoder.model.embeddings.training and encoder.blocks[0].training


def test_more_frozen_stages_than_there_are():
    with pytest.raises(ValueError, match='frozen_stages is 3, but the bert has 2'):
        HuggingFaceTextEncoder(TEXT['bert'], frozen_stages=3)


@pytest.mark.parametrize(('name', 'count'), [
    ('dinov2', 2), ('dinov3_vit', 2), ('clip', 2), ('siglip2', 2), ('vitdet', 2),
    ('convnextv2', 4), ('dinov3_convnext', 4), ('swin', 4), ('swinv2', 4),
    ('resnet', 4)])
def test_depths_of_image_encoders_grow_towards_the_output(name, count):
    encoder = HuggingFaceBackbone(VISION[name])
    depths = encoder.parameter_depths()
    assert len(encoder.blocks) == count
    assert set(depths.values()) >= set(range(1, count + 1))
    last = {key for key, depth in depths.items() if depth == count + 1}
    assert all('norm' in key for key in last)


@pytest.mark.parametrize('name', TEXT)
def test_depths_of_text_encoders_begin_with_the_embeddings(name):
    depths = HuggingFaceTextEncoder(TEXT[name]).parameter_depths()
    first = [key for key, depth in depths.items() if depth == 0]
    assert any('embed' in key or 'shared' in key for key in first)
    assert {1, 2} <= set(depths.values()) <= {0, 1, 2, 3}


def test_batch_statistics_can_be_kept():
    encoder = HuggingFaceBackbone(VISION['resnet'], norm_eval=True).train()
    before = {key: value.clone() for key, value in encoder.state_dict().items()}
    encoder(torch.randn(2, *IMAGES[1:]))
    assert all(torch.equal(value, before[key])
               for key, value in encoder.state_dict().items())
    assert trained(encoder)


@pytest.mark.parametrize('name', ['dinov2', 'dinov3_vit', 'siglip2', 'swin'])
def test_gradient_checkpointing_gives_the_same_gradients(name):
    torch.manual_seed(0)
    plain = HuggingFaceBackbone(VISION[name]).train()
    saving = HuggingFaceBackbone(VISION[name], gradient_checkpointing=True).train()
    saving.load_state_dict(plain.state_dict())
    images = torch.randn(IMAGES)
    seen = []
    saving.blocks[0].register_forward_hook(lambda *_: seen.append(1))
    for encoder in (plain, saving):
        torch.manual_seed(1)
        encoder(images)[-1].square().sum().backward()
    assert saving.model.is_gradient_checkpointing
    for one, two in zip(plain.parameters(), saving.parameters()):
        if one.grad is not None:
            torch.testing.assert_close(one.grad, two.grad)


def test_gradient_checkpointing_where_there_is_none():
    with pytest.raises(ValueError, match='resnet .* cannot do gradient checkpointing'):
        HuggingFaceBackbone(VISION['resnet'], gradient_checkpointing=True)


LORA = dict(r=2, lora_alpha=4, target_modules=['query', 'value', 'q_proj', 'v_proj'])


@pytest.mark.parametrize('make', [
    lambda **kwargs: HuggingFaceBackbone(VISION['dinov3_vit'], **kwargs),
    lambda **kwargs: HuggingFaceTextEncoder(TEXT['bert'], **kwargs)])
def test_lora_trains_its_matrices_alone_and_takes_public_weights(make, tmp_path):
    plain = make()
    save(plain.model, tmp_path)
    encoder = make(lora=LORA, init_cfg=dict(
        type='HuggingFacePretrained', name=str(tmp_path))).train()
    init_default_scope('segvg')
    encoder.init_weights()
    assert trained(encoder)
    assert all('.lora_' in key for key in trained(encoder))
    if isinstance(encoder, HuggingFaceBackbone):
        inputs = torch.randn(IMAGES)
        ours, theirs = encoder.eval()(inputs)[0], plain.eval()(inputs)[0]
    else:
        ids = torch.tensor([[1, 5, 2]])
        inputs = TextTokens(ids, ids == 0)
        ours, theirs = encoder.eval()(inputs).feats, plain.eval()(inputs).feats
    torch.testing.assert_close(ours, theirs)
    (ours * torch.randn_like(ours)).sum().backward()
    assert any(value.grad is not None and value.grad.any()
               for value in encoder.parameters())


def test_lora_without_peft_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, 'peft', None)
    with pytest.raises(ImportError, match=r"needs the package peft: .*segvg\[lora\]"):
        HuggingFaceBackbone(VISION['dinov2'], lora=LORA)


def published(tmp_path, name='bert', **changes):
    """Save a text encoder with changed settings; return one that reads it."""
    config = dict(TEXT[name], **changes)
    save(HuggingFaceTextEncoder(config, pooling=None).model, tmp_path)
    init_default_scope('segvg')
    return HuggingFaceTextEncoder(TEXT[name], init_cfg=dict(
        type='HuggingFacePretrained', name=str(tmp_path)))


@pytest.mark.parametrize(('changes', 'message'), [
    (dict(hidden_act='relu'), "hidden_act is 'relu' there and 'gelu' here"),
    (dict(num_attention_heads=1), 'num_attention_heads is 1 there and 2 here'),
    (dict(num_hidden_layers=3), 'num_hidden_layers is 3 there and 2 here'),
    (dict(vocab_size=30), '1 of another shape .embeddings.word_embeddings')])
def test_weights_of_other_settings_are_refused(changes, message, tmp_path):
    encoder = published(tmp_path, **changes)
    with pytest.raises(ValueError, match=message):
        encoder.init_weights()


def test_weights_of_another_architecture_are_refused(tmp_path):
    encoder = published(tmp_path)
    content = load_file(tmp_path / 'model.safetensors')
    content.pop('encoder.layer.1.output.dense.weight')
    save_file(content, tmp_path / 'model.safetensors', metadata=dict(format='pt'))
    with pytest.raises(ValueError, match='1 missing .encoder.layer.1.output.dense'):
        encoder.init_weights()
    values = json.loads((tmp_path / 'config.json').read_text())
    values['model_type'] = 'electra'
    (tmp_path / 'config.json').write_text(json.dumps(values))
    with pytest.raises(ValueError, match="model_type is 'electra' there and 'bert'"):
        encoder.init_weights()


def test_weights_in_several_files(tmp_path):
    encoder = published(tmp_path)
    content = load_file(tmp_path / 'model.safetensors')
    places = {key: f'model-{number % 2}.safetensors'
              for number, key in enumerate(content)}
    for file in set(places.values()):
        save_file({key: content[key] for key in places if places[key] == file},
                  tmp_path / file, metadata=dict(format='pt'))
    (tmp_path / 'model.safetensors').unlink()
    index = tmp_path / 'model.safetensors.index.json'
    index.write_text(json.dumps(dict(weight_map=places)))
    encoder.init_weights()
    assert torch.equal(encoder.model.embeddings.word_embeddings.weight,
                       content['embeddings.word_embeddings.weight'])
    for wrong in (dict(a='../b.safetensors'), dict(a='model.bin'), dict(a=[1]), [1]):
        index.write_text(json.dumps(dict(weight_map=wrong)))
        with pytest.raises(ValueError, match='should name a file .*safetensors beside'):
            published_again = HuggingFaceTextEncoder(
                TEXT['bert'], init_cfg=dict(type='HuggingFacePretrained',
                                            name=str(tmp_path)))
            published_again.init_weights()


def test_program_in_a_pickle_of_weights_is_not_run(tmp_path):
    encoder = published(tmp_path)
    (tmp_path / 'model.safetensors').unlink()

    class Evil:
        def __reduce__(self):
            return open, (str(tmp_path / 'marker'), 'w')

    torch.save(dict(a=Evil()), tmp_path / 'pytorch_model.bin')
    with pytest.raises(ValueError, match='pytorch_model.bin cannot .* io.open'):
        encoder.init_weights()
    assert not (tmp_path / 'marker').exists()


def test_settings_that_are_not_json(tmp_path):
    (tmp_path / 'config.json').write_text('{"model_type": ')
    with pytest.raises(ValueError, match='config.json cannot be read as JSON'):
        HuggingFaceTextEncoder(str(tmp_path))
    (tmp_path / 'config.json').write_text('[1]')
    with pytest.raises(ValueError, match='should be a JSON object, not a list'):
        HuggingFaceTextEncoder(str(tmp_path))
