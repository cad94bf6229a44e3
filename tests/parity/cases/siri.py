"""Runs recorded full-size models of SiRi and MDETR; the units stand in siri_units."""
from collections import defaultdict
from typing import Sequence

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor, nn

from segvg.checkpoints.convert import rename_key
from segvg.checkpoints.rules import RULES, Drop
from segvg.models.heads import SetOutputs
from segvg.models.losses.set_loss import count_boxes
from segvg.models.task_utils import SetTargets
from segvg.structures import FusedFeatures, GroundingBatch, TextTokens
from tests.parity.building import build_unfilled, load_filled
from tests.parity.cases.transvg import (
    CONFIGS,
    Recorder,
    keep_encoders,
    length_first,
    without_dropout,
)
from tests.parity.comparison import (
    GRADIENT,
    INTERMEDIATE,
    LOSS,
    Comparison,
    absolute,
    relative,
    scaled,
    sum_of_squares,
)
from tests.parity.fill import fill, image

LOGITS = 1e-4  # absolute, as the document of the method says
#: A softmax of logits that the case makes 36 times as large; intermediates were
#: recorded with another number of threads, and the document allows 1e-4 for all.
MIDDLE = dict(bbox_attention=1e-4)


def method_of(case: dict) -> str:
    """Return the name of the rules for the checkpoint of a case."""
    if 'siri' not in case['meta']['what']:
        return 'mdetr'
    return 'siri' if case['meta']['args']['cascade_num'] == 1 else 'mt_siri'


def weights_of(meta: dict, method: str) -> dict[str, Tensor]:
    """Return the weights by the rule and the scalings of the case.

    Those that our model has no place for are not drawn: a third of multi-task SiRi.
    """
    weights = {}
    for name, shape in meta['state_dict'].items():
        if isinstance(rename_key(name, RULES[method]), Drop):
            continue
        value = fill(name, tuple(shape))
        for part, factor in meta['scale_rules']:
            if part in name:
                value = value * np.float32(factor)
        if name == 'mask_head.lay1.weight' and 'extra_rule' in meta:
            value = value.copy()
            value[:, 256:] *= 30
        weights[name] = torch.from_numpy(value)
    return weights


def build(case: dict) -> tuple[nn.Module, dict[str, str]]:
    """Return the model with the weights of the case, and our -> published names."""
    meta, method = case['meta'], method_of(case)
    config = 'mdetr_r101.py' if method == 'mdetr' else 'siri_r101.py'
    if 'DETRsegm' in meta['what']:
        config = 'mdetr_masks_r101.py'
    cfg = Config.fromfile(CONFIGS / config).model
    if method != 'mdetr':
        cfg.head.num_decoders = meta['args']['cascade_num']
    model = build_unfilled(cfg)
    return model, load_filled(model, weights_of(meta, method), method)


def batch_of(case: dict) -> GroundingBatch:
    """Return the inputs of a case: noise by rule, zeros where padded, stored text."""
    sizes = case['meta']['image']['sizes_hw']
    shape = (len(sizes), 3, *np.max(sizes, axis=0))
    images = torch.from_numpy(image(case['meta']['image']['seed'], shape))
    padding = torch.ones((shape[0], *shape[2:]), dtype=torch.bool)
    for mask, (height, width) in zip(padding, sizes):
        mask[:height, :width] = False
    recorded = np.unpackbits(case['in_pad_mask_true_is_padding'])[:padding.numel()]
    np.testing.assert_array_equal(padding.numpy().ravel(), recorded.astype(bool))
    text = TextTokens(torch.from_numpy(case['in_input_ids']),
                      torch.from_numpy(case['in_attention_mask']) == 0)
    return GroundingBatch(images.masked_fill(padding[:, None], 0), padding, text,
                          torch.arange(len(sizes)))


def targets_of(case: dict) -> list[SetTargets]:
    """Return the targets of a case."""
    count = sum(key.startswith('in_boxes_') for key in case)
    boxes = [torch.from_numpy(case[f'in_boxes_{i}']) for i in range(count)]
    maps = torch.from_numpy(case['in_positive_map']).split([len(b) for b in boxes])
    return [SetTargets(*pair) for pair in zip(boxes, maps, strict=True)]


def masks_of(case: dict) -> list[Tensor]:
    """Return the target masks of a case, padded to the batch."""
    sizes = case['meta']['image']['sizes_hw']
    height, width = np.max(sizes, axis=0)
    masks = []
    for i, (h, w) in enumerate(sizes):
        bits = np.unpackbits(case[f'in_masks_{i}_packbits'])
        count = len(case[f'in_boxes_{i}'])
        mask = bits[:count * h * w].reshape(count, h, w)
        margin = ((0, 0), (0, height - h), (0, width - w))
        masks.append(torch.from_numpy(np.pad(mask, margin)))
    return masks


class SteppedRecorder(Recorder):
    """Compares with arrays thinned by the step that their rule names."""

    def compare(self, case: dict) -> list[Comparison]:
        """Compare every recorded ``mid_`` array; an unwatched one is an error."""
        results = []
        for name, entry in case['meta']['mid'].items():
            step = int(entry['rule'].split('::')[1].rstrip(']'))
            ours = self.values[name]
            assert list(ours.shape) == entry['shape'], (name, ours.shape, entry)
            results.append(scaled(f'mid_{name}', ours.flatten()[::step],
                                  case[f'mid_{name}'],
                                  MIDDLE.get(name, INTERMEDIATE)))
        return results


def watch(recorder: SteppedRecorder, model: nn.Module) -> None:
    """Watch every recorded part."""
    encoder = model.image_encoder
    levels = {stage + 1: place for place, stage in enumerate(
        encoder.backbone.out_indices)}
    levels.setdefault(2, None)
    if levels[2] is None:
        recorder.watch('layer2', encoder.backbone.layer2)
    for stage, place in levels.items():
        if place is not None:
            recorder.watch(f'layer{stage}', getattr(encoder.backbone, f'layer{stage}'))
    if hasattr(encoder, 'mid_convs'):
        recorder.watch('add_feature', encoder.mid_convs)
    recorder.watch('input_proj', encoder.input_proj)
    recorder.watch('roberta_last_hidden', model.language_encoder,
                   lambda out: out.feats)
    recorder.watch('text_resized', model.fusion.text_dropout, length_first)
    recorder.watch('img_memory', model.fusion,
                   lambda out: length_first(out.memory.feats))
    for i, decoder in enumerate(model.head.decoders):
        recorder.watch(f'decoder{i}_hs_all_layers', decoder,
                       lambda out: out.transpose(1, 2))


def compare_outputs(case: dict, outputs: Sequence[SetOutputs]) -> list[Comparison]:
    """Compare logits and boxes of all layers of all decoders."""
    results = [
        absolute('out_pred_logits', outputs[-1].logits[-1], case['out_pred_logits'],
                 LOGITS),
        absolute('out_pred_boxes', outputs[-1].boxes[-1], case['out_pred_boxes']),
    ]
    if 'out_aux_logits' not in case:
        return results
    aux_logits = torch.cat([out.logits[:-1] for out in outputs])
    if case['out_aux_logits'].shape[2] != aux_logits.shape[2]:
        aux_logits = aux_logits[:, :, ::10]
    aux_boxes = torch.cat([out.boxes[:-1] for out in outputs])
    return [
        *results,
        absolute('out_aux_logits', aux_logits, case['out_aux_logits'], LOGITS),
        absolute('out_aux_boxes', aux_boxes, case['out_aux_boxes']),
        *[pair for i, out in enumerate(outputs[:-1]) for pair in (
            absolute(f'out_cas{i}_logits', out.logits[-1], case[f'out_cas{i}_logits'],
                     LOGITS),
            absolute(f'out_cas{i}_boxes', out.boxes[-1], case[f'out_cas{i}_boxes']))]
    ]


def set_names(decoders: int, layers: int, plain: bool) -> list[str]:
    """Return the published suffix of every set: layers of decoder 0, then 1, ..."""
    aux = '' if plain else 'aux_'
    names = []
    for decoder in range(decoders):
        names += [f'_{aux}{decoder * (layers - 1) + i}' for i in range(layers - 1)]
        names.append('' if decoder == decoders - 1 else f'_cas_{decoder}')
    return names


def cardinality_error(logits: Tensor, targets: Sequence[SetTargets]) -> Tensor:
    """Return how far the number of predicted objects is off, (S,); logged only."""
    found = (logits.argmax(-1) != logits.shape[-1] - 1).sum(2).float()  # (S, B)
    counts = found.new_tensor([len(entry.boxes) for entry in targets])
    return (found - counts).abs().mean(1)


def compare_losses(case: dict, model: nn.Module, fused: FusedFeatures,
                   outputs: Sequence[SetOutputs]) -> tuple[list[Comparison], Tensor]:
    """Compare the matching and every single loss; returns the total too."""
    head, targets = model.head, targets_of(case)
    if not head.supervise_all:
        outputs = [out.last() for out in outputs]
    recorded = dict(zip(case['meta']['loss_names'], case['loss_values'], strict=True))
    layers = len(outputs[0].logits)
    suffixes = set_names(len(outputs), layers, 'loss_ce_0' in recorded)
    num_boxes = count_boxes(targets, fused.memory.feats.device)
    ours, matching = {}, {}
    for i, out in enumerate(outputs):
        matches = head.loss_set.matcher(out.logits, out.boxes, targets)
        terms = head.loss_set.terms(out.logits, out.boxes, targets, matches, num_boxes)
        terms['cardinality_error'] = cardinality_error(out.logits, targets)
        if getattr(head, 'align_query', None) is not None:
            for layer in range(layers):
                last = SetOutputs(*(value[layer:layer + 1] for value in out))
                part = head.loss_set.matcher(last.logits, last.boxes, targets)
                terms.setdefault('loss_contrastive_align', []).append(head.more_losses(
                    fused, last, targets, part, num_boxes)['loss_contrastive_align'])
        for layer, suffix in enumerate(suffixes[i * layers:(i + 1) * layers]):
            ours.update({name + suffix: value[layer] for name, value in terms.items()})
            chosen = matches.sets == layer
            matching[suffix.removeprefix('_') or 'final'] = [
                matches.queries[chosen & (matches.batch == b)].tolist()
                for b in range(len(targets))]
    if 'in_masks_0_packbits' in case:
        losses = head.loss_by_targets(fused, outputs, targets, masks_of(case))
        ours.update({name: losses[name] for name in ('loss_mask', 'loss_dice')})
    for name, images in case['meta']['matching']:
        name = name if name in matching else name.removeprefix('aux_')
        assert matching[name] == [pair[0] for pair in images], name
    weights = case['meta']['weight_dict']
    total = sum(weights[name] * ours[name] for name in weights)
    results = [relative(name, ours[name], value, LOSS)
               for name, value in recorded.items()]
    return [*results, relative('total_loss', total, case['meta']['total_loss'], LOSS)
            ], total


def gradient_norms(case: dict, model: nn.Module,
                   published: dict[str, str]) -> list[Comparison]:
    """Compare the gradient norm of each published group and of all."""
    groups = sorted(case['meta']['grad_groups'], key=len, reverse=True)
    squares: dict[str, float] = defaultdict(float)
    for name, parameter in model.named_parameters():
        if parameter.grad is None:
            continue
        theirs = published[name].replace('backbone.0.body', 'backbone')
        group = next(group for group in groups if theirs.startswith(group + '.'))
        squares[group] += sum_of_squares(parameter.grad)
    results = [relative(f'grad {name}', squares[name]**0.5, recorded, GRADIENT)
               for name, recorded in zip(case['meta']['grad_groups'],
                                         case['grad_norms'], strict=True)]
    return [*results, relative('grad all', sum(squares.values())**0.5,
                               case['meta']['grad_norm_all'], GRADIENT)]


def compare_masks(case: dict, model: nn.Module, fused: FusedFeatures,
                  outputs: SetOutputs) -> list[Comparison]:
    """Compare attention maps and mask logits of all queries."""
    batch, count = outputs.states.shape[1:3]
    index = torch.arange(batch).repeat_interleave(count)
    queries = outputs.states[-1].flatten(0, 1)
    with SteppedRecorder() as recorder:
        recorder.watch('mask_lay5_out', model.head.mask.convs[-1])
        logits = model.head.mask(queries, index, fused).unflatten(0, (batch, count))
    recorder.values['bbox_attention'] = model.head.mask.attend(
        queries, index, fused).unflatten(0, (batch, count))
    case['mid_values'] = recorder.values
    return [
        absolute('out_pred_masks_all_queries_sub', logits[:, :, ::4, ::4],
                 case['out_pred_masks_all_queries_sub'], LOGITS),
        absolute('out_pred_masks_query0to3', logits[:, :4],
                 case['out_pred_masks_query0to3'], LOGITS)
    ]


def run_model(case: dict) -> list[Comparison]:
    """Compare a recorded model: outputs, intermediates, losses, gradient norms."""
    model, published = build(case)
    batch = batch_of(case)
    model.eval()
    keep_encoders(model)
    results = []
    with torch.no_grad(), SteppedRecorder() as recorder:
        watch(recorder, model)
        fused = model.extract(batch)
        outputs = model.head(fused)
        results += compare_outputs(case, outputs)
        if model.head.mask is not None:
            results += compare_masks(case, model, fused, outputs[-1])
            recorder.values.update(case.pop('mid_values'))
        if 'out_proj_queries' in case:
            queries, words = model.head.align(fused, outputs[-1].states[-1:])
            results += [absolute('out_proj_queries', queries[0],
                                 case['out_proj_queries']),
                        absolute('out_proj_tokens', words, case['out_proj_tokens'])]
        results += recorder.compare(case)
    without_dropout(model)
    fused = model.extract(batch)
    losses, total = compare_losses(case, model, fused, model.head(fused))
    total.backward()
    return results + losses + gradient_norms(case, model, published)
