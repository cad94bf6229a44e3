"""Runs recorded units of SiRi and MDETR."""
import functools
import re

import numpy as np
import torch
from mmengine.registry import init_default_scope
from torch import Tensor

from segvg.datasets.transforms.tokenize import token_map
from segvg.engine.hooks.average_hook import restart_average
from segvg.engine.optim.group_schedule import GroupSchedule
from segvg.models import GroundingDataPreprocessor
from segvg.models.heads.soft_token_head import SoftTokenHead
from segvg.models.layers import grid_queries, sine_position
from segvg.models.losses import MatchedMaskLoss, SetLoss, contrastive_alignment
from segvg.models.losses.set_loss import count_boxes
from segvg.models.task_utils import SetTargets
from segvg.structures import ExpressionGroup, GroundingDataSample
from tests.parity.cases import siri_evaluation
from tests.parity.cases.siri import cardinality_error
from tests.parity.comparison import GRADIENT, LOSS, Comparison, absolute, relative

COST = 1e-5


def targets_of(case: dict) -> list[SetTargets]:
    """Return the targets of a unit case."""
    count = sum(re.fullmatch(r'in_boxes_\d+', key) is not None for key in case)
    boxes = [torch.from_numpy(case[f'in_boxes_{i}']) for i in range(count)]
    maps = torch.from_numpy(case['in_positive_map']).split([len(b) for b in boxes])
    return [SetTargets(*pair) for pair in zip(boxes, maps, strict=True)]


def compare_matching(case: dict, loss: SetLoss, logits: Tensor, boxes: Tensor,
                     name: str) -> list[Comparison]:
    """Compare costs and pairs of one set; ``name`` is what its keys begin with."""
    targets = targets_of(case)
    matches = loss.matcher(logits[None], boxes[None], targets)
    cost = loss.matcher.cost(logits[None], boxes[None], targets)[0]
    first, results = 0, []
    for i, entry in enumerate(targets):
        count = len(entry.boxes)
        if f'cost_{name}img{i}' in case:
            results.append(absolute(f'cost_{name}img{i}', cost[i, :, :count],
                                    case[f'cost_{name}img{i}'], COST))
        inside = matches.batch == i
        pairs = sorted(zip(matches.queries[inside].tolist(),
                           (matches.targets[inside] - first).tolist()))
        queries, wanted = (np.array(row) for row in zip(*pairs)) if pairs else (
            np.zeros(0), np.zeros(0))
        results += [absolute(f'query {name}{i}', queries,
                             case[f'match_{name}img{i}_query'], 0.0),
                    absolute(f'target {name}{i}', wanted,
                             case[f'match_{name}img{i}_target'], 0.0)]
        first += count
    return results


def compare_terms(case: dict, ours: dict[str, Tensor]) -> list[Comparison]:
    """Compare the recorded losses by name."""
    return [relative(name, ours[name], value, LOSS) if value else
            absolute(name, ours[name], value, LOSS)
            for name, value in zip(case['meta']['loss_names'], case['loss_values'],
                                   strict=True)]


def run_two_way(case: dict) -> list[Comparison]:
    """Compare matching, losses and gradients with two classes, several sets."""
    init_default_scope('segvg')
    loss, targets = SetLoss(), targets_of(case)
    num_boxes = count_boxes(targets, torch.device('cpu'))
    names = sorted(re.fullmatch('in_(.+)_pred_logits', key).group(1) for key in case
                   if key.endswith('_pred_logits') and key.startswith('in_'))
    results, ours, total, inputs = [], {}, 0, {}
    for name in names:
        logits, boxes = (torch.from_numpy(case[f'in_{name}_pred_{kind}'])
                         .requires_grad_() for kind in ('logits', 'boxes'))
        inputs[name] = dict(logits=logits, boxes=boxes)
        results += compare_matching(case, loss, logits, boxes, f'{name}_')
        matches = loss.matcher(logits[None], boxes[None], targets)
        terms = loss.terms(logits[None], boxes[None], targets, matches, num_boxes)
        total = total + sum(loss(logits[None], boxes[None], targets, matches,
                                 num_boxes).values())
        terms['cardinality_error'] = cardinality_error(logits[None], targets)
        suffix = '' if name == 'final' else '_' + re.sub(r'(\d)', r'_\1', name)
        ours.update({key + suffix: value[0] for key, value in terms.items()})
    total.backward()
    results += compare_terms(case, ours)
    results.append(relative('total', total, case['meta']['total'], LOSS))
    return results + [
        relative(f'grad {name} {kind}', value.grad, case[f'grad_{name}_pred_{kind}'],
                 LOSS) for name in names for kind, value in inputs[name].items()]


def run_soft_token(case: dict) -> list[Comparison]:
    """Compare matching, all losses with masks and alignment, and gradient norms."""
    init_default_scope('segvg')
    loss, targets = SetLoss(), targets_of(case)
    num_boxes = count_boxes(targets, torch.device('cpu'))
    inputs = {key: torch.from_numpy(case[f'in_{key}']).requires_grad_() for key in (
        'pred_logits', 'pred_boxes', 'proj_queries', 'proj_tokens', 'pred_masks')}
    logits, boxes = inputs['pred_logits'], inputs['pred_boxes']
    results = compare_matching(case, loss, logits, boxes, '')
    matches = loss.matcher(logits[None], boxes[None], targets)
    ours = {name: value[0] for name, value in loss.terms(
        logits[None], boxes[None], targets, matches, num_boxes).items()}
    ours['cardinality_error'] = cardinality_error(logits[None], targets)[0]
    ours['loss_contrastive_align'] = contrastive_alignment(
        inputs['proj_queries'][None], inputs['proj_tokens'],
        SoftTokenHead.aligned_tokens(logits[None], targets, matches), 0.07
    )[0] / num_boxes
    sizes = np.array(case['meta']['mask_sizes'])
    height, width = sizes.max(0)
    masks = torch.cat([torch.nn.functional.pad(
        torch.from_numpy(case[f'in_masks_{i}']).float(), (0, width - w, 0, height - h))
        for i, (h, w) in enumerate(sizes)])
    ours.update(MatchedMaskLoss()(
        inputs['pred_masks'][matches.batch, matches.queries], masks[matches.targets],
        num_boxes))
    total = sum(factor * ours[name] for name, factor in case['meta']['weights'].items())
    total.backward()
    results += compare_terms(case, ours)
    results.append(relative('total', total, case['meta']['total'], LOSS))
    return results + [relative(f'gradient of {key}', value.grad.double().norm(),
                               case[f'gradnorm_{key}'], GRADIENT)
                      for key, value in inputs.items()]


def run_grid_queries(case: dict) -> list[Comparison]:
    """Compare constant queries, sine positions with padding and shrunk masks."""
    mask = torch.from_numpy(case['in_mask'])
    channels = case['posenc'].shape[1]
    position = sine_position(mask, channels).transpose(1, 2).unflatten(
        2, tuple(mask.shape[1:]))
    small = torch.nn.functional.interpolate(
        torch.from_numpy(case['in_big_mask'])[:, None].float(),
        size=case['small_mask'].shape[1:])[:, 0].bool()
    return [absolute('grid_embedding', grid_queries(case['grid_embedding'].shape[1]),
                     case['grid_embedding']),
            absolute('posenc', position, case['posenc']),
            absolute('small_mask', small, case['small_mask'], 0.0)]


def run_schedule(case: dict) -> list[Comparison]:
    """Compare rates step by step, and the average of the weights."""
    results = []
    for key in case:
        match = re.fullmatch(r'lr_used_(first40_)?(.+)_drop(\d+)', key)
        if match:
            every = 1 if match.group(1) else 3
            rates = rates_used(match.group(2), int(match.group(3)))[::every]
            results.append(absolute(key, rates[:len(case[key])] * 1e5,
                                    case[key] * 1e5, 1e-6))
    return [*results, absolute('ema', averages(len(case['ema'])), case['ema'], 1e-6)]


@functools.cache
def rates_used(kind: str, drop: int) -> np.ndarray:
    """Return the rates (steps, 3) of rest, backbone and text encoder."""
    default, text = dict(
        linear_with_warmup=('step', 'linear'),
        all_linear_with_warmup=('linear', 'linear'),
        step=('step', 'step'), multistep=('multistep', 'multistep'))[kind]
    groups = [dict(params=[torch.nn.Parameter(torch.zeros(1))], lr=rate, name=name)
              for name, rate in (('rest', 5e-5), ('backbone', 5e-5), ('text', 1e-5))]
    optimizer = torch.optim.SGD(groups, lr=1.0)
    schedule = GroupSchedule.build_iter_from_epoch(
        optimizer, epochs=30, epoch_length=100, default=default,
        rules=dict(text=text), drop=drop)
    rates = []
    for _ in range(3000):
        rates.append([group['lr'] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
    return np.array(rates)


def averages(steps: int) -> Tensor:
    """Return the averaged weights (steps, 8) of a small layer that is changed."""
    from mmengine.model import ExponentialMovingAverage
    layer = torch.nn.Linear(3, 2)
    average = ExponentialMovingAverage(layer, 1 - 0.9998, update_buffers=True)
    with torch.no_grad():
        layer.weight.copy_(torch.arange(6.).view(2, 3))
        layer.bias.fill_(1)
    restart_average(average, layer)
    rows = []
    for step in range(steps):
        with torch.no_grad():
            layer.weight += 0.5 * (step + 1)
            layer.bias *= 1.1
        average.update_parameters(layer)
        rows.append(torch.cat([p.detach().flatten()
                               for p in average.module.parameters()]))
    return torch.stack(rows)


def run_positive_map(case: dict) -> list[Comparison]:
    """Compare maps before and after the published collation, and image padding."""
    meta, results, rows = case['meta'], [], []
    for i, (spans, offsets) in enumerate(zip(meta['spans'], meta['offsets'])):
        width = case[f'map_{i}'].shape[1]
        ours = np.stack([token_map(target, offsets, width) for target in spans])
        normalised = ours / (ours.sum(1, keepdims=True) + 1e-6)
        results.append(absolute(f'map_{i}', normalised, case[f'map_{i}'], 1e-6))
        rows.append(ours)
    results.append(absolute('collated', np.concatenate(rows), case['collated'], 0.0))
    samples = [GroundingDataSample(
        metainfo=dict(canvas_shape=shape, paste_offset=(0, 0)),
        token_ids=torch.ones(1, dtype=torch.int64),
        text_padding_mask=torch.zeros(1, dtype=torch.bool))
        for shape in meta['image_sizes_hw']]
    data = dict(inputs=[torch.zeros(3, *shape, dtype=torch.uint8)
                        for shape in meta['image_sizes_hw']],
                data_samples=[ExpressionGroup([sample]) for sample in samples])
    batch = GroundingDataPreprocessor()(data)['inputs']
    return [*results,
            absolute('samples_shape', np.array(batch.images.shape),
                     case['samples_shape'], 0.0),
            absolute('samples_mask', batch.padding_mask, case['samples_mask'], 0.0)]


#: Unit name -> runner; a file belongs to the longest name that begins its own.
UNITS = dict(
    unit_matcher_losses_two_way=run_two_way,
    unit_matcher_losses_soft_token=run_soft_token,
    unit_grid_queries=run_grid_queries,
    unit_lr_schedule=run_schedule,
    unit_positive_map=run_positive_map,
    **siri_evaluation.UNITS)
