"""Checkpoints are read safely and renamed with every key accounted for."""
import argparse
import os
import re

import pytest
import torch

from segvg.checkpoints.io import (
    RULES,
    Drop,
    convert_state_dict,
    load_checkpoint,
    state_dict_of,
)
from tests.parity.comparison import load_case
from tests.toy import ROOT

PARITY = ROOT / 'tests/data/parity'


class Bomb:
    """Runs a command when it is unpickled freely."""

    def __reduce__(self):
        return os.system, ('echo boom > boom.txt',)


def test_code_in_a_checkpoint_is_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(dict(state_dict=dict(a=torch.ones(1)), extra=Bomb()), 'bad.pth')
    with pytest.raises(ValueError, match='bad.pth cannot be read as a checkpoint'):
        load_checkpoint('bad.pth')
    assert not (tmp_path / 'boom.txt').exists()


def test_runner_reads_checkpoints_by_the_safe_loader(tmp_path, monkeypatch):
    from mmengine.runner.checkpoint import CheckpointLoader

    from segvg.checkpoints.io import use_safe_loader
    monkeypatch.chdir(tmp_path)
    torch.save(Bomb(), 'bad.pth')
    use_safe_loader()
    with pytest.raises(ValueError, match='cannot be read as a checkpoint'):
        CheckpointLoader.load_checkpoint('bad.pth')
    assert not (tmp_path / 'boom.txt').exists()


def test_arguments_of_published_checkpoints_are_admitted(tmp_path):
    torch.save(dict(model=dict(a=torch.ones(1)), args=argparse.Namespace(lr=1e-4)),
               tmp_path / 'published.pth')
    checkpoint = load_checkpoint(str(tmp_path / 'published.pth'))
    assert state_dict_of(checkpoint)['a'].item() == 1
    assert checkpoint['args'].lr == 1e-4


def test_missing_and_broken_files_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match='no.pth does not exist'):
        load_checkpoint('no.pth')
    (tmp_path / 'text.pth').write_text('not a checkpoint')
    with pytest.raises(ValueError, match='text.pth cannot be read'):
        load_checkpoint(str(tmp_path / 'text.pth'))


@pytest.mark.parametrize('content', [[1, 2], {}, dict(state_dict=dict(a=1))])
def test_file_without_weights_is_told(content):
    with pytest.raises(ValueError, match='a checkpoint is a dict of tensors'):
        state_dict_of(content)


def test_published_average_goes_before_the_weights():
    plain, average = dict(a=torch.zeros(1)), dict(a=torch.ones(1))
    assert state_dict_of(dict(model=plain, model_ema=average))['a'].item() == 1
    assert state_dict_of(dict(model=plain, model_ema=None))['a'].item() == 0


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


def test_prefix_of_distributed_training_goes():
    assert list(state_dict_of({'module.a.b': torch.ones(1)})) == ['a.b']


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
    from mmdet.models import ResNet
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
