"""Runs recorded cases of SeqTR: full-size models; the units stand in seqtr_units."""
import copy
import json
import random
import re
from collections import defaultdict
from typing import NamedTuple, Optional

import numpy as np
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData
from torch import Tensor, nn

from segvg.structures import GroundingBatch, GroundingDataSample, TextTokens
from segvg.structures.masks import decode_polygons
from tests.parity.building import build_unfilled, load_filled
from tests.parity.cases.transvg import CONFIGS, without_dropout
from tests.parity.comparison import (
    GRADIENT,
    LOSS,
    Comparison,
    absolute,
    relative,
    scaled,
    sum_of_squares,
)
from tests.parity.fill import fill, image

#: Tensors that ``meta['parameters']`` scales, by 4 sqrt(C), and by 0.2.
TABLES = re.compile(r'head\.(transformer\.(query_embedding|task_prompt|'
                    r'seq_positional_encoding\.embedding)|task_embedding)\.weight')
WEAK = re.compile(r'head\.transformer\.decoder\.layers\.\d+\.'
                  r'(multihead_attn\.out_proj|linear2)\.weight')
LOGITS = 1e-4  # relative
#: Published loss -> parts of our head.
PARTS = dict(
    loss_det=[dict(type='BoxPart')],
    loss_mask=[dict(type='ContourPart')],
    loss_multi_task=[dict(type='BoxPart'),
                     dict(type='ContourPart', end_weight=1.0, min_steps=4)])


def weights_of(shapes: dict) -> dict[str, Tensor]:
    """Return the weights by the rule and its scalings."""
    weights = {}
    for name, shape in shapes.items():
        if name.endswith('num_batches_tracked'):
            weights[name] = torch.tensor(0)
            continue
        value = fill(name, tuple(shape))
        if name == 'lan_enc.embedding.weight':
            value = value * np.float32(300**0.5)
        elif TABLES.fullmatch(name):
            value = value * np.float32(4 * shape[1]**0.5)
        elif WEAK.fullmatch(name):
            value = value * np.float32(0.2)
        weights[name] = torch.from_numpy(value)
    return weights


class Shuffle(NamedTuple):
    """How the points of contours were shuffled while a case was recorded.

    Attributes:
        fraction: of the samples of a batch whose points are shuffled.
        seeds: of Python's and of torch's generator; None when the record holds the
            targets instead.
    """
    fraction: float
    seeds: Optional[tuple[int, int]]

    def replay(self) -> None:
        """Set both generators as they were before the targets were made."""
        if self.seeds is not None:
            random.seed(self.seeds[0])
            torch.manual_seed(self.seeds[1])


def shuffle_of(meta: dict) -> Optional[Shuffle]:
    """Return what ``meta`` says of shuffled points; None when there was none."""
    said = json.dumps(meta.get('shuffle', '')) + json.dumps(meta.get('what', ''))
    fraction = re.search(r'shuffle_fraction\W+(\d*\.?\d+)', said)
    if fraction is None or float(fraction.group(1)) <= 0:
        return None
    seeds = [re.search(rf'{name}\((\d+)\)', said)
             for name in (r'random\.seed', r'torch\.manual_seed')]
    known = tuple(int(seed.group(1)) for seed in seeds if seed)
    return Shuffle(float(fraction.group(1)), known if len(known) == 2 else None)


def recorded_targets(case: dict, mode: str, head: nn.Module,
                     samples: list[GroundingDataSample]) -> list[Tensor]:
    """Return the target tokens (B, steps) of each part, in the recorded order.

    Shuffled points have to come in the order that they had: from the tokens that the
    record holds, with the END of each part, or by the seeds that it names.

    Raises:
        LookupError: points were shuffled, and the record says neither.
    """
    shuffle = shuffle_of(case['meta'])
    key = next((name for name in case if name.startswith((f'out/{mode}/targets',
                                                          'out/targets'))), None)
    if shuffle is None:
        return head.targets(samples)
    if key is None and shuffle.seeds is None:
        raise LookupError('points were shuffled; the record needs the seeds '
                          'random.seed(N), torch.manual_seed(N) in meta, or '
                          f'out/{mode}/targets')
    shuffle.replay()
    own = head.targets(samples)
    if key is None:
        return own
    lengths = [part.shape[1] + 1 for part in own]
    recorded = torch.from_numpy(case[key]).long().split(lengths, dim=1)
    return [part[:, :-1] for part in recorded]


def loss_name(case: dict) -> str:
    """Return the published name of the loss, which says what the sequence holds."""
    return next(key.split('/')[-1] for key in case
                if key.startswith('out/loss_bn_eval/loss_'))


def build(case: dict, method: str, config: str) -> tuple[nn.Module, dict[str, str]]:
    """Return the model with the weights of the case, and our -> published names."""
    shapes = case['meta']['state_dict_shapes']
    cfg = Config.fromfile(CONFIGS / config).model
    cfg.language_encoder.vocab_size = shapes['lan_enc.embedding.weight'][0]
    cfg.language_encoder.text_length = case['in/ref_expr_inds'].shape[1]
    cfg.head.num_bins = shapes['head.predictor.2.fc.bias'][0] - 1
    name = loss_name(case)
    cfg.head.parts = [dict(part) for part in PARTS[name]]
    if 'in/gt_mask_vertices' in case:
        cfg.head.parts[-1]['num_points'] = case['in/gt_mask_vertices'].shape[2]
    shuffle = shuffle_of(case['meta'])
    if shuffle is not None:
        cfg.head.parts[-1]['shuffle_fraction'] = shuffle.fraction
    if name == 'loss_multi_task':
        cfg.head.learned_start = True
    model = build_unfilled(cfg)
    return model, load_filled(model, weights_of(shapes), method)


def inputs_of(case: dict) -> tuple[GroundingBatch, list[GroundingDataSample]]:
    """Return the batch and the samples of a case."""
    seed, shape = re.search(r'image\((\d+), \(([\d,]+)\)\)',
                            case['meta']['inputs']).groups()
    shape = tuple(int(size) for size in shape.split(','))
    images = torch.from_numpy(image(int(seed), shape))
    padding = torch.ones((shape[0], *shape[2:]), dtype=torch.bool)
    for mask, (height, width) in zip(padding, case['in/img_shape']):
        mask[:height, :width] = False
    images = images.masked_fill(padding[:, None], 0)
    ids = torch.from_numpy(case['in/ref_expr_inds'])
    batch = GroundingBatch(images, padding, TextTokens(ids, ids == 0),
                           torch.arange(shape[0]))
    return batch, [sample_of(case, b) for b in range(shape[0])]


def sample_of(case: dict, b: int) -> GroundingDataSample:
    """Return a sample whose original image is its canvas: nothing is rescaled."""
    shape = tuple(int(size) for size in case['in/pad_shape'][b])
    sample = GroundingDataSample(metainfo=dict(
        canvas_shape=shape, img_shape=shape, ori_shape=shape, scale_factor=(1, 1),
        pad_offset=(0, 0), paste_offset=(0, 0), img_path='recorded', text=''))
    targets = {}
    if 'in/gt_bbox' in case:
        targets['bboxes'] = torch.from_numpy(case['in/gt_bbox'][b:b + 1])
    if 'in/gt_mask_vertices' in case:
        vertices = torch.from_numpy(case['in/gt_mask_vertices'][b:b + 1])
        targets['contours'] = vertices.transpose(1, 2)
    sample.gt_instances = InstanceData(**targets)
    return sample


def compare_features(case: dict, model: nn.Module,
                     batch: GroundingBatch) -> list[Comparison]:
    """Compare what leads to the memory."""
    maps = model.image_encoder(batch.images)
    text = model.language_encoder(batch.text)
    tokens = model.fusion.image_tokens(maps, batch.padding_mask)
    fused = model.fuse(tokens, batch)
    ours = {f'vis{i}_ch::16': level[:, ::16] for i, level in enumerate(maps)}
    product = tokens.feats * text.feats.tanh()
    fused_key = 'fused_ch::8'
    if 'out/eval/fused_lan' in case:  # Partial-RES: image and sentence apart
        fused_key = 'fused_vis_ch::8'
        ours['fused_lan'] = text.feats.tanh().transpose(1, 2)
    ours.update({
        'lang': text.feats,
        fused_key: product.transpose(1, 2).unflatten(2, tokens.grid)[:, ::8],
        'x_mask': tokens.padding_mask,
        'x_pos_ch::16': tokens.pos[..., ::16],
        'memory': fused.memory.feats})
    return [scaled(key, value, case[f'out/eval/{key}'])
            for key, value in ours.items()]


def compare_generation(case: dict, model: nn.Module, fused,
                       samples: list[GroundingDataSample]) -> list[Comparison]:
    """Compare the greedy tokens, boxes and masks exactly, the logits of some steps."""
    generated = model.head(fused)
    keys = [key for key in ('bbox', 'mask') if f'out/eval/gen_seq_out_{key}' in case]
    results = [absolute(f'tokens of {key}', tokens,
                        case[f'out/eval/gen_seq_out_{key}'], 0.0)
               for key, tokens in zip(keys, generated)]
    # In one pass over the generated tokens: what each step saw.
    read = [tokens[:, :2 * part.num_points]
            for part, tokens in zip(model.head.parts, generated)]
    logits = model.head.logits(fused.memory, read).transpose(0, 1)
    steps = case['out/eval/gen_step_logits_steps']
    if len(generated) > 1:  # the step that would end the box is not taken
        steps = steps + (steps >= model.head.parts[0].num_steps)
    results.append(relative('gen_step_logits', logits[steps],
                            case['out/eval/gen_step_logits'], LOGITS))
    model.head.write_tokens(generated, samples)
    for b, sample in enumerate(samples):
        prediction = sample.pred_instances
        if 'out/eval/pred_bboxes' in case:
            results.append(absolute(f'box {b}', prediction.bboxes[0],
                                    case['out/eval/pred_bboxes'][b], 1e-4))
        if f'out/eval/pred_mask{b}_packed' in case:
            height, width = case[f'out/eval/pred_mask{b}_shape']
            bits = np.unpackbits(case[f'out/eval/pred_mask{b}_packed'])
            mask = bits[:height * width].reshape(height, width)
            results.append(absolute(f'mask {b}', prediction.masks[0], mask, 0.0))
            again = decode_polygons(
                [prediction.canvas_polygons[0].ravel().tolist()], height, width)
            results.append(absolute(f'polygon {b}', again, mask, 0.0))
    return results


def gradient_norms(case: dict, prefix: str, model: nn.Module,
                   published: dict[str, str]) -> list[Comparison]:
    """Compare the recorded gradient norms of modules and of single parameters."""
    squares: dict[str, float] = defaultdict(float)
    for name, parameter in model.named_parameters():
        if parameter.grad is None:
            continue
        square = sum_of_squares(parameter.grad)
        squares[published[name]] = square
        squares[published[name].split('.')[0]] += square
    names = [key.removeprefix(prefix) for key in case
             if key.startswith((f'{prefix}gradnorm/', f'{prefix}gradnorm_param/'))]
    return [relative(name, squares[name.split('/', 1)[1]]**0.5, case[prefix + name],
                     GRADIENT) for name in names]


def compare_training(case: dict, mode: str, built: tuple, batch: GroundingBatch,
                     samples: list[GroundingDataSample]) -> list[Comparison]:
    """Compare logits, loss and gradient norms of a training step."""
    model, published = built
    prefix = f'out/{mode}/'
    model.zero_grad()
    fused = model.extract(batch)
    targets = recorded_targets(case, mode, model.head, samples)
    logits = model.head.logits(fused.memory, targets)
    loss = model.head.loss_by_tokens(logits, targets)['loss_sequence']
    loss.backward()
    stride = int(case.get(f'{prefix}logits_all_pos_stride', 1))
    name = loss_name(case)
    return [
        relative(f'{mode} logits', logits[:, ::stride], case[f'{prefix}logits_all'],
                 LOGITS),
        relative(f'{mode} {name}', loss, case[f'{prefix}{name}'], LOSS),
        *gradient_norms(case, prefix, model, published)
    ]


def run_model(case: dict, method: str = 'seqtr',
              config: str = 'seqtr_darknet53.py') -> list[Comparison]:
    """Compare a recorded model: features, tokens, masks, losses, gradient norms."""
    model, published = build(case, method, config)
    batch, samples = inputs_of(case)
    model.eval()
    with torch.no_grad():
        # In float64: fifty convolutions in float32 round by more than the tolerance on
        # processors without AVX-512, on which nothing was recorded.
        results = compare_features(case, copy.deepcopy(model).double(),
                                   batch._replace(images=batch.images.double()))
        fused = model.extract(batch)
        results += compare_generation(case, model, fused, samples)
    built = (model, published)
    results += compare_training(case, 'loss_bn_eval', built, batch, samples)
    without_dropout(model)
    results += compare_training(case, 'loss_bn_train', built, batch, samples)
    buffers = dict(model.named_buffers())
    ours = {theirs: name for name, theirs in published.items()}
    prefix = 'out/after_one_train_forward/'
    return results + [
        scaled(key.removeprefix(prefix), buffers[ours[key.removeprefix(prefix)]],
               case[key]) for key in case if key.startswith(prefix)]
