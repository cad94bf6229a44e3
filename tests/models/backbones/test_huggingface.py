"""Image encoders of transformers: their maps, what padding does, what is trained."""
import json

import pytest
import torch
import transformers
from mmengine.registry import init_default_scope

from segvg.models.backbones import HuggingFaceBackbone
from segvg.models.backbones.huggingface import MASKED, TOWERS
from segvg.registry import MODELS
from segvg.utils.errors import InputError
from tests.models.tiny_encoders import VISION, quiet, save, settings_of, spread

EACH = pytest.mark.parametrize('name', VISION)
HIERARCHICAL = ('dinov3_convnext', 'convnext', 'convnextv2', 'swin', 'swinv2', 'resnet')


def published(name, folder):
    """Save a model as transformers would publish it, with weights of its own."""
    settings = settings_of(VISION[name])
    if settings.model_type in TOWERS:
        model = getattr(transformers, TOWERS[settings.model_type])(settings)
    else:
        settings.out_indices = list(range(len(settings.stage_names)))
        model = transformers.AutoBackbone.from_config(settings)
    spread(model)
    save(model, folder)
    with quiet():
        return type(model).from_pretrained(folder, use_safetensors=True).eval()


def all_maps(model, images):
    """Every map that a published model gives, as (I, C, h, w)."""
    if model.config.model_type not in TOWERS:
        return model(images).feature_maps
    grid = [side // 16 for side in images.shape[-2:]]
    if model.config.model_type == 'siglip2_vision_model':
        patches = torch.stack([torch.stack([
            image[:, 16 * y:16 * y + 16, 16 * x:16 * x + 16].permute(1, 2, 0).flatten()
            for y in range(grid[0]) for x in range(grid[1])]) for image in images])
        out = model(patches, pixel_attention_mask=None, output_hidden_states=True,
                    spatial_shapes=torch.tensor([grid] * len(images)))
    else:
        out = model(images, interpolate_pos_encoding=True, output_hidden_states=True)
    first = int(model.config.model_type == 'clip_vision_model')
    states = [*out.hidden_states[:-1], out.last_hidden_state]
    return [state[:, first:].transpose(1, 2).reshape(len(images), -1, *grid)
            for state in states]


@pytest.mark.slow
@EACH
@torch.no_grad()
def test_maps_equal_those_of_transformers_bit_for_bit(name, tmp_path):
    """Settings and weights come from the folder; nothing else is read."""
    model = published(name, tmp_path)
    images = torch.randn(2, 3, 64, 96)
    theirs = all_maps(model, images)
    stages = (1, 2, 3, 4) if name in HIERARCHICAL else (1, 2)
    backbone = HuggingFaceBackbone(str(tmp_path), out_indices=stages)
    init_default_scope('segvg')
    backbone.init_weights()
    maps = backbone.eval()(images)
    assert len(maps) == len(stages)
    for stage, ours, channels in zip(stages, maps, backbone.channels):
        assert torch.equal(ours, theirs[stage])
        assert ours.shape[1] == channels


@EACH
@torch.no_grad()
def test_padding_does_what_the_docstring_says(name):
    """Of masked ViTs what stands in the padding is not seen, of others it is."""
    torch.manual_seed(0)
    backbone = HuggingFaceBackbone(VISION[name]).eval()
    spread(backbone.model)
    padding = torch.zeros(1, 64, 96, dtype=torch.bool)
    padding[..., 48:] = True
    images = torch.randn(1, 3, 64, 96)
    other = torch.where(padding[:, None], torch.randn(1, 3, 64, 96), images)
    one, two = (backbone(pixels, padding)[-1] for pixels in (images, other))
    width = one.shape[-1] // 2
    same = torch.allclose(one[..., :width], two[..., :width], atol=1e-5)
    masked = VISION[name]['model_type'] in MASKED
    assert same is masked is backbone.reads_padding
    if masked:
        assert not torch.equal(one, backbone(images)[-1])
        no_padding = torch.zeros_like(padding)
        assert torch.equal(backbone(images)[-1], backbone(images, no_padding)[-1])


@torch.no_grad()
def test_padding_can_be_seen_by_a_vit():
    backbone = HuggingFaceBackbone(VISION['dinov2'], mask_padding=False).eval()
    images = torch.randn(1, 3, 64, 96)
    padding = torch.ones(1, 64, 96, dtype=torch.bool)
    assert torch.equal(backbone(images, padding)[0], backbone(images)[0])


def test_encoder_of_an_older_version_that_takes_no_mask_is_refused(monkeypatch):
    monkeypatch.setattr(transformers.Dinov2Backbone, 'forward',
                        lambda self, pixel_values: None)
    with pytest.raises(InputError, match='no mask of padding.*mask_padding=False'):
        HuggingFaceBackbone(VISION['dinov2'])
    assert not HuggingFaceBackbone(VISION['dinov2'], mask_padding=False).reads_padding


def test_a_patch_that_is_padding_in_part_is_image():
    backbone = HuggingFaceBackbone(VISION['dinov2'])
    padding = torch.zeros(1, 32, 48, dtype=torch.bool)
    padding[..., 17:] = True
    assert backbone._patch_padding(padding).tolist() == [[False, False, True] * 2]


@EACH
def test_every_trainable_parameter_gets_a_gradient(name):
    backbone = HuggingFaceBackbone(VISION[name]).train()
    backbone(torch.randn(2, 3, 64, 96))[-1].sum().backward()
    without = [key for key, value in backbone.named_parameters()
               if value.requires_grad and value.grad is None]
    assert without == []


@EACH
def test_canvas_of_which_a_part_would_be_cut_off_is_told(name):
    backbone = HuggingFaceBackbone(VISION[name])
    if backbone.divisor == 1:
        backbone(torch.randn(2, 3, 65, 97))
        return
    with pytest.raises(ValueError, match=f'multiples of {backbone.divisor}, not 72 x'):
        backbone(torch.randn(1, 3, 64, 72))


def test_detr_encoder_hands_the_padding_to_the_backbone():
    init_default_scope('segvg')
    torch.manual_seed(0)
    encoder = MODELS.build(dict(
        type='DETREncoder', in_channels=16, channels=16, num_layers=1, heads=2,
        hidden=16, backbone=dict(type='HuggingFaceBackbone', config=VISION['dinov2'])))
    padding = torch.zeros(1, 64, 96, dtype=torch.bool)
    padding[..., 48:] = True
    images = torch.randn(1, 3, 64, 96)
    other = torch.where(padding[:, None], torch.randn(1, 3, 64, 96), images)
    with torch.no_grad():
        one, two = (encoder.eval()(pixels, padding) for pixels in (images, other))
    inside = ~one.padding_mask
    assert inside.sum() == 12
    torch.testing.assert_close(one.feats[inside], two.feats[inside])


def test_weights_of_a_whole_model_fill_one_tower(tmp_path):
    """SigLIP2 of fixed resolution is published as a SigLIP with both towers."""
    tower = {key: value for key, value in VISION['siglip'].items()
             if key != 'model_type'}
    model = transformers.SiglipModel(transformers.SiglipConfig(
        vision_config=tower, text_config=dict(
            hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=16, vocab_size=20, max_position_embeddings=8,
            projection_size=16, pad_token_id=0, bos_token_id=1, eos_token_id=2)))
    save(model, tmp_path)
    backbone = HuggingFaceBackbone(str(tmp_path))
    init_default_scope('segvg')
    backbone.init_weights()
    theirs = model.vision_model.state_dict()
    ours = backbone.model.state_dict()
    assert ours and all(torch.equal(value, theirs[key]) for key, value in ours.items())


def test_settings_without_an_architecture_or_with_an_unknown_one():
    with pytest.raises(ValueError, match="lacks 'model_type'"):
        HuggingFaceBackbone(dict(hidden_size=16))
    with pytest.raises(ValueError, match="cannot make an encoder 'no_such_net'"):
        HuggingFaceBackbone(dict(model_type='no_such_net'))
    with pytest.raises(ValueError, match="'gpt2' is not an image .* convnextv2"):
        HuggingFaceBackbone(dict(model_type='gpt2'))
    with pytest.raises(ValueError, match='timm_backbone'):
        HuggingFaceBackbone(dict(model_type='timm_backbone'))


def test_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(FileNotFoundError, match='settings of an encoder: .*no-such-net'
                       '.* is neither a folder nor a model on the hub'):
        HuggingFaceBackbone('no-such-net')
    with pytest.raises(FileNotFoundError, match='has no usable model .*config.json'):
        HuggingFaceBackbone(str(tmp_path))


def test_code_that_a_folder_brings_is_not_run(tmp_path):
    published('dinov2', tmp_path)
    values = json.loads((tmp_path / 'config.json').read_text())
    values.update(auto_map={'AutoBackbone': 'evil.Evil'}, use_kernels=True,
                  attn_implementation='someone/kernel',
                  quantization_config=dict(quant_method='gptq'))
    (tmp_path / 'config.json').write_text(json.dumps(values))
    (tmp_path / 'evil.py').write_text('raise SystemExit("was run")\n')
    (tmp_path / 'adapter_config.json').write_text('{"peft_type": "LORA"}')
    backbone = HuggingFaceBackbone(str(tmp_path))
    init_default_scope('segvg')
    backbone.init_weights()
    assert backbone.model.config._attn_implementation in ('sdpa', 'eager')
    assert not hasattr(backbone.model.config, 'auto_map')


@pytest.mark.slow
@pytest.mark.parametrize('name', ['dinov3_vit', 'convnextv2', 'siglip2'])
@torch.no_grad()
def test_exported_graph_gives_the_same_maps(name):
    backbone = HuggingFaceBackbone(VISION[name]).eval()
    images = torch.randn(2, 3, 64, 96)
    padding = torch.zeros(2, 64, 96, dtype=torch.bool)
    padding[1, :, 48:] = True
    graph = torch.export.export(backbone, (images, padding), strict=False).module()
    torch.testing.assert_close(graph(images, padding)[0], backbone(images, padding)[0])
