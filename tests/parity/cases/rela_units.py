"""Runs recorded parts of ReLA: attention, a stage, loss, data, optimiser."""
import json
import re
import tempfile
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from PIL import Image
from torch import Tensor, nn

from segvg.annotations.checks import Check, Report
from segvg.annotations.readers import READERS, ReadOptions
from segvg.checkpoints.convert import convert_state_dict
from segvg.checkpoints.io import load_strictly
from segvg.checkpoints.rules import RULES
from segvg.engine.optim import DecayGroupsConstructor
from segvg.models.backbones.language_swin import residual_gate
from segvg.models.layers import sine_position
from segvg.models.layers.deformable_attention import (
    DeformableAttention,
    DeformableEncoderLayer,
    cell_centers,
    sample_levels,
    sample_rows,
)
from segvg.models.layers.swin import PatchMerging, swin_stage
from segvg.models.layers.word_pixel_attention import (
    WordPixelAttention,
    norm_over_tokens,
)
from segvg.models.losses import RegionLoss, RegionOutputs
from segvg.registry import MODELS
from segvg.structures import Tokens
from tests.parity.cases.rela_models import SHORT
from tests.parity.cases.transvg import CONFIGS
from tests.parity.comparison import (
    GRADIENT,
    LOSS,
    Comparison,
    absolute,
    relative,
    scaled,
)
from tests.parity.fill import fill, image

EXACT = 1e-9
#: Of a stage after it has read the words, whose normalisation enlarges rounding.
STAGE, SHORT_STAGE = 3e-5, 1e-4


def filled(prefix: str, shapes: dict) -> dict[str, Tensor]:
    """Return weights by the rule, under their published names."""
    return {name: torch.from_numpy(np.asarray(fill(prefix + name, tuple(shape))))
            for name, shape in shapes.items()}


def noise(seed: int, shape: tuple[int, ...]) -> Tensor:
    """Return an input by the rule."""
    return torch.from_numpy(image(seed, shape))


# -- deformable attention --------------------------------------------------------------


def run_msdeform(case: dict) -> list[Comparison]:
    """Sampling with its gradients, the module, two layers, positions, first biases."""
    meta = case['meta']
    shapes = [tuple(shape) for shape in meta['shapes']]
    found = []
    for sample in (sample_levels, sample_rows):
        value, places, weights = (
            torch.from_numpy(case[f'core_{name}']).requires_grad_()
            for name in ('value', 'loc', 'weights'))
        out = sample(value, shapes, places, weights)
        out.backward(torch.from_numpy(case['core_grad_out']))
        found.append(scaled(f'core {sample.__name__}', out, case['core_out']))
        found += [scaled(f'core grad {name} {sample.__name__}', tensor.grad,
                         case[f'core_grad_{name}'])
                  for name, tensor in (('value', value), ('loc', places),
                                       ('weights', weights))]
    with torch.no_grad():
        found += run_module(case, shapes)
    recorded = case['init_offsets_bias']
    fresh = DeformableAttention(256, 8, len(recorded) // (8 * 4 * 2), 4)
    return [*found, *positions_of(case),
            absolute('first offsets', fresh.sampling_offsets.bias, recorded, 1e-6)]


def positions_of(case: dict) -> list[Comparison]:
    """Compare the sine positions of every recorded map, ``pos_HxW_C``."""
    found = []
    for key in (name for name in case if name.startswith('pos_')):
        height, width, channels = map(int, re.findall(r'\d+', key))
        pos = sine_position(torch.zeros((1, height, width), dtype=torch.bool), channels)
        found.append(absolute(key, pos[0].T.unflatten(1, (height, width)), case[key]))
    return found


def run_module(case: dict, shapes: list[tuple[int, int]]) -> list[Comparison]:
    """Compare the module, and two encoder layers."""
    meta = case['meta']
    count = sum(h * w for h, w in shapes)
    channels = meta['msda_shapes']['value_proj.weight'][0]
    attention = DeformableAttention(
        channels, meta['M'], len(shapes), points_of(meta['msda_shapes'], meta['M'],
                                                    len(shapes)))
    attention.load_state_dict(filled('msda.', meta['msda_shapes']))
    reference = torch.from_numpy(case['module_ref'])
    query, tokens = (noise(meta['seed'] + i, (meta['N'], count, channels))
                     for i in (4, 5))
    out = attention(query, reference, tokens, shapes)
    return [scaled('module', out, case['module_out']), run_encoder(case, shapes)]


def points_of(weights: dict, heads: int, levels: int, prefix: str = '') -> int:
    """Return the points that a head samples on a level."""
    return weights[f'{prefix}attention_weights.bias'][0] // (heads * levels)


def run_encoder(case: dict, shapes: list[tuple[int, int]]) -> Comparison:
    """Compare two layers over all levels."""
    meta = case['meta']
    weights = filled('enc.', meta['enc_shapes'])
    levels = weights.pop('level_embed')
    weights = {f'sem_seg_head.pixel_decoder.transformer.{name}': value
               for name, value in weights.items()}
    weights, report = convert_state_dict(weights, RULES['rela'])
    report.raise_unplaced('rela')
    recorded = meta['enc_shapes']
    hidden, channels = recorded['encoder.layers.0.linear1.weight']
    heads = int(re.search(r'nhead=(\d+)', meta['what']).group(1))
    points = points_of(recorded, heads, len(shapes), 'encoder.layers.0.self_attn.')
    count = 1 + max(int(number) for name in recorded
                    for number in re.findall(r'layers\.(\d+)\.', name))
    layers = nn.ModuleList(
        DeformableEncoderLayer(channels, heads, hidden, len(shapes), points)
        for _ in range(count))
    load_strictly(layers, {name.removeprefix('pixel_decoder.layers.'): value
                           for name, value in weights.items()}, 'the recorded case')
    tokens, pos = [], []
    for number, shape in enumerate(shapes):
        source = noise(meta['seed'] + 6 + number, (meta['N'], channels, *shape))
        tokens.append(source.flatten(2).transpose(1, 2))
        nothing = torch.zeros((1, *shape), dtype=torch.bool)
        pos.append(sine_position(nothing, channels) + levels[number])
    tokens, pos = torch.cat(tokens, dim=1), torch.cat(pos, dim=1)
    for layer in layers:
        tokens = layer(tokens, pos, cell_centers(shapes, tokens.device), shapes)
    return scaled('encoder', tokens, case['encoder_out'])


# -- a stage of the image encoder ------------------------------------------------------


class Stage(nn.Module):
    """The parts of one stage under the names of the whole model."""

    def __init__(self, meta: dict) -> None:
        super().__init__()
        dim = meta['dim']
        self.trunk = nn.Module()
        self.trunk.stages = nn.ModuleList(
            [swin_stage(dim, meta['heads'], meta['window'], [0.0, 0.0])])
        self.trunk.merges = nn.ModuleList(
            [PatchMerging(dim)] if meta['downsample'] else [])
        self.fusions = nn.ModuleList([WordPixelAttention(dim)])
        gated = any('res_gate' in name for name in meta['shapes'])
        self.gates = nn.ModuleList([residual_gate(dim)] if gated else [])


def run_stage(case: dict) -> list[Comparison]:
    """Compare the blocks, the reading of words, and what goes to the next stage."""
    meta = case['meta']
    weights = {f'backbone.layers.0.{name}': value
               for name, value in filled('stage.', meta['shapes']).items()}
    weights, report = convert_state_dict(weights, RULES['rela'])
    report.raise_unplaced('rela')
    stage = Stage(meta)
    load_strictly(stage, {name.removeprefix('image_encoder.'): value
                          for name, value in weights.items()}, 'the recorded case')
    batch, length = len(meta['token_lengths']), meta['L']
    tokens = noise(meta['seed'], (batch, meta['H'] * meta['W'], meta['dim']))
    words = noise(meta['seed'] + 1, (batch, 768, length)).transpose(1, 2)
    text = Tokens(words, torch.from_numpy(case['lang_mask'][..., 0] == 0))
    with torch.no_grad():
        return compare_stage(case, stage, tokens, text)


def compare_stage(case: dict, stage: Stage, tokens: Tensor,
                  text: Tokens) -> list[Comparison]:
    """Compare everything recorded of a stage.

    Sample by sample: the fewer words, the more rounding the normalisation enlarges.
    """
    meta, kept, fusion = case['meta'], {}, stage.fusions[0]
    fusion.pixel.register_forward_hook(
        lambda _, inputs, out: kept.update(pixel=nn.functional.gelu(out)))
    fusion.context.register_forward_hook(
        lambda _, inputs, out: kept.update(context=norm_over_tokens(out)))
    maps = tokens.unflatten(1, (meta['H'], meta['W']))
    found = []
    for number, block in enumerate(stage.trunk.stages[0]):
        maps = block(maps)
        found.append(scaled(f'block {number}', maps.flatten(1, 2),
                            case[f'inter_blocks_{number}']))
    fused = fusion(maps.flatten(1, 2), text)
    found.append(scaled('pixel', kept['pixel'].transpose(1, 2),
                        case['inter_fusion_vis_project']))
    named = [('context', kept['context'], case['inter_fusion_image_lang_att']),
             ('residual', fused, case['residual'])]
    if stage.trunk.merges:
        maps = maps + (stage.gates[0](fused) * fused).view(maps.shape)
        merged = stage.trunk.merges[0](maps)
        named.append(('merged', merged.flatten(1, 2), case['x_down']))
    for name, ours, theirs in named:
        for i, length in enumerate(meta['token_lengths']):
            found.append(scaled(f'{name} sample {i}', ours[i], theirs[i],
                                SHORT_STAGE if length < SHORT else STAGE))
    return found


# -- loss ------------------------------------------------------------------------------


def run_loss(case: dict) -> list[Comparison]:
    """Compare minimaps, loss terms and gradients of every configuration."""
    found = []
    for name in case['meta']['configs']:
        def get(key, name=name):
            return torch.from_numpy(np.asarray(case[f'{name}__{key}']))
        loss = RegionLoss()
        logits = [get(key).requires_grad_()
                  for key in ('pred_masks', 'pred_logits', 'nt_label')]
        outputs, targets = RegionOutputs(*logits), get('gt')
        found.append(absolute(f'{name} minimap', loss.make_minimap(targets, 10),
                              get('minimap'), 0.0))
        terms = loss.terms(outputs, targets, get('empty'))
        found.append(relative(f'{name} terms', torch.stack(list(terms.values())),
                              get('terms'), LOSS))
        total = sum(loss(outputs, targets, get('empty')).values())
        total.backward()
        found.append(relative(f'{name} total', total, get('total'), LOSS))
        norms = torch.stack([part.grad.norm() for part in logits])
        found += [
            relative(f'{name} gradient norms', norms, get('grad_norms'), GRADIENT),
            absolute(f'{name} grad minimap', logits[1].grad, get('grad_pred_logits'),
                     1e-6),
            absolute(f'{name} grad no target', logits[2].grad, get('grad_nt'), 1e-6)]
    return found


# -- data ------------------------------------------------------------------------------


def run_mapper(case: dict) -> list[Comparison]:
    """Compare image, union of masks and token ids of every record."""
    meta = case['meta']
    init_default_scope('segvg')
    cfg = Config.fromfile(CONFIGS / 'rela_swin_b.py')
    for step in cfg.train_pipeline:
        if 'tokenizer' in step:
            step.tokenizer.vocab = meta['vocab_subset']
    pipeline = Compose(cfg.train_pipeline)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'image.png'
        Image.fromarray(case['image']).save(path)
        for number, record in enumerate(meta['records']):
            packed = pipeline(sample_of(record, path, meta['size']))
            found += compare_record(case, number, record, packed)
    return found


def sample_of(record: dict, path: Path, size: list[int]) -> dict:
    """Return a record as the data set class gives it."""
    instances = []
    for annotation in record['annotations']:
        x, y, w, h = annotation['bbox_xywh']
        instances.append(dict(bbox=[x, y, x + w, y + h], ignore_flag=0,
                              mask=dict(poly=annotation['segmentation'])))
    return dict(img_path=str(path), height=size[0], width=size[1], instances=instances,
                expressions=[dict(text=record['sentence'], no_target=record['empty'],
                                  targets=list(range(len(instances))))])


def compare_record(case: dict, number: int, record: dict,
                   packed: dict) -> list[Comparison]:
    """Compare what the pipeline made of a record."""
    sample, = packed['data_samples']
    masks = sample.gt_instances.masks
    union = masks.any(0).numpy()
    bits = np.unpackbits(case[f'gt_mask_merged_bits_{number}'])[:union.size]
    tokens, mask = (case[f'lang_{name}_{number}'][0] for name in ('tokens', 'mask'))
    pixels = packed['inputs']
    return [
        absolute(f'image {number}', pixels[:, ::9, ::7], case['image_480_sub'], 0.0),
        absolute(f'mean {number}', pixels.double().mean((1, 2)), case['image_480_mean'],
                 EXACT),
        absolute(f'masks {number}', union.ravel(), bits, 0.0),
        absolute(f'tokens {number}', sample.token_ids, tokens[mask == 1], 0.0),
        absolute(f'instances {number}', len(masks) or 1,
                 max(int(case[f'num_instance_masks_{number}']), 1), 0.0),
        absolute(f'no target {number}', sample.no_target, record['empty'], 0.0)]


def run_loader(case: dict) -> list[Comparison]:
    """Compare the records that are read from the files of gRefCOCO."""
    meta = case['meta']
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder) / 'grefcoco'
        folder.mkdir()
        (folder / 'grefs(unc).json').write_text(json.dumps(meta['grefs']))
        instances = {**dict(categories=[]), **meta['instances']}
        (folder / 'instances.json').write_text(json.dumps(instances))
        lines = read_lines(folder)
    found = []
    for split, records in meta['records'].items():
        ours = [entry for line in lines if line['split'] == split
                for entry in describe(line)]
        theirs = [describe_recorded(record) for record in records]
        assert sorted(ours, key=str) == sorted(theirs, key=str), (ours, theirs)
        found.append(absolute(f'{split} records', len(ours), len(records), 0.0))
    assert {line['split'] for line in lines} == set(meta['records'])
    return found


def read_lines(folder: Path) -> list[dict]:
    """Return the canonical lines of a folder of gRefCOCO."""
    options = ReadOptions(check=Check.FAST)
    source, = READERS['grefcoco']([folder], options)
    return list(source.lines(Report(), options))


def describe(line: dict) -> list[tuple]:
    """Return the expressions of a canonical line as what a model is given of them."""
    entries = []
    for expression in line['exprs']:
        targets = [line['instances'][number] for number in expression['targets']]
        boxes = [tuple(map(float, target['bbox'])) for target in targets
                 if not target.get('iscrowd')]
        entries.append((line['image']['file'], line['image']['height'],
                        expression['text'], expression['id'], not targets,
                        tuple(sorted(boxes))))
    return entries


def describe_recorded(record: dict) -> tuple:
    """Return a recorded entry in the same form."""
    boxes = [] if record['empty'] else [
        (x, y, x + w, y + h) for x, y, w, h in (
            map(float, entry['bbox']) for entry in record['annotations'])]
    return (Path(record['file_name']).name, record['height'],
            record['sentence']['raw'], record['sentence']['sent_id'], record['empty'],
            tuple(sorted(boxes)))


# -- optimiser -------------------------------------------------------------------------

CONFIG_OF = dict(base='rela_swin_b.py', tiny='rela_swin_t.py', R50='rela_r50.py')


def run_groups(case: dict) -> list[Comparison]:
    """Compare rate and weight decay of every parameter."""
    init_default_scope('segvg')
    schedule = Config.fromfile(CONFIGS.parent / 'schedules' / 'rela_150k.py')
    found = []
    for name, recorded in case['meta']['groups'].items():
        config = CONFIG_OF[re.search('base|tiny|R50', name).group()]
        cfg = Config.fromfile(CONFIGS / config).model
        for part in (cfg.image_encoder, cfg.language_encoder):
            part.pop('init_cfg', None)
        with torch.device('meta'):
            model = MODELS.build(cfg)
        ours = rates_of(model, schedule.optim_wrapper)
        published = published_names(recorded)
        assert set(ours) == set(published), set(ours) ^ set(published)
        found.append(absolute(
            f'{name} rates', [ours[key] for key in sorted(ours)],
            [published[key] for key in sorted(ours)], EXACT))
    return found


def rates_of(model: nn.Module, cfg: dict) -> dict[str, tuple[float, float]]:
    """Return rate and weight decay of every parameter that the optimiser holds."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    options = {key: value for key, value in cfg.items()
               if key not in ('paramwise_cfg', 'constructor')}
    wrapper = DecayGroupsConstructor(options, cfg['paramwise_cfg'])(model)
    return {names[id(parameter)]: (group['lr'], group['weight_decay'])
            for group in wrapper.optimizer.param_groups
            for parameter in group['params']}


def published_names(recorded: dict) -> dict[str, tuple[float, float]]:
    """Return the recorded values under our names."""
    fake = {name: torch.zeros(()) for name in recorded['optimised']}
    _, report = convert_state_dict(fake, RULES['rela'])
    report.raise_unplaced('rela')
    return {report.renamed[name]: tuple(values)
            for name, values in recorded['optimised'].items()}


UNITS = dict(
    unit_msdeform=run_msdeform, unit_swin_pwam_stage=run_stage,
    unit_minimap_loss=run_loss, unit_mapper=run_mapper, unit_grefcoco_loader=run_loader,
    unit_param_groups=run_groups)
