"""Image and text encoders of transformers in every grounder: train, score, load."""
import pytest
import torch
from mmengine.registry import init_default_scope
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from segvg.checkpoints.io import load_checkpoint
from segvg.engine.launch import build_runner
from segvg.registry import MODELS
from segvg.utils.configs import find_dicts
from tests.models.tiny_encoders import TEXT, VISION
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
    folder = make_data(tmp_path_factory.mktemp('toy') / 'data')
    engine = Tokenizer(models.WordLevel(
        {word: number for number, word in enumerate(WORDS)}, unk_token='[UNK]'))
    engine.pre_tokenizer = pre_tokenizers.Whitespace()
    engine.post_processor = processors.TemplateProcessing(
        single='[CLS] $A [SEP]', special_tokens=[('[CLS]', 2), ('[SEP]', 3)])
    engine.save(str(folder / 'tokenizer.json'))
    return folder


def with_encoders(cfg, pair, data):
    """Put the two encoders of a pair into a tiny config."""
    vision, stages, text, options = pair
    model = cfg.model
    backbone = dict(type='HuggingFaceBackbone', config=VISION[vision],
                    out_indices=stages)
    encoder = dict(type='HuggingFaceTextEncoder', config=TEXT[text], **options)
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


@pytest.mark.slow
@EACH
@pytest.mark.parametrize('name', [
    'transvg/transvg_tiny_synthref_l0', 'reftr/reftr_tiny_synthref_l0',
    'seqtr/seqtr_tiny_det_synthref_l0'])
def test_grounder_trains_a_step_predicts_and_is_loaded_again(
        name, vision, stages, text, options, data, tmp_path):
    cfg = with_encoders(toy_config(ROOT / f'configs/{name}.py', data, tmp_path),
                        (vision, stages, text, options), data)
    runner = build_runner(cfg)
    before = {key: value.clone() for key, value in runner.model.state_dict().items()}
    runner.train()
    assert 0 <= runner.message_hub.get_scalar('val/rec/acc@0.5').current() <= 100
    after = runner.model.state_dict()
    for part in ('image_encoder', 'language_encoder', 'head'):
        assert any(not torch.equal(after[key], before[key]) for key in after
                   if key.startswith(part))
    saved = load_checkpoint(tmp_path / 'epoch_1.pth')['state_dict']
    again = MODELS.build(cfg.model)
    again.load_state_dict(saved)
    assert all(torch.equal(value, after[key])
               for key, value in again.state_dict().items())


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
