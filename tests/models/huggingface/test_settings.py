"""Settings of encoders: of one tower of two, and those that weights do not show."""
import pytest
import transformers

from segvg.models.huggingface import model_settings
from segvg.models.huggingface.settings import check_same


def test_one_tower_of_a_model_with_two(tmp_path):
    transformers.CLIPConfig(
        vision_config=dict(hidden_size=48, patch_size=8),
        text_config=dict(hidden_size=24, vocab_size=50000)).save_pretrained(tmp_path)
    vision = model_settings(str(tmp_path), 'vision')
    text = model_settings(str(tmp_path), 'text')
    assert (vision.model_type, vision.hidden_size) == ('clip_vision_model', 48)
    assert (text.model_type, text.hidden_size) == ('clip_text_model', 24)


def test_given_settings_are_not_changed():
    config = dict(model_type='bert', hidden_size=24)
    model_settings(config, 'text')
    assert config == dict(model_type='bert', hidden_size=24)


def test_what_is_not_about_the_architecture_is_not_taken():
    settings = model_settings(
        dict(model_type='bert', dtype='float16', architectures=['Evil'],
             auto_map=dict(AutoModel='evil.Evil')), 'text')
    assert settings.dtype is None and settings.architectures is None
    assert not hasattr(settings, 'auto_map')


def test_settings_that_no_shape_shows_are_compared():
    ours, other = (model_settings(dict(model_type='bert', **changes), 'text')
                   for changes in ({}, dict(layer_norm_eps=1e-5, hidden_act='relu')))
    check_same(ours, ours, 'folder')
    with pytest.raises(ValueError, match="folder was trained .* hidden_act is 'relu' "
                       "there and 'gelu' here; layer_norm_eps is 1e-05 there"):
        check_same(ours, other, 'folder')
    dropout = model_settings(dict(model_type='bert', hidden_dropout_prob=0.0), 'text')
    check_same(ours, dropout, 'folder')


def test_settings_that_cannot_be():
    with pytest.raises(ValueError, match="cannot make an encoder 'clip_vision_model' "
                       'of these settings .*16.* is not a multiple of'):
        model_settings(dict(model_type='clip_vision_model', hidden_size=16), 'vision')
