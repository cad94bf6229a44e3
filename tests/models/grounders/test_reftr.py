"""RefTR: phrases, padding, what is found for whom."""
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

from segvg.models.heads.phrase_head import phrase_targets
from segvg.registry import MODELS
from segvg.structures import ExpressionGroup, GroundingDataSample
from segvg.utils.configs import load
from tests.toy import ROOT

MODEL = ROOT / 'configs/_base_/models'
START, END = 2, 3


def build(name='reftr_tiny', **head):
    """Return a tiny model whose boxes differ."""
    init_default_scope('segvg')
    cfg = load(MODEL / f'{name}.py').model
    cfg.head.update(head)
    cfg.phrase_queries.queries_per_phrase = cfg.head.queries_per_phrase
    torch.manual_seed(0)
    model = MODELS.build(cfg).eval()
    torch.nn.init.normal_(model.head.box.layers[-1].weight, std=0.3)
    return model


def make_sample(words, phrases=(), size=(64, 64)):
    """Return a sample of a text of ids; phrases are ranges of its tokens."""
    ids = torch.tensor([START, *words, END])
    sample = GroundingDataSample(metainfo=dict(
        text='text', img_path='image', expr_idx=0, canvas_shape=size, img_shape=size,
        ori_shape=size, paste_offset=(0, 0), pad_offset=(0, 0), scale_factor=(1, 1)))
    sample.token_ids = ids
    sample.text_padding_mask = torch.zeros(len(ids), dtype=torch.bool)
    boxes = [[8.0 * i, 8.0, 8.0 * i + 16, 40.0] for i in range(max(1, len(phrases)))]
    masks = torch.zeros((len(boxes), *size), dtype=torch.bool)
    masks[:, 8:40, 8:24] = True
    sample.gt_instances = InstanceData(bboxes=torch.tensor(boxes), masks=masks)
    if phrases:
        sample.set_metainfo(dict(phrases=[dict(targets=[i]) for i in range(
            len(phrases))]))
        rows = [torch.tensor([START, *ids[list(part)], END]) for part in phrases]
        sample.phrase_ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        sample.phrase_padding_mask = torch.stack([
            torch.arange(sample.phrase_ids.shape[1]) >= len(row) for row in rows])
        sample.phrase_tokens = torch.zeros((len(rows), len(ids)))
        for row, part in zip(sample.phrase_tokens, phrases):
            row[list(part)] = 1
    return sample


def batch_of(model, *samples):
    """Return the batch of an image a sample."""
    noise = torch.Generator().manual_seed(1)
    images = [torch.randint(0, 255, (3, *sample.img_shape), generator=noise,
                            dtype=torch.uint8) for sample in samples]
    return model.data_preprocessor(dict(
        inputs=images, data_samples=[ExpressionGroup([sample]) for sample in samples]))


def boxes_of(model, *samples):
    """Return the predicted boxes of samples."""
    with torch.no_grad():
        out = model(**batch_of(model, *samples), mode='predict')
    return [sample.pred_instances.bboxes for sample in out]


def test_batch_mates_with_more_words_and_phrases_change_nothing():
    model = build()
    alone, = boxes_of(model, make_sample([5, 6, 7], [(1, ), (3, )]))
    both = boxes_of(model, make_sample([5, 6, 7], [(1, ), (3, )]),
                    make_sample([9, 8, 7, 6, 5, 5], [(1, 2), (3, ), (4, 5, 6)]))
    torch.testing.assert_close(both[0], alone, atol=2e-4, rtol=0)
    assert [len(part) for part in both] == [2, 3]
    assert not torch.allclose(alone[0], alone[1], atol=1e-2)


@pytest.mark.slow
def test_phrases_and_whole_texts_do_not_mix():
    model = build()
    with pytest.raises(ValueError, match='captions with phrases and expressions witho'):
        batch_of(model, make_sample([5, 6], [(1, )]), make_sample([5, 6]))


def test_text_without_words_gets_a_box():
    box, = boxes_of(build(), make_sample([]))
    assert box.isfinite().all()


def test_several_queries_a_phrase_learn_and_the_first_is_predicted():
    model = build(queries_per_phrase=3)
    sample = make_sample([5, 6, 7], [(1, ), (3, )])
    data = batch_of(model, sample)
    outputs = model.head(model.extract(data['inputs']))
    assert outputs.boxes.shape[1:4] == (1, 2, 3)
    predicted, = boxes_of(model, sample)
    centre = predicted[:, :2].add(predicted[:, 2:]).div(2 * 64)
    torch.testing.assert_close(centre, outputs.boxes[-1, 0, :, 0, :2].detach(),
                               atol=1e-4, rtol=0)
    sum(model(**data, mode='loss').values()).backward()
    assert (model.phrase_queries.query_embed.weight.grad.abs().sum(1) > 0).all()


def test_every_phrase_gets_a_mask_and_a_loss():
    model = build('reftr_masks_tiny')
    sample = make_sample([5, 6, 7], [(1, ), (3, )], size=(48, 64))
    data = batch_of(model, sample)
    losses = model(**data, mode='loss')
    assert set(losses) == {'loss_bbox', 'loss_giou', 'loss_mask', 'loss_dice'}
    sum(losses.values()).backward()
    assert model.head.mask.query.weight.grad.abs().sum() > 0
    found = model(**data, mode='predict')[0].pred_instances
    assert found.masks.shape == found.canvas_masks.shape == (2, 48, 64)
    assert torch.equal(found.phrase_scores, torch.eye(2))


def test_several_targets_of_a_phrase_are_enclosed_and_none_is_left_out():
    sample = make_sample([5, 6, 7], [(1, ), (2, ), (3, )])
    sample.set_metainfo(dict(phrases=[
        dict(targets=[0, 2]), dict(targets=[]), dict(targets=[1])]))
    targets = phrase_targets([sample])
    assert targets.phrase.tolist() == [0, 2]
    torch.testing.assert_close(targets.boxes[0] * 64, torch.tensor([16., 24, 32, 32]))
    sample.set_metainfo(dict(phrases=[dict(targets=[])]))
    assert phrase_targets([sample]).boxes.shape == (0, 4)


def test_batch_without_any_target_is_told():
    model = build()
    sample = make_sample([5, 6, 7], [(1, )])
    sample.set_metainfo(dict(phrases=[dict(targets=[])]))
    with pytest.raises(ValueError, match='no phrase of the batch has a target'):
        model(**batch_of(model, sample), mode='loss')


def test_captions_or_phrases_divide_the_losses():
    sample = make_sample([5, 6, 7], [(1, ), (3, )])
    losses = []
    for name in ('captions', 'phrases'):
        model = build(normalize_by=name)
        losses.append(model(**batch_of(model, sample), mode='loss')['loss_bbox'])
    torch.testing.assert_close(losses[0], 2 * losses[1])
    with pytest.raises(ValueError, match='normalize_by is one of'):
        build(normalize_by='images')


@pytest.mark.parametrize('name, published, trainable', [
    ('reftr_r50', 151_981_508, 151_759_108), ('reftr_masks_r50', 155_417_181, None)])
def test_published_size(name, published, trainable):
    """Parameters as counted in the published code, where frozen norms are buffers."""
    init_default_scope('segvg')
    with torch.device('meta'):
        model = MODELS.build(load(MODEL / f'{name}.py').model)
    counts = {key: value.numel() for key, value in model.named_parameters()}
    norms = sum(count for key, count in counts.items()
                if '.bn' in key or 'downsample.1' in key)
    assert sum(counts.values()) - norms == published
    if trainable:
        assert sum(value.numel() for value in model.parameters()
                   if value.requires_grad) == trainable
