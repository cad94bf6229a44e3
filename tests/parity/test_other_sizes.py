"""Recorded cases of other sizes than those in the tree: sizes come from the file.

The records here are made from our own parts; what they show is that a runner takes
every size from its case.
"""
import json
import random

import numpy as np
import pytest
import torch

from segvg.models.heads import JointMaskBranch
from segvg.models.layers.deformable_attention import DeformableAttention
from segvg.models.losses import EnergyLoss
from segvg.structures import FusedFeatures, Tokens
from tests.parity.cases import (
    reftr,
    reftr_units,
    rela_models,
    rela_units,
    seqtr,
    seqtr_units,
)
from tests.parity.comparison import load_case
from tests.parity.fill import image, images_of
from tests.parity.test_parity import DEFAULT


def assert_equal(results: list) -> None:
    assert results
    for result in results:
        assert result.difference <= result.tolerance, result


def record_of(name: str) -> dict:
    return load_case(DEFAULT / f'{name}.npz')


def test_inputs_named_by_a_text():
    text = 'a = 2*image(400,(2,14,3)); b=image(7, same); c = image(8,(1,))'
    inputs = images_of(text)
    assert [each.shape for each in inputs] == [(2, 14, 3), (2, 14, 3), (1,)]
    np.testing.assert_array_equal(inputs[1], image(7, (2, 14, 3)))


@torch.no_grad()
def test_query_encoder_padded_to_forty_tokens():
    batch, count, length = 3, 2, 40
    shapes = record_of('reftr/unit_query_encoder')['meta']['state_dict']
    words = f'image(400,({batch},{length},256))'
    vectors = f'image(401,({batch},{count},256))'
    lengths = np.array([40, 7, 12])
    index = np.arange(length)
    single = (index < 1) | (index >= lengths[:, None] - 1)
    excluded = np.ones((batch, count, length), dtype=bool)
    excluded[:, 0, 1:4], excluded[:, 1, 4:6] = False, False
    case = dict(meta=dict(state_dict=shapes, inputs=f'2*{words}; relu({vectors})'),
                sentence_len=lengths, mask_single=single[:, None],
                mask_query_context=excluded)
    for key, text in (('K1', 'K1'), ('single', 'K1'), ('K3', 'K3')):
        module = reftr_units.query_module(shapes[text])
        first, second = (torch.from_numpy(each) for each in images_of(words + vectors))
        mask = excluded if key != 'single' else single[:, None]
        phrases = second.relu() if key != 'single' else second.relu()[:, :1]
        content, pos = module.mix(2 * first, phrases, torch.from_numpy(mask))
        case[f'out_content_{key}'] = content.transpose(0, 1).numpy()
        case[f'out_query_pos_{key}'] = pos.transpose(0, 1).numpy()
    assert_equal(reftr_units.run_query_encoder(case))


@torch.no_grad()
def test_mask_head_on_another_grid_and_batch():
    shapes = record_of('reftr/unit_res_head')['meta']['state_dict']
    inputs = ('hs=6*image(500,(3,1,1,256)); memory=2*image(501,(3,256,4,3)); '
              'proj=image(502,same); layer3=image(503,(3,1024,8,6)); '
              'layer2=image(504,(3,512,15,11)); layer1=image(505,(3,256,30,22))')
    padding = np.zeros((3, 4, 3), dtype=bool)
    padding[1, 2:] = True
    case = dict(meta=dict(state_dict=shapes, inputs=inputs), padding_mask=padding)
    states, memory, *maps = map(torch.from_numpy, images_of(inputs))
    states = 6 * states[:, 0, 0]
    fused = FusedFeatures(
        Tokens(2 * memory.flatten(2).transpose(1, 2),
               torch.from_numpy(padding).flatten(1), grid=(4, 3), maps=tuple(maps)),
        slice(0, 12), (128, 96))
    weights = reftr_units.renamed(shapes, 'head.')
    branch, energy = JointMaskBranch(), EnergyLoss()
    for part, prefix in ((branch, 'mask.'), (energy, 'loss_energy.')):
        part.load_state_dict({key.removeprefix(prefix): value for key, value in
                              weights.items() if key.startswith(prefix)})
    index = torch.arange(3)
    features = branch.features(states, index, fused)
    case.update(
        out_attention=branch.attend(states, index, fused)[:, None].numpy(),
        out_mask_logits=branch(states, index, fused)[:, None].numpy(),
        out_res_feature=features.numpy(),
        out_cem_loss=energy(states, features, 3).numpy())
    assert_equal(reftr_units.run_res_head(case))


@pytest.mark.slow
def test_reftr_with_resnet101_and_three_decoder_layers(monkeypatch):
    """Names and shapes as ResNet-101 has them: 17 more blocks in its third stage."""
    monkeypatch.setattr(reftr, 'fill', lambda name, shape: np.zeros(shape, np.float32))
    case = record_of('reftr/rec_r50_two_sizes')
    shapes = case['meta']['state_dict']
    last = [name for name in shapes if '.layer3.5.' in name]
    assert last
    for block in range(6, 23):
        shapes.update({name.replace('.layer3.5.', f'.layer3.{block}.'): shapes[name]
                       for name in last})
    for name in [name for name in shapes if '.decoder.layers.' in name
                 and int(name.split('.decoder.layers.')[1].split('.')[0]) >= 3]:
        del shapes[name]
    case['meta']['model'].update(backbone='resnet101', dec_layers=3)
    model, published = reftr.build(case)
    assert len(model.head.decoder.layers) == 3
    assert sum('.layer3.22.' in name for name in published.values()) > 5


def test_rela_images_of_different_sizes_are_padded():
    meta = dict(inputs=dict(seeds=[5, 6], sizes=[[64, 100], [40, 32]]))
    case = dict(meta=meta, lang_tokens=np.ones((2, 7), dtype=np.int64),
                lang_mask=np.ones((2, 7), dtype=np.int64))
    batch = rela_models.batch_of(case)
    assert batch.images.shape == (2, 3, 64, 128)
    assert (batch.images[1, :, 40:] == 0).all() and (batch.images[0, :, :, 100:] == 0
                                                     ).all()
    assert batch.padding_mask.flatten(1).sum(1).tolist() == [
        64 * 128 - 64 * 100, 64 * 128 - 40 * 32]
    first = torch.from_numpy(image(5, (3, 64, 100))) * 58 + 117
    torch.testing.assert_close(batch.images[0, 0, :, :100], (first[0] - 123.675)
                               / 58.395)


def test_rela_masks_of_different_sizes_are_padded():
    masks = [np.zeros((2, 4, 6), dtype=np.uint8), np.ones((1, 5, 3), dtype=np.uint8)]
    masks[0][0, 1, 1] = masks[0][1, 3, 5] = 1
    union = rela_models.union_of_masks(masks)
    assert union.shape == (2, 5, 6)
    assert union.flatten(1).sum(1).tolist() == [2, 15]
    assert union[0, 3, 5] and not union[1, :, 3:].any()


@torch.no_grad()
def test_deformable_attention_with_another_number_of_levels():
    levels = [(2, 3), (3, 4), (5, 6), (6, 9)]
    case = record_of('rela/unit_msdeform')
    meta = case['meta']
    meta.update(shapes=[list(level) for level in levels])
    count = sum(h * w for h, w in levels)
    heads, points = meta['M'], 4
    sampled = 2 * heads * len(levels) * points
    meta['msda_shapes'].update({
        'sampling_offsets.weight': [sampled, 32], 'sampling_offsets.bias': [sampled],
        'attention_weights.weight': [sampled // 2, 32],
        'attention_weights.bias': [sampled // 2]})
    attention = DeformableAttention(32, heads, len(levels), points)
    attention.load_state_dict(rela_units.filled('msda.', meta['msda_shapes']))
    reference = torch.rand((meta['N'], count, len(levels), 2))
    query, tokens = (torch.from_numpy(image(meta['seed'] + i, (meta['N'], count, 32)))
                     for i in (4, 5))
    case['module_ref'] = reference.numpy()
    case['module_out'] = attention(query, reference, tokens, levels).numpy()
    assert rela_units.points_of(meta['msda_shapes'], heads, len(levels)) == points
    for number in range(2):
        prefix = f'encoder.layers.{number}.self_attn.'
        rows = 2 * 8 * len(levels) * points
        meta['enc_shapes'].update({
            f'{prefix}sampling_offsets.weight': [rows, 64],
            f'{prefix}sampling_offsets.bias': [rows],
            f'{prefix}attention_weights.weight': [rows // 2, 64],
            f'{prefix}attention_weights.bias': [rows // 2]})
    meta['enc_shapes']['level_embed'] = [len(levels), 64]
    case['encoder_out'] = np.zeros((meta['N'], count, 64))
    module, encoder = rela_units.run_module(case, levels)
    assert_equal([module])
    assert 0.1 < encoder.difference < 100  # it ran over all levels


def shuffled_case(**said) -> dict:
    case = record_of('seqtr/unit_sequences_and_loss')
    case['meta'].update(said)
    return case


def test_shuffled_points_are_taken_from_the_record_without_seeds():
    case = shuffled_case(shuffle='one permutation shared by the chosen samples')
    assert seqtr.shuffle_of(case['meta']) is None
    assert_equal(seqtr_units.run_sequences_and_loss(case))


def test_shuffled_points_of_other_seeds():
    """A record with other seeds of the generators, which its meta names."""
    case = shuffled_case(shuffle='random.seed(4); torch.manual_seed(5); '
                         'shuffle_fraction 0.5')
    key = next(name for name in case if 'mask_shuffled_' in name)
    plain = case['out/targets_mask']
    random.seed(4)
    torch.manual_seed(5)
    chosen = random.sample(range(len(plain)), len(plain) // 2)
    order = torch.randperm(plain.shape[1] // 2).numpy()
    shuffled = plain.copy()
    points = plain[:, :-1].reshape(len(plain), -1, 2)
    for b in chosen:
        shuffled[b, :-1] = points[b, order].ravel()
    assert not np.array_equal(shuffled, case[key])
    case[key] = shuffled
    assert_equal(seqtr_units.run_sequences_and_loss(case))


def test_order_that_is_not_one_is_an_error():
    plain = np.array([[1, 2, 3, 4, 9], [5, 6, 7, 8, 9]])
    wrong = plain.copy()
    wrong[0, 0] = 100
    with pytest.raises(LookupError, match='not the points of the plain'):
        seqtr_units.recorded_order(plain, wrong)


def test_shuffle_without_seeds_or_targets_is_an_error():
    meta = json.loads('{"what": "SeqTR segmentation, shuffle_fraction=0.2"}')
    assert seqtr.shuffle_of(meta) == seqtr.Shuffle(0.2, None)
    with pytest.raises(LookupError, match='random.seed'):
        seqtr.recorded_targets(dict(meta=meta), 'loss_bn_eval', None, [])
