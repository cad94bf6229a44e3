"""Runs recorded full-size models of RefTR; the units stand in reftr_units."""
import re
from collections import defaultdict
from typing import Optional

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor, nn

from segvg.models.heads import PhraseOutputs, PhraseTargets
from segvg.structures import GroundingBatch, Phrases, TextTokens
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
    LOSS,
    Comparison,
    absolute,
    relative,
    scaled,
    sum_of_squares,
)
from tests.parity.fill import fill, image

LOGITS = 1e-4  # absolute, as the document of the method says
TEXT_POSITIONS = re.compile(r'\.lang_pos_embeddings\.weight$')


def set_sizes(cfg: dict, meta: dict) -> None:
    """Set in a model config every size that the record names."""
    sizes, shapes = meta['model'], meta['state_dict']
    cfg.image_encoder.backbone.depth = int(
        re.search(r'\d+', sizes['backbone']).group())
    cfg.fusion.num_layers = sizes['enc_layers']
    cfg.head.num_layers = sizes['dec_layers']
    for part in (cfg.fusion, cfg.head):
        part.heads, part.hidden = sizes['nheads'], sizes['dim_feedforward']
    for part in (cfg.image_encoder, cfg.fusion, cfg.phrase_queries, cfg.head):
        part.channels = sizes['hidden_dim']
    for part in (cfg.phrase_queries, cfg.head):
        part.queries_per_phrase = sizes['num_queries_per_phrase']
    positions = [shape for name, shape in shapes.items() if TEXT_POSITIONS.search(name)]
    if positions:
        cfg.fusion.max_text_tokens = positions[0][0]


def build(case: dict) -> tuple[nn.Module, dict[str, str]]:
    """Return the model with the weights of the case, and our -> published names."""
    masks = case['meta']['model']['masks']
    cfg = Config.fromfile(
        CONFIGS / ('reftr_masks_r50.py' if masks else 'reftr_r50.py')).model
    set_sizes(cfg, case['meta'])
    model = build_unfilled(cfg)
    weights = {name: torch.from_numpy(fill(name, tuple(shape)))
               for name, shape in case['meta']['state_dict'].items()}
    return model, load_filled(model, weights, 'reftr')


def span_tokens(left: np.ndarray, right: np.ndarray, length: int) -> Tensor:
    """Return the tokens (B, P, L) bool of spans [left, right)."""
    place = np.arange(length)
    return torch.from_numpy((place >= left[..., None]) & (place < right[..., None]))


def phrases_of(case: dict) -> Optional[Phrases]:
    """Return the phrases of a case, if it has any."""
    if 'in_phrase' not in case:
        return None
    return Phrases(
        torch.from_numpy(case['in_phrase']), torch.from_numpy(~case['in_phrase_mask']),
        span_tokens(case['in_phrase_pos_l'], case['in_phrase_pos_r'],
                    case['in_sentence'].shape[1]))


def batch_of(case: dict) -> GroundingBatch:
    """Return the inputs of a case: noise by rule, zeros where padded, stored text."""
    entries = case['meta']['inputs']['images']
    sizes = [entry['shape'] for entry in entries]
    height, width = np.max(sizes, axis=0)[1:]
    images = torch.zeros((len(sizes), 3, height, width))
    padding = torch.ones((len(sizes), height, width), dtype=torch.bool)
    for i, entry in enumerate(entries):
        _, h, w = entry['shape']
        images[i, :, :h, :w] = torch.from_numpy(
            image(entry['seed'], tuple(entry['shape'])))
        padding[i, :h, :w] = False
    text = TextTokens(torch.from_numpy(case['in_sentence']),
                      torch.from_numpy(case['in_sentence_mask'] == 0))
    return GroundingBatch(images, padding, text, torch.arange(len(sizes)),
                          phrases_of(case))


def targets_of(boxes: list[np.ndarray], real: np.ndarray) -> PhraseTargets:
    """Return targets: boxes of each expression, for its real phrases (B, P) in order.
    """
    batch, phrase = (torch.from_numpy(index) for index in np.nonzero(real))
    return PhraseTargets(batch, phrase, torch.from_numpy(np.concatenate(boxes)))


def masks_of(case: dict, canvas_shape: tuple[int, int]) -> Optional[Tensor]:
    """Return the target masks (N, H, W) of a case, padded to the batch."""
    if 'target_0_masks' not in case:
        return None
    masks = []
    for i in range(len(case['in_sentence'])):
        mask = case[f'target_{i}_masks']
        margin = [(0, 0)] + [(0, whole - size) for whole, size in
                             zip(canvas_shape, mask.shape[1:], strict=True)]
        masks.append(np.pad(mask, margin))
    return torch.from_numpy(np.concatenate(masks)).bool()


def as_map(tokens, grid: tuple[int, int]) -> Tensor:
    """Turn (B, h * w, C) into (B, C, h, w)."""
    return tokens.transpose(1, 2).unflatten(2, grid)


def watch(recorder: Recorder, model: nn.Module) -> None:
    """Watch every recorded part."""
    language = model.language_encoder
    # A second call would be of the phrases: only the first counts.
    def keep_first(name, layout):
        def keep(out):
            return recorder.values.get(name, layout(out))
        return keep
    recorder.watch('backbone_c5_ch64', model.image_encoder.backbone,
                   lambda out: out[-1][:, ::64])
    recorder.watch('pos_c5_ch16', model.image_encoder,
                   lambda out: as_map(out.pos, out.grid)[:, ::16])
    recorder.watch('mask_c5', model.image_encoder.norm)
    recorder.watch('input_proj_ch16', model.image_encoder.norm,
                   lambda out: out[:, ::16])
    for name, step, module in (('sentence_bert_last_ch32', 32, language.layers[-1]),
                               ('sentence_bert_pooled_ch8', 8, language.pooler)):
        def layout(out, step=step, pooled='pooled' in name):
            out = out if isinstance(out, Tensor) else out[0]
            return (out.tanh() if pooled else out)[..., ::step]
        recorder.watch(name, module, keep_first(name, layout))
    recorder.watch('map_sentence_ch16', model.fusion.text_proj,
                   lambda out: out[..., ::16])
    recorder.watch('map_phrase_ch4', model.phrase_queries.phrase_proj,
                   lambda out: out.flatten(0, 1)[:, ::4])
    recorder.watch('encoder_layer0_seqBC_ch32', model.fusion.layers[0],
                   lambda out: length_first(out)[..., ::32])
    recorder.watch('memory_seqBC_ch16', model.fusion.layers[-1],
                   lambda out: length_first(out)[..., ::16])
    recorder.watch('query_content_QBC', model.phrase_queries,
                   lambda out: length_first(out[0]))
    recorder.watch('query_pos_QBC', model.phrase_queries,
                   lambda out: length_first(out[1]))
    recorder.watch('decoder_LQBC_ch4', model.head.decoder,
                   lambda out: out.transpose(1, 2)[..., ::4])


def compare_middle(case: dict, values: dict) -> list[Comparison]:
    """Compare every recorded intermediate; one that is not watched is an error."""
    results = []
    for key in sorted(name for name in case if name.startswith('mid_')):
        if key == 'mid_bbox_attention':
            results.append(relative(key, values['bbox_attention'], case[key], LOSS))
        elif key == 'mid_sentence_bert_pooled_ch8' and 'in_phrase' in case:
            results.append(scaled(key, values['sentence_pooled'][:, ::8], case[key]))
        else:
            results.append(scaled(key, values[key.removeprefix('mid_')], case[key]))
    return results


def compare_outputs(case: dict, outputs: PhraseOutputs) -> list[Comparison]:
    """Compare the boxes of all layers."""
    results = [absolute('out_pred_boxes', outputs.boxes[-1], case['out_pred_boxes'])]
    if 'out_aux_pred_boxes' in case:
        results.append(absolute('out_aux_pred_boxes', outputs.boxes[:-1],
                                case['out_aux_pred_boxes']))
    return results


def compare_masks(case: dict, model: nn.Module, fused,
                  outputs: PhraseOutputs) -> tuple[list[Comparison], dict]:
    """Compare mask logits and attention; returns intermediates too."""
    states = outputs.states[-1, :, 0, 0]
    index = torch.arange(len(states))
    features = model.head.mask.features(states, index, fused)
    attention = model.head.mask.attend(states, index, fused)
    results = [
        absolute('out_pred_masks', model.head.mask.out(features),
                 case['out_pred_masks'], LOGITS),
        relative('out_mask_att', attention, case['out_mask_att'], LOSS)]
    return results, dict(bbox_attention=attention[:, None],
                         mask_head_feature_sub=features[..., ::4, ::4])


def compare_losses(case: dict, model: nn.Module, fused,
                   outputs: PhraseOutputs) -> tuple[list[Comparison], Tensor]:
    """Compare every single loss; returns the total too."""
    head, last = model.head, len(outputs.boxes) - 1
    boxes = [case[f'target_{i}_boxes'] for i in range(len(case['in_sentence']))]
    targets = targets_of(boxes, case['out_phrase_mask'])
    losses = head.loss_by_targets(fused, outputs, targets,
                                  masks_of(case, fused.canvas_shape))
    results = [relative(f'loss_{name}', losses[f'loss_{name}'],
                        case[f'loss_{name}'], LOSS)
               for name in ('mask', 'dice') if f'loss_{name}' in losses]
    for layer in range(0 if head.supervise_all else last, last + 1):
        suffix = '' if layer == last else f'_{layer}'
        part = head.box_losses(outputs.boxes[layer:layer + 1], targets)
        results += [relative(name + suffix, value, case[name + suffix], LOSS)
                    for name, value in part.items()]
    total = sum(losses.values())
    return [*results, relative('loss_total', total, case['loss_total'], LOSS)], total


def gradient_norms(case: dict, model: nn.Module,
                   published: dict[str, str]) -> list[Comparison]:
    """Compare the gradient norm of each published module and of all."""
    squares: dict[str, float] = defaultdict(float)
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            square = sum_of_squares(parameter.grad)
            squares[published[name].split('.')[0]] += square
            squares['all'] += square
    names = [key.removeprefix('grad_norm_') for key in case
             if key.startswith('grad_norm_')]
    assert set(names) == set(squares)
    return [relative(f'grad {name}', squares[name]**0.5, case[f'grad_norm_{name}'],
                     GRADIENT) for name in names]


def run_model(case: dict) -> list[Comparison]:
    """Compare a recorded model: outputs, intermediates, losses, gradient norms."""
    model, published = build(case)
    batch = batch_of(case)
    model.eval()
    keep_encoders(model)
    with torch.no_grad(), Recorder() as recorder:
        watch(recorder, model)
        fused = model.extract(batch)
        outputs = model.head(fused)
    values = recorder.values
    with torch.no_grad():
        values['sentence_pooled'] = model.language_encoder.pool(
            model.language_encoder(batch.text))
        values['mask_c5'] = fused.memory.padding_mask[:, fused.image_slice].unflatten(
            1, fused.grid)
        results = compare_outputs(case, outputs)
        if model.head.mask is not None:
            compared, more = compare_masks(case, model, fused, outputs)
            results += compared
            values.update(more)
    results += compare_middle(case, values)
    without_dropout(model)
    fused = model.extract(batch)
    losses, total = compare_losses(case, model, fused, model.head(fused))
    total.backward()
    return results + losses + gradient_norms(case, model, published)
