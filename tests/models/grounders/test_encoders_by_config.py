"""Encoders of transformers in every grounder: train, resume, score, load, export."""
import pytest
import torch
from mmengine.registry import init_default_scope
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from segvg.checkpoints.io import load_checkpoint
from segvg.engine.launch import build_runner
from segvg.export.files import Graph, largest_difference, make_example, record
from segvg.export.graphs import IMAGE_INPUTS, TEXT_INPUTS, WholeGraph
from segvg.models.backbones import HuggingFaceBackbone
from segvg.models.language_encoders import HuggingFaceTextEncoder
from segvg.registry import MODELS
from segvg.utils.configs import find_dicts
from tests.export.quick import make_shallow, recorded_quickly
from tests.models.tiny_encoders import TEXT, VISION, save, spread
from tests.toy import ROOT, WORDS, make_data, toy_config

#: Image encoder, its stages, text encoder and its options; canvases are 64 x 64.
PAIRS = [
    ('dinov3_vit', (2, ), 'modernbert', dict(pooling='mean')),
    ('convnextv2', (3, ), 'siglip2', dict(pooling='own', pad_id=0)),
    ('siglip', (2, ), 'deberta', dict(pooling='first')),
]
EACH = pytest.mark.parametrize(('vision', 'stages', 'text', 'options'), PAIRS,
                               ids=[f'{pair[0]}-{pair[2]}' for pair in PAIRS])


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    """The toy data, and a tokenizer.json that knows its words."""
    folder = make_data(tmp_path_factory.mktemp('toy') / 'data', images=2)
    engine = Tokenizer(models.WordLevel(
        {word: number for number, word in enumerate(WORDS)}, unk_token='[UNK]'))
    engine.pre_tokenizer = pre_tokenizers.Whitespace()
    engine.post_processor = processors.TemplateProcessing(
        single='[CLS] $A [SEP]', special_tokens=[('[CLS]', 2), ('[SEP]', 3)])
    engine.save(str(folder / 'tokenizer.json'))
    return folder


@pytest.fixture(scope='module')
def folders(tmp_path_factory):
    """Name of an encoder -> a folder as published, and the weights in it."""
    found = {}
    for vision, stages, text, options in PAIRS:
        for name, part in (
                (vision, HuggingFaceBackbone(VISION[vision], out_indices=stages)),
                (text, HuggingFaceTextEncoder(
                    # Layers are equal, but for the two kinds of ModernBERT.
                    dict(TEXT[text],
                         num_hidden_layers=2 if text == 'modernbert' else 1),
                    pooling=options['pooling']))):
            spread(part.model)
            found[name] = tmp_path_factory.mktemp(name), weights(part.model)
            save(part.model, found[name][0])
    return found


def with_encoders(cfg, pair, data, folders=None):
    """Put the two encoders of a pair into a tiny config; they begin with folders."""
    vision, stages, text, options = pair
    model = cfg.model
    backbone = dict(type='HuggingFaceBackbone', config=VISION[vision],
                    out_indices=stages)
    encoder = dict(type='HuggingFaceTextEncoder', config=TEXT[text], **options)
    if folders:
        backbone['config'], encoder['config'] = (
            str(folders[name][0]) for name in (vision, text))
    width = 32 if vision == 'convnextv2' else 16
    if model.type in ('SeqTR', 'PartialRES'):
        model.image_encoder = backbone
        model.language_encoder = dict(
            type='SentenceEncoder', encoder=encoder, channels=width)
        model.fusion.map_channels = (width, )
    else:
        for part in find_dicts(model.image_encoder, 'backbone'):
            part['backbone'], part['in_channels'] = backbone, width
        model.language_encoder = encoder
        model.fusion.text_channels = 16
        if 'num_image_tokens' in model.fusion:
            model.fusion.num_image_tokens = 16
        if 'phrase_queries' in model:
            model.phrase_queries.phrase_channels = 16
    for loader in ('train_dataloader', 'val_dataloader'):
        for part in find_dicts(cfg[loader], 'tokenizer'):
            part['tokenizer'] = dict(type='HuggingFaceTokenizer', vocab=str(data))
        pipeline = cfg[loader].dataset.pipeline
        if not {'PlaceOnCanvas', 'PadToDivisor'} & {step['type'] for step in pipeline}:
            pipeline.insert(-2, dict(type='PadToDivisor', divisor=32))
    return cfg


def weights(model) -> dict:
    """Copies of all weights."""
    return {key: value.clone() for key, value in model.state_dict().items()}


def different(first: dict, second: dict) -> set[str]:
    """Names of the weights that differ."""
    assert first.keys() == second.keys()
    return {key for key in first if not torch.equal(first[key], second[key])}


@pytest.mark.slow
@EACH
@pytest.mark.parametrize('name', [
    'transvg/transvg_tiny_synthref_l0', 'reftr/reftr_tiny_synthref_l0',
    'seqtr/seqtr_tiny_det_synthref_l0'])
def test_grounder_begins_with_folders_trains_resumes_and_is_exported(
        name, vision, stages, text, options, data, folders, tmp_path, monkeypatch):
    """Two epochs, of which the second is done again from the checkpoint of the first.
    """
    monkeypatch.setattr('socket.socket.connect', None)  # no network is asked
    runs = []
    for folder in ('whole', 'resumed'):
        cfg = with_encoders(
            toy_config(ROOT / f'configs/{name}.py', data, tmp_path / folder),
            (vision, stages, text, options), data, folders)
        cfg.train_cfg.update(max_epochs=2, val_interval=2)
        cfg.default_hooks.checkpoint.save_best = None
        make_shallow(cfg.model)  # but for its encoders
        cfg.resume = folder == 'resumed'
        cfg.load_from = str(tmp_path / 'whole/epoch_1.pth') if cfg.resume else None
        runs.append(build_runner(cfg))
    whole, resumed = runs
    whole.model.init_weights()
    for part, encoder in (('image_encoder', vision), ('language_encoder', text)):
        found = next(module for key, module in whole.model.named_modules()
                     if key.startswith(part) and hasattr(module, 'load_published'))
        assert not different(weights(found.model), folders[encoder][1])
    before = weights(whole.model)
    whole.train()
    assert 0 <= whole.message_hub.get_scalar('val/rec/acc@0.5').current() <= 100
    first = load_checkpoint(tmp_path / 'whole/epoch_1.pth')['state_dict']
    last = weights(whole.model)
    changed = different(before, last)
    for part in ('image_encoder', 'language_encoder', 'head'):
        assert any(key.startswith(part) for key in changed)
    resumed.train()
    assert different(first, last) and not different(last, weights(resumed.model))

    again = MODELS.build(cfg.model)
    again.load_state_dict(load_checkpoint(tmp_path / 'whole/epoch_2.pth')['state_dict'])
    assert not different(last, weights(again))
    graph = Graph('whole', WholeGraph(again.eval()), IMAGE_INPUTS + TEXT_INPUTS,
                  make_example((64, 64), 11, 2))
    with torch.no_grad(), recorded_quickly():
        graph.module(*graph.args)
        told = largest_difference(graph, record(graph).module(), 11)
    assert told and all(value < 1e-5 for value in told.values()), told


@pytest.mark.slow
@pytest.mark.parametrize('name', [
    'siri/siri_tiny_synthref_l0', 'partial_res/partial_res_tiny_synthref_l0',
    'reftr/reftr_tiny_captions_synthref_l0'])
def test_other_grounders_take_both_encoders(name, data, tmp_path):
    cfg = toy_config(ROOT / f'configs/{name}.py', data, tmp_path)
    # masks need maps of a hierarchical backbone
    if name.startswith(('reftr', 'siri')):
        cfg.model.head['mask_branch'] = cfg.model.head['loss_mask'] = None
    if name.startswith('reftr'):
        cfg.model.image_encoder.encoder.return_maps = False
    if name.startswith('siri'):
        cfg.val_evaluator = dict(type='BoxAccuracy')
        cfg.model.image_encoder = dict(
            type='DETREncoder', backbone=dict(), in_channels=16, channels=64,
            num_layers=0)
    build_runner(with_encoders(cfg, PAIRS[0], data)).train()


def test_rela_takes_a_text_encoder(data, tmp_path):
    cfg = toy_config(ROOT / 'configs/rela/rela_tiny_synthref_l0.py', data, tmp_path)
    cfg.model.language_encoder = dict(type='HuggingFaceTextEncoder', config=dict(
        TEXT['t5'], d_model=cfg.model.image_encoder.text_channels))
    for loader in ('train_dataloader', 'val_dataloader'):
        for part in find_dicts(cfg[loader], 'tokenizer'):
            part['tokenizer'] = dict(type='HuggingFaceTokenizer', vocab=str(data))
    cfg.model.frozen = ['language_encoder.model.shared']
    build_runner(cfg).train()


def test_segvg_takes_any_backbone_and_says_what_a_text_encoder_needs(data, tmp_path):
    cfg = toy_config(ROOT / 'configs/segvg/segvg_tiny_synthref_l0.py', data, tmp_path)
    for part in find_dicts(cfg.model.image_encoder, 'backbone'):
        part['in_channels'] = 16
        part['backbone'] = dict(type='HuggingFaceBackbone', config=VISION['dinov2'])
    cfg.model.fusion.num_image_tokens = 16
    build_runner(cfg).train()
    cfg.model.language_encoder = dict(type='HuggingFaceTextEncoder',
                                      config=TEXT['bert'])
    init_default_scope('segvg')
    with pytest.raises(ValueError, match='SegVG runs language_encoder layer by layer, '
                       'but HuggingFaceTextEncoder has no embed, layer, layers'):
        MODELS.build(cfg.model)


@pytest.mark.slow
@pytest.mark.parametrize('change', [
    dict(frozen=True), dict(frozen_stages=1), dict(gradient_checkpointing=True),
    dict(lora=dict(r=2, target_modules=['q_proj', 'v_proj']))],
    ids=['frozen', 'frozen_stages', 'gradient_checkpointing', 'lora'])
def test_training_is_resumed_with_every_option(change, data, tmp_path):
    """The second epoch after a stop ends as that of a training without a stop."""
    weights = []
    for folder, stops in (('whole', (2, )), ('stopped', (1, 2))):
        for epochs in stops:
            cfg = with_encoders(
                toy_config(ROOT / 'configs/transvg/transvg_tiny_synthref_l0.py', data,
                           tmp_path / folder), PAIRS[0], data)
            for part in find_dicts(cfg.model.image_encoder, 'backbone'):
                part['backbone'].update(change)
            cfg.train_cfg.max_epochs = epochs
            cfg.param_scheduler = []
            cfg.resume = epochs == 2 and folder == 'stopped'
            runner = build_runner(cfg)
            runner.train()
        weights.append(runner.model.state_dict())
    assert all(torch.equal(value, weights[1][key]) for key, value in weights[0].items())
