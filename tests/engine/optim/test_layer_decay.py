"""Rates that fall from layer to layer towards the input of an encoder."""
import pytest
from mmengine.registry import init_default_scope
from torch import nn

from segvg.engine.optim import LayerDecayConstructor
from segvg.models.backbones import HuggingFaceBackbone
from segvg.models.language_encoders import HuggingFaceTextEncoder
from tests.models.tiny_encoders import TEXT, VISION

OPTIMIZER = dict(optimizer=dict(type='AdamW', lr=1.0, weight_decay=0.1))


@pytest.fixture
def model():
    init_default_scope('segvg')
    return nn.ModuleDict(dict(
        image=HuggingFaceBackbone(VISION['dinov3_vit'], frozen_stages=0),
        text=HuggingFaceTextEncoder(TEXT['bert']), head=nn.Linear(2, 2)))


def groups_of(model, **parts):
    wrapper = LayerDecayConstructor(OPTIMIZER, dict(parts=parts))(model)
    return wrapper.optimizer.param_groups


def test_rates_fall_towards_the_input(model):
    groups = groups_of(model, image=dict(rate=0.5, layer_decay=0.5), text=dict(rate=.2))
    rates = {}
    for group in groups:
        rates.setdefault(group['name'], set()).add(group['lr'])
    assert rates == {'rest': {1.0}, 'image.3': {0.5}, 'image.2': {0.25},
                     'image.1': {0.125}, 'text.0': {0.2}}
    count = sum(len(group['params']) for group in groups)
    assert count == sum(value.requires_grad for value in model.parameters())


def test_vectors_of_the_parts_have_no_weight_decay(model):
    for group in groups_of(model, image=dict(layer_decay=0.9)):
        vectors = {value.ndim <= 1 for value in group['params']}
        if group['name'] == 'rest':
            assert group['weight_decay'] == 0.1
        else:
            assert vectors == {group['weight_decay'] == 0}


def test_parts_that_do_not_fit_are_told(model):
    with pytest.raises(ValueError, match="names 'eye', but the model has no such part"):
        groups_of(model, eye=dict(layer_decay=0.5))
    with pytest.raises(ValueError, match='tells the depth .* not Linear'):
        groups_of(model, head=dict(layer_decay=0.5))
    with pytest.raises(ValueError, match="'text' has .'decay'"):
        groups_of(model, text=dict(decay=0.5))
    assert groups_of(model, head=dict(rate=0.5))[1]['lr'] == 0.5
