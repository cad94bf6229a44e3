"""Every config loads, builds at toy size, trains one epoch and is scored on a CPU."""
import functools
import json
from pathlib import Path
from typing import Optional

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from segvg.engine.launch import build_runner
from segvg.registry import MODELS
from segvg.utils.config_values import RECORD
from segvg.utils.configs import load
from tests.toy import CONFIGS, ROOT, make_data, toy_config

pytestmark = pytest.mark.slow

NAMED = {path.stem: path for path in CONFIGS}
#: What may differ in the names of two configs that are one program at toy size: the
#: depth or width of an encoder, and the data.
NAMES = (('_r101', ''), ('_r50', ''), ('_plus', ''), ('_rrefcocog', '_rrefcoco'),
         ('_s_', '_b_'), ('_l_', '_b_'), ('_swin_t_', '_swin_b_'), ('_vg_', '_'))
#: Programs of their own all the same: points of a contour, the order of the epochs.
OWN = ('partial_res_refcoco_plus', 'reftr_vg_flickr30k', 'transvg_refcoco_plus',
       'seqtr_segm_refcoco_plus', 'seqtr_segm_finetune_refcoco_plus')
#: Config -> another one that is the same program at toy size, which names do not tell.
SAME = dict(
    rela_swin_b_refcocog_google='rela_swin_b_refcoco',
    rela_swin_b_refcocog_umd='rela_swin_b_refcoco',
    reftr_refcocog_google='reftr_refcocog_umd',
    reftr_res_refcocog_google='reftr_res_refcocog_umd',
    reftr_res_staged_tiny_synthref_l0='reftr_res_tiny_synthref_l0',
    segvg_refcocog_google='segvg_refcoco',
    segvg_refcocog_umd='segvg_refcoco',
    seqtr_convnextv2_l_refcoco='seqtr_convnextv2_refcoco',
    seqtr_det_flickr30k='seqtr_det_refcocog_umd',
    seqtr_det_refcocog_google='seqtr_det_refcocog_umd',
    seqtr_det_referit='seqtr_det_refcocog_umd',
    seqtr_multi_task_refcocog_google='seqtr_multi_task_refcoco',
    seqtr_multi_task_refcocog_umd='seqtr_multi_task_refcoco',
    seqtr_segm_refcocog_google='seqtr_segm_refcocog_umd',
    siri_masks_refcocog_umd='siri_masks_refcoco',
    siri_mt_refcocog_umd='siri_mt_refcoco',
    siri_refcocog_umd='siri_refcoco',
    transvg_refcocog_google='transvg_refcocog_umd',
    transvg_referit='transvg_flickr30k')


def twin(path: Path) -> Optional[Path]:
    """Return another config that is the same program at toy size, None if none is."""
    if path.stem in SAME:
        return NAMED[SAME[path.stem]]
    others = [path.stem.replace(*names) for names in NAMES]
    return None if path.stem in OWN else next(
        (NAMED[name] for name in others if name != path.stem and name in NAMED), None)


def ids(paths) -> list[str]:
    return [str(path.relative_to(ROOT / 'configs')) for path in paths]


TRAINED = [path for path in CONFIGS if twin(path) is None]
TWINS = [path for path in CONFIGS if twin(path) is not None]


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    return make_data(tmp_path_factory.mktemp('toy') / 'data', images=2)


@pytest.mark.parametrize('path', TRAINED, ids=ids(TRAINED))
def test_config_trains_and_tests_at_toy_size(path, data, tmp_path):
    cfg = toy_config(path, data, tmp_path)
    best = cfg.default_hooks.checkpoint.save_best
    # What a checkpoint holds is the business of other tests.
    cfg.default_hooks.checkpoint.update(interval=1000, save_last=False, save_best=None)
    if 'max_iters' in cfg.train_cfg:
        cfg.train_cfg.update(max_iters=2, val_interval=2)
    runner = build_runner(cfg)
    head = [parameter for parameter in runner.model.head.parameters()
            if parameter.requires_grad]
    before = [parameter.clone() for parameter in head]
    runner.train()
    assert any(not torch.equal(old, new) for old, new in zip(before, head))
    assert 0 <= runner.message_hub.get_scalar(f'val/{best}').current() <= 100


@functools.cache
def program(path: Path, data: Path) -> str:
    """Return what is built of a config at toy size, without names that nothing reads.

    Left out: the record of what was read, and what is at the head of a config for
    tools: texts and lists of texts (the vocabulary's file, configs of other stages),
    and whether images of the evaluation are left out of training.
    """
    cfg = toy_config(path, data, Path('work')).to_dict()
    cfg['visualizer'].pop('name')
    for name in (RECORD, 'exclude_protected'):
        cfg.pop(name, None)
    return json.dumps({
        key: value for key, value in cfg.items()
        if not isinstance(value, str) and not (
            isinstance(value, list) and all(isinstance(part, str) for part in value))},
        sort_keys=True, default=str)


def test_config_that_is_not_trained_is_the_program_of_another(data):
    for path in TWINS:
        assert program(path, data) == program(twin(path), data), path


def test_config_head_names_its_own_file():
    for path in CONFIGS:
        text = path.read_text()
        assert f'python tools/train.py {path.relative_to(ROOT)}' in text, path
        assert len(text.splitlines()) <= 30, path


def test_mmengine_reads_configs_alike():
    """What ``load`` adds shows only where a value is changed."""
    for path in CONFIGS[::4]:
        cfg = load(path).to_dict()
        cfg.pop(RECORD, None)
        assert cfg == Config.fromfile(path).to_dict(), path


def values_in(node) -> set:
    """Every number and text of a config node."""
    if isinstance(node, dict):
        node = list(node.values())
    if isinstance(node, (list, tuple)):
        return set().union(*map(values_in, node))
    return {node}


@pytest.mark.parametrize(('name', 'canvas', 'tokens'), [
    ('segvg_r101', 640, 40), ('transvg_r50', 640, 20), ('transvg_r50_len40', 640, 40),
    ('siri_r101', 640, 512), ('siri_masks_r101', 640, 512), ('mdetr_r101', 800, 255),
    ('seqtr_darknet53_segm_12', 640, None), ('partial_res_darknet53_18', 640, None),
    ('rela_swin_t', 480, 20), ('reftr_masks_r50', 640, 40),
    ('reftr_phrases_r50', 640, 90), ('rela_tiny', 64, 20),
    ('reftr_captions_tiny', 64, 60)])
def test_canvas_text_length_and_vocabulary_are_said_once(name, canvas, tokens):
    path = ROOT / f'configs/_base_/models/{name}.py'
    cfg = load(path)
    options = dict(canvas=224)
    if tokens:
        options.update(max_tokens=17, vocab='other')
    assert {key: cfg[key] for key in options if key != 'vocab'} == (
        dict(canvas=canvas, max_tokens=tokens) if tokens else dict(canvas=canvas))
    changed = load(path, options)
    for key in ('train_pipeline', 'test_pipeline', 'train_transforms',
                'test_transforms'):
        if key not in cfg or (key.endswith('transforms') and 'train_pipeline' in cfg):
            continue
        before, after = values_in(cfg[key]), values_in(changed[key])
        assert canvas in before and canvas not in after and 224 in after
        if tokens:
            assert {17, 'other'} <= after
            assert tokens not in after and cfg.vocab not in after
    assert cfg.get('vocab', 'none') not in values_in(changed.model)


@pytest.mark.slow
@pytest.mark.parametrize('name', [
    'segvg/segvg_tiny', 'transvg/transvg_tiny', 'siri/siri_tiny', 'rela/rela_tiny',
    'reftr/reftr_res_tiny', 'siri/mdetr_tiny_captions'])
def test_changed_canvas_and_text_length_train(name, data, tmp_path):
    path = ROOT / f'configs/{name}_synthref_l0.py'
    options = dict(canvas=96, max_tokens=70)
    cfg = toy_config(path, data, tmp_path, options)
    build_runner(cfg).train()


@pytest.mark.slow
def test_a_leaf_may_change_the_canvas(data, tmp_path):
    path = tmp_path / 'tiny_leaf.py'
    path.write_text(f"_base_ = '{ROOT}/configs/segvg/segvg_tiny_synthref_l0.py'\n"
                    'canvas = 32\n')
    cfg = toy_config(path, data, tmp_path / 'work')
    assert cfg.model.fusion.num_image_tokens == 16
    build_runner(cfg).train()
    with pytest.raises(ValueError, match='canvas is 32, but .* with 64'):
        build_runner(Config.fromfile(path))


@pytest.mark.parametrize('name', ['segvg_r101', 'transvg_r50'])
def test_published_size(name):
    """Parameters as counted in the published code, less the pooler of BERT."""
    cfg = Config.fromfile(ROOT / f'configs/_base_/models/{name}.py')
    init_default_scope('segvg')
    with torch.device('meta'):
        model = MODELS.build(cfg.model)
    frozen_norms = sum(p.numel() for n, p in model.named_parameters() if '.bn' in n
                       or 'downsample.1' in n)
    count = sum(p.numel() for p in model.parameters()) - frozen_norms
    pooler = 768 * 768 + 768
    published = dict(segvg_r101=186_331_333, transvg_r50=149_745_860)[name]
    assert count + pooler == published
