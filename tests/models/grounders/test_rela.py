"""ReLA: what must not matter, what is said of nothing, and what the parts do."""
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope

from segvg.checkpoints.convert import convert_state_dict
from segvg.checkpoints.rules import RULES
from segvg.evaluation import GeneralizedMaskIoU
from segvg.models.backbones import LanguageSwin
from segvg.registry import MODELS
from segvg.utils.configs import load
from segvg.visualization import GroundingVisualizer
from tests.generalized_toy import make_batch, make_sample
from tests.toy import ROOT


def build(**changes):
    """Return a tiny model; its gates are closed unless asked for."""
    init_default_scope('segvg')
    cfg = load(ROOT / 'configs/_base_/models/rela_tiny.py')
    cfg.model.image_encoder.open_gates = False
    cfg.merge_from_dict({f'model.{key}': value for key, value in changes.items()})
    torch.manual_seed(0)
    return MODELS.build(cfg.model).eval()


def outputs_of(model, *groups):
    with torch.no_grad():
        return model(**make_batch(model, *groups))


def test_many_one_or_no_target_are_learned_from_and_predicted():
    model = build()
    samples = [make_sample([5, 6], targets) for targets in (0, 1, 2)]
    losses = model(**make_batch(model, samples), mode='loss')
    assert set(losses) == {'loss_mask', 'loss_minimap', 'loss_no_target'}
    sum(losses.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters()
               if p.grad is not None)
    with torch.no_grad():
        found = model(**make_batch(model, samples), mode='predict')
    for sample in found:
        assert sample.pred_instances.masks.shape == (1, 48, 96)
        assert sample.pred_instances.canvas_masks.shape == (1, 64, 64)
        assert 0 < float(sample.no_target_score) < 1
    metric = GeneralizedMaskIoU()
    metric.process(None, found)
    assert all(0 <= score <= 100 for score in metric.evaluate(3).values())


@pytest.mark.parametrize('none', [False, True])
def test_prediction_of_nothing_is_drawn(none):
    model = build()
    with torch.no_grad():
        last = model.head.decoder.no_target.layers[-1]
        last.weight.zero_()
        last.bias.copy_(torch.tensor([0., 9.] if none else [9., 0.]))
        # No pixel is on a target, so there is no box around them.
        model.head.decoder.minimap.weight.zero_()
        model.head.decoder.minimap.bias.zero_()
        sample, = model(**make_batch(model, [make_sample([5], 0)]), mode='predict')
    assert (float(sample.no_target_score) > 0.5) is none
    assert not sample.pred_instances.masks.any()
    assert sample.pred_instances.bboxes.tolist() == [[0, 0, 0, 0]]
    metric = GeneralizedMaskIoU()
    picture = np.zeros((48, 96, 3), np.uint8)
    for rule in (None, metric.rule):
        drawn = GroundingVisualizer().draw(picture, sample, rule=rule)
        assert drawn.shape[2] == 3


def test_batch_mates_change_nothing():
    model = build(text_length=8)
    alone = outputs_of(model, [make_sample([5, 6])])
    both = outputs_of(model, [make_sample([5, 6])], [make_sample([9, 8, 7, 6, 5])])
    for one, two in zip(alone, both):
        torch.testing.assert_close(two[:1], one, atol=2e-4, rtol=1e-4)


@pytest.mark.parametrize('opened', [False, True])
def test_trunk_runs_once_an_image_while_gates_are_closed(opened, monkeypatch):
    model = build()
    if opened:
        for gate in model.image_encoder.gates:
            torch.nn.init.normal_(gate[0].weight, std=0.3)
            torch.nn.init.normal_(gate[2].weight, std=0.3)
    sizes, embed = [], model.image_encoder.trunk.patch_embed.forward
    monkeypatch.setattr(model.image_encoder.trunk.patch_embed, 'forward',
                        lambda images: sizes.append(len(images)) or embed(images))
    samples = [make_sample([5, 6]), make_sample([7, 8])]
    together = outputs_of(model, samples)
    assert sizes == [2 if opened else 1]
    batch = make_batch(model, samples)['inputs']
    for i in (0, 1):  # the same image, asked once
        text = type(batch.text)(*(part[i:i + 1] for part in batch.text))
        with torch.no_grad():
            one = model(batch._replace(text=text, image_index=torch.tensor([0])))
        torch.testing.assert_close(together.masks[i:i + 1], one.masks, atol=1e-3,
                                   rtol=1e-4)


def test_pixels_are_decoded_once_an_image_where_the_encoder_reads_no_text(monkeypatch):
    init_default_scope('segvg')
    cfg = load(ROOT / 'configs/_base_/models/rela_tiny.py').model
    cfg.image_encoder = dict(type='TextFreeBackbone', backbone=dict(
        type='ResNet', depth=18, num_stages=3, strides=(1, 2, 2),
        dilations=(1, 1, 1), out_indices=(0, 1, 2), base_channels=32))
    model = MODELS.build(cfg).eval()
    sizes, decode = [], model.pixel_decoder.forward
    monkeypatch.setattr(model.pixel_decoder, 'forward',
                        lambda maps: sizes.append(len(maps[0])) or decode(maps))
    outputs = outputs_of(model, [make_sample([5, 6]), make_sample([7, 8])])
    assert sizes == [1] and len(outputs.masks) == 2


@pytest.mark.parametrize('read', [True, False])
def test_padding_words_are_read_as_published_or_not(read):
    texts, found = [[make_sample([5, 6])]], []
    for length in (4, 12):
        model = build(text_length=length, **{'head.decoder.read_padding': read})
        torch.nn.init.normal_(model.head.decoder.word_proj.weight)
        found.append(outputs_of(model, *texts).masks)
    assert torch.allclose(*found, atol=1e-3) is not read


def test_too_long_a_text_is_told():
    with pytest.raises(ValueError, match='7 tokens in an expression, but text_length'):
        outputs_of(build(text_length=6), [make_sample([5] * 5)])


def test_published_gates_get_no_gradient_and_open_ones_do():
    for opened in (False, True):
        model = build(**{'image_encoder.open_gates': opened}).train()
        losses = model(**make_batch(model, [make_sample([5, 6])]), mode='loss')
        sum(losses.values()).backward()
        grads = [gate[2].weight.grad.abs().max() for gate in model.image_encoder.gates]
        assert all((grad > 0) == opened for grad in grads)


def test_half_precision_trains():
    model = build().train()
    batch = make_batch(model, [make_sample([5, 6], 2), make_sample([7], 0)])
    with torch.autocast('cpu', torch.bfloat16):
        losses = model(**batch, mode='loss')
    assert all(loss.dtype == torch.float32 for loss in losses.values())
    sum(losses.values()).backward()
    grad = model.image_encoder.trunk.patch_embed.proj.weight.grad
    assert torch.isfinite(grad).all() and grad.abs().max() > 0


def test_named_parts_are_frozen():
    model = build(frozen=['language_encoder.embeddings'])
    fixed = {name for name, p in model.named_parameters() if not p.requires_grad}
    assert fixed and all(name.startswith('language_encoder.embeddings')
                         for name in fixed)


# -- windows ---------------------------------------------------------------------------


# -- deformable attention --------------------------------------------------------------


# -- weights ---------------------------------------------------------------------------


def test_trunk_of_imagenet_converts():
    names = ['patch_embed.proj.weight', 'layers.0.blocks.1.attn.qkv.weight',
             'layers.0.blocks.1.attn_mask', 'layers.0.downsample.reduction.weight',
             'layers.1.blocks.0.attn.relative_position_index', 'norm.weight',
             'head.bias', 'layers.1.blocks.0.attn.relative_position_bias_table']
    state = {name: torch.zeros(1) for name in names}
    converted, report = convert_state_dict(state, RULES['swin'])
    assert not report.unplaced and len(report.dropped) == 4
    trunk = LanguageSwin(8, (2, 1), (1, 1), window=3, text_channels=4).trunk
    assert set(converted) <= set(trunk.state_dict())
