"""Published names become ours, every one of them accounted for."""
import re

import pytest
import torch
from mmengine.registry import init_default_scope

from segvg.checkpoints.convert import convert_state_dict
from segvg.checkpoints.rules import RULES, Drop
from segvg.hub.metafiles import config_path, find_model, read_models
from segvg.registry import MODELS
from segvg.utils.configs import drop_init, load
from tests.parity.comparison import load_case
from tests.toy import ROOT

PARITY = ROOT / 'tests/data/parity'


def test_rules_rename_drop_and_report():
    rules = [(r'a\.(\d+)', r'b.\1'), ('c', Drop('unused'))]
    state = {key: torch.ones(1) for key in ('a.1', 'c', 'a.x')}
    converted, report = convert_state_dict(state, rules)
    assert list(converted) == ['b.1']
    assert report.renamed == {'a.1': 'b.1'}
    assert report.dropped == {'c': 'unused'}
    assert report.unplaced == ['a.x']
    with pytest.raises(ValueError, match='1 of the keys .* published segvg.*a.x'):
        report.raise_unplaced('segvg')


def test_two_keys_for_one_place_are_an_error():
    state = {'a': torch.ones(1), 'b': torch.ones(1)}
    with pytest.raises(ValueError, match="two keys lead to 'x', the second is 'b'"):
        convert_state_dict(state, [('[ab]', 'x')])


@pytest.mark.parametrize('method', ['partial_res', 'segvg', 'seqtr', 'transvg'])
def test_every_published_name_is_accounted_for(method):
    path = next(path for path in sorted((PARITY / method).glob('*.npz'))
                if not path.stem.startswith('unit_'))
    names = load_case(path)['meta']['state_dict_shapes']
    state = {name: torch.zeros(1) for name in names}
    converted, report = convert_state_dict(state, RULES[method])
    assert report.unplaced == []
    assert len(converted) + len(report.dropped) == len(names)
    assert all('pooler' in name for name in report.dropped)


def test_detr_rules_keep_the_image_side():
    path = PARITY / 'segvg' / 'r50_len20_b2_padding_mask.npz'
    names = [re.sub('^visumodel.', '', name)
             for name in load_case(path)['meta']['state_dict_shapes']
             if name.startswith('visumodel.')]
    rest = ['transformer.decoder.norm.weight', 'class_embed.bias',
            'bbox_embed.layers.0.weight', 'query_embed.weight']
    converted, report = convert_state_dict(
        {name: torch.zeros(1) for name in names + rest}, RULES['detr'])
    assert report.unplaced == [] and sorted(report.dropped) == sorted(rest)
    assert 'backbone.layer4.2.bn3.running_var' in converted
    assert 'layers.5.self_attention.in_proj_weight' in converted


def test_resnet_rules_leave_out_the_classifier():
    from segvg.models.backbones import ResNet
    names = [*ResNet(50).state_dict(), 'fc.weight', 'fc.bias']
    converted, report = convert_state_dict(
        {name: torch.zeros(1) for name in names}, RULES['resnet'])
    assert report.unplaced == [] and list(report.dropped) == ['fc.weight', 'fc.bias']
    assert list(converted) == names[:-2]


@pytest.mark.parametrize('case', ['res_r50_two_sizes', 'phrases_r50_flickr'])
def test_every_name_of_reftr_is_accounted_for(case):
    names = [*load_case(PARITY / 'reftr' / f'{case}.npz')['meta']['state_dict'],
             'lang_backbone.embeddings.position_ids', 'cem_block.c1.weight',
             'cem_block.c2.weight', 'cem_block.c3.bias']
    converted, report = convert_state_dict(
        {name: torch.zeros(1) for name in names}, RULES['reftr'])
    assert report.unplaced == []
    assert len(converted) == len(names) - 2
    assert list(report.dropped) == [names[-4], names[-3]]
    assert 'language_encoder.pooler.weight' in converted


@pytest.mark.parametrize('method,file,dropped', [
    ('siri', 'siri_single_decoder_fullsize', {'pos_trans_norm', 'sent_pos_attn',
                                              'pooler'}),
    ('mt_siri', 'siri_mt_two_decoders_padded', {
        'sent_pos_attn', 'pooler', 'text_encoder', 'encoder', 'resizer'}),
    ('mdetr', 'mdetr_rec_soft_tokens_contrastive', {'pooler'}),
    ('mdetr', 'mdetr_segm_mask_head', {'pooler'})])
def test_every_name_of_siri_and_mdetr_is_accounted_for(method, file, dropped):
    names = load_case(PARITY / 'siri' / f'{file}.npz')['meta']['state_dict']
    # Files of older libraries have this one too.
    prefix = 'detr.' if 'segm' in file else ''
    prefix += 'transformer.' if method == 'mdetr' else 'transformer.0.'
    old = f'{prefix}text_encoder.embeddings.position_ids'
    state = {name: torch.zeros(1) for name in (*names, old)}
    converted, report = convert_state_dict(state, RULES[method])
    assert report.unplaced == []
    assert len(converted) + len(report.dropped) == len(names) + 1
    del report.dropped[old]
    found = {next(part for part in ('pooler', 'sent_pos_attn', 'pos_trans_norm',
                                    'text_encoder', 'encoder', 'resizer')
                  if part in name) for name in report.dropped}
    assert found == dropped


@pytest.mark.parametrize('model', ['base_q1', 'base_q10', 'large_q1'])
def test_every_name_of_instancevg_is_accounted_for(model):
    trees = load_case(PARITY / 'instancevg/unit_checkpoint_keys.npz')['meta']['models']
    state = {name: torch.zeros(1) for name, _ in trees[model]['entries']}
    converted, report = convert_state_dict(state, RULES['instancevg'])
    assert report.unplaced == []
    assert len(converted) + len(report.dropped) == len(state)
    reasons = {name.split('.')[1] if name.startswith('head') else name
               for name in report.dropped}
    assert reasons == {
        'vis_enc.beit3.vision_embed.mask_token', 'class_embed', 'bbox_embed',
        'query_embedding', 'proj_pixel_level_cons', 'query_generation', 'detrloss',
        'decoder_transformer'}


#: Released checkpoint of InstanceVG -> recorded names and shapes of its entries.
RELEASED = {'instancevg-b-refcoco': 'base_q1', 'instancevg-l-refcoco': 'large_q1',
            'instancevg-b-grefcoco': 'base_q10', 'instancevg-b-refzom': 'base_q10',
            'instancevg-b-rrefcoco': 'base_q10'}


def test_every_released_instancevg_is_compared_with_its_config():
    names = {name for name in read_models() if name.startswith('instancevg')}
    assert names == RELEASED.keys()


@pytest.mark.parametrize('name', RELEASED)
def test_released_instancevg_fits_the_model_of_its_config(name):
    """All entries have a place of their shape or a reason, and no place stays empty."""
    trees = load_case(PARITY / 'instancevg/unit_checkpoint_keys.npz')['meta']['models']
    state = {key: torch.empty(shape, device='meta')
             for key, shape in trees[RELEASED[name]]['entries']}
    converted, report = convert_state_dict(state, RULES['instancevg'])
    assert report.unplaced == []
    cfg = load(config_path(find_model(name)))
    drop_init(cfg.model)
    init_default_scope('segvg')
    with torch.device('meta'):
        own = MODELS.build(cfg.model).state_dict()
    assert {key: value.shape for key, value in own.items()} == {
        key: value.shape for key, value in converted.items()}


@pytest.mark.parametrize('prefix', ['', 'beit3.'])
def test_beit3_converts_with_or_without_its_prefix(prefix):
    trees = load_case(PARITY / 'instancevg/unit_checkpoint_keys.npz')['meta']['models']
    names = [name.removeprefix('vis_enc.beit3.') for name, _ in
             trees['base_q1']['entries'] if name.startswith('vis_enc')]
    state = {prefix + name: torch.zeros(1) for name in names}
    converted, report = convert_state_dict(state, RULES['beit3'])
    assert report.unplaced == [] and len(report.dropped) == 1
    assert 'layers.0.feed_forward.text.norm.weight' in converted
