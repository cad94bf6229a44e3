"""Runs recorded full-size models of InstanceVG; parts stand in other files."""
import re

import numpy as np
import torch
from mmcv.cnn.bricks import DropPath
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor, nn

from segvg.models.losses import InstanceOutputs
from segvg.models.losses.instance_loss import enlarge
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, GroundingBatch, TextTokens
from segvg.structures.boxes import xyxy_to_cxcywh
from tests.parity.cases import instancevg_answers, instancevg_units
from tests.parity.cases.instancevg_answers import (
    PIXELS,
    SCORE_THRESHOLD,
    compare_losses,
    compare_matches,
    kept_masks,
    loss_terms,
    near_threshold,
    predict,
)
from tests.parity.cases.instancevg_units import compare_start, noise
from tests.parity.cases.instancevg_weights import (
    bits_of,
    exact,
    gradients,
    intermediate,
    load,
    output,
    same_pixels,
    weights_of,
)
from tests.parity.cases.transvg import CONFIGS, without_dropout
from tests.parity.comparison import Comparison, absolute, load_case
from tests.parity.fill import end_case
from tests.parity.kept import Kept
from tests.toy import ROOT

__all__ = ['UNITS', 'run_model']

IMAGE_TOKENS = 9  # of those that both modes are compared with
KEYS = ROOT / 'tests/data/parity/instancevg/unit_checkpoint_keys.npz'
UNITS = {**instancevg_units.UNITS, **instancevg_answers.UNITS}


def build(case: dict) -> tuple[nn.Module, dict[str, str]]:
    """Return the model with the weights of the case, and published -> our names."""
    meta = case['meta']
    settings = meta['config']
    cfg = Config.fromfile(CONFIGS / f'instancevg_{settings["encoder"]}.py').model
    cfg.encoder.pop('init_cfg', None)
    cfg.encoder.update(image_size=settings['image_size'],
                       num_layers=settings['layers'],
                       vocab_size=settings['vocab_size'])
    cfg.head.num_queries = settings['queries']
    cfg.head.nearest_masks = True
    cfg.head.loss_instance.unmatched_weight = settings['loss_weight']['mask']['neg']
    init_default_scope('segvg')
    with torch.device('meta'):  # no time for random weights
        model = MODELS.build(cfg)
    model.to_empty(device='cpu')
    model.data_preprocessor = MODELS.build(cfg.data_preprocessor)
    ours = load(model, weights_of(meta, shapes_of(settings)), '', '')
    end_case()
    return model, ours


def shapes_of(settings: dict) -> dict[str, list[int]]:
    """Return names and shapes of the published weights of a model."""
    trees = load_case(KEYS)['meta']['models']
    tree = next(tree for name, tree in trees.items()
                if name.startswith(settings['encoder']))
    shapes = dict(tree['entries'])
    patches = (settings['image_size'] // settings['patch'])**2
    shapes['vis_enc.beit3.encoder.embed_positions.A.weight'][0] = patches + 3
    shapes['vis_enc.beit3.text_embed.weight'][0] = settings['vocab_size']
    shapes['head.query_generation.query_embed.weight'][0] = settings['queries']
    layer = re.compile(r'vis_enc\.beit3\.encoder\.layers\.(\d+)\.')
    return {name: shape for name, shape in shapes.items() if not (
        found := layer.match(name)) or int(found.group(1)) < settings['layers']}


def batch_of(case: dict) -> GroundingBatch:
    """Return the inputs of a case: noise by rule, stored text."""
    images = noise(case['meta']['inputs']['image'])
    text = TextTokens(torch.from_numpy(case['token_ids']),
                      torch.from_numpy(case['padding_mask']) == 1)
    return GroundingBatch(images, torch.zeros_like(images[:, 0], dtype=torch.bool),
                          text, torch.arange(len(images)))


def targets_of(case: dict) -> tuple[list[Tensor], list[Tensor]]:
    """Return boxes (T, 4), cxcywh in [0, 1], and masks (T, H, W) by the rule."""
    size = case['meta']['config']['image_size']
    boxes, masks = [], []
    for corners in case['meta']['inputs']['boxes_xyxy_network_pixels']:
        bboxes = torch.tensor(corners, dtype=torch.float32).reshape(-1, 4)
        boxes.append(xyxy_to_cxcywh(bboxes) / size)
        parts = torch.zeros((len(bboxes), size, size), dtype=torch.bool)
        for i, (x0, y0, x1, y1) in enumerate(np.array(corners).reshape(-1, 4)
                                             .astype(int)):
            parts[i, y0:y1, x0:x1] = True
            parts[i, y0 + 5:y0 + 15 + i, x0 + 8:x0 + 20] = False
        masks.append(parts)
    return boxes, masks


def compare_forward(case: dict, model: nn.Module, batch: GroundingBatch, mode: str
                    ) -> tuple[list[Comparison], InstanceOutputs]:
    """Compare everything up to the outputs in a mode, ``eval`` or ``train``."""
    kept: dict[str, Tensor] = {}
    encoder, prefix = model.encoder, f'{mode}_'
    handles = [encoder.layers[0].register_forward_pre_hook(
        lambda _, inputs: kept.update(embed=inputs[0])),
        encoder.norm.register_forward_hook(
            lambda _, inputs, out: kept.update(tokens=out))]
    for number, layer in enumerate(encoder.layers):
        if f'{prefix}layer_{number}' in case:
            handles.append(layer.register_forward_hook(
                lambda _, inputs, out, number=number: kept.update(
                    {f'layer_{number}': out})))
    with torch.enable_grad():
        fused = model.extract(batch)
    for handle in handles:
        handle.remove()
    tokens = kept.pop('tokens')
    split = tokens.shape[1] - batch.text.ids.shape[1]
    kept.update(class_token=tokens[:, 0], image_tokens=tokens[:, 1:split],
                text_tokens=tokens[:, split:])
    outputs = model.head(fused)
    with torch.no_grad():
        results = [*compare_queries(case, model, fused, prefix),
                   *compare_maps(case, fused, prefix)]
    results += [intermediate(case, prefix + key, values)
                for key, values in kept.items()]
    return results + compare_outputs(case, outputs, prefix), outputs


def keep_encoders(model: nn.Module) -> None:
    """Let all parts before the batch statistics answer once for both modes."""
    for layer in model.encoder.layers:
        Kept(layer, few_tokens)
    Kept(model.neck.pyramid)


def few_tokens(tokens: Tensor, split: int, padding_mask: Tensor) -> tuple:
    """Return the last image tokens of the first sample, and its words."""
    first = split - IMAGE_TOKENS
    return tokens[:1, first:], IMAGE_TOKENS, padding_mask[:1, first:]


def compare_maps(case: dict, fused: FusedFeatures, prefix: str) -> list[Comparison]:
    """Compare projections, pyramid and mask features."""
    c4, c3, c2, c1, features = fused.maps
    image = fused.image.transpose(1, 2).unflatten(2, fused.grid)
    named = dict(img_embedding=image, lan_embedding=fused.words.feats, pyramid_c1=c1,
                 pyramid_c2=c2, pyramid_c3=c3, pyramid_c4=c4, mask_features=features)
    return [intermediate(case, prefix + key, values) for key, values in named.items()]


def compare_queries(case: dict, model: nn.Module, fused: FusedFeatures,
                    prefix: str) -> list[Comparison]:
    """Compare words and points, then what follows from them."""
    head, words = model.head, fused.words
    start = head.start(words, fused.memory)
    states, reference = head.decode(start, list(fused.maps[3::-1]))
    scores = words.feats.masked_fill(words.padding_mask[..., None], 0).mean(-1)
    return [
        *compare_start(case, head.start, words, fused.memory, start, prefix),
        intermediate(case, f'{prefix}word_scores', scores),
        intermediate(case, f'{prefix}query_pos', head.point_pos(start.points)),
        absolute(f'{prefix}reference', reference, case[f'{prefix}reference']),
        intermediate(case, f'{prefix}decoder_states', states)]


def compare_outputs(case: dict, outputs: InstanceOutputs,
                    prefix: str) -> list[Comparison]:
    """Compare logits and boxes."""
    size = (case['meta']['config']['image_size'], ) * 2
    whole = outputs.global_mask[:, None]
    return [
        output(case, f'{prefix}class_logits', outputs.class_logits),
        absolute(f'{prefix}boxes', outputs.boxes, case[f'{prefix}boxes']),
        output(case, f'{prefix}mask_logits', enlarge(outputs.masks, size)),
        output(case, f'{prefix}global_logits_80', whole),
        output(case, f'{prefix}global_mask_logits', enlarge(whole, size)),
        output(case, f'{prefix}existence_logits', outputs.existence)]


def compare_answers(case: dict, head: nn.Module,
                    outputs: InstanceOutputs) -> list[Comparison]:
    """Compare scores, boxes and masks in both kinds of pixels."""
    size = case['meta']['config']['image_size']
    originals = case['meta']['inputs']['original_sizes_hw']
    forward, found = head.forward, []
    square = predict(head, outputs, size, [[size, size]] * len(originals))
    samples = predict(head, outputs, size, originals)
    head.forward = forward
    for b, (own, sample) in enumerate(zip(square, samples, strict=True)):
        prediction = own.pred_instances
        logits = torch.cat([outputs.masks[b], outputs.global_mask[b, None]])
        near = near_threshold(logits, size)
        areas = prediction.canvas_masks.flatten(1).sum(1)
        found += [
            absolute(f'post_net_boxes_{b}', prediction.bboxes,
                     case[f'post_net_boxes_{b}'], PIXELS),
            absolute(f'post_net_scores_{b}', prediction.scores,
                     case[f'post_net_scores_{b}']),
            absolute(f'post_orig_boxes_{b}', sample.pred_instances.bboxes,
                     case[f'post_orig_boxes_{b}'], PIXELS),
            absolute(f'post_orig_scores_{b}', sample.pred_instances.scores,
                     case[f'post_orig_scores_{b}']),
            exact(f'post_kept_{b}', prediction.scores.double() > SCORE_THRESHOLD,
                  case[f'post_kept_{b}']),
            absolute(f'post_instance_areas_{b}', areas,
                     case[f'post_instance_areas_{b}'], float(near.sum())),
            same_pixels(f'post_global_mask_{b}', own.canvas_global_mask, bits_of(
                case, f'post_global_mask_bits_{b}', (size, size)), near),
            same_pixels(f'post_net_mask_{b}', kept_masks(own) | own.canvas_global_mask,
                        bits_of(case, f'post_net_mask_bits_{b}', (size, size)), near),
            *compare_original_mask(case, b, sample, near)]
    return found


def compare_original_mask(case: dict, b: int, sample, near: Tensor
                          ) -> list[Comparison]:
    """Compare what is drawn in the original image."""
    shape = sample.ori_shape
    near = nn.functional.interpolate(near[None, None].float(), size=shape,
                                     mode='nearest')[0, 0] > 0
    return [same_pixels(f'post_orig_mask_{b}',
                        kept_masks(sample, 'masks') | sample.global_mask,
                        bits_of(case, f'post_orig_mask_bits_{b}', shape), near)]


def compare_training(case: dict, model: nn.Module, outputs: InstanceOutputs,
                     mode: str) -> tuple[list[Comparison], Tensor]:
    """Compare matches and losses in a mode; return the total as well."""
    boxes, masks = targets_of(case)
    loss = model.head.loss_instance
    terms = loss_terms(loss, outputs, boxes, masks)
    found = compare_matches(case, loss.match(outputs, boxes), list(map(len, boxes)),
                            f'{mode}_')
    return (found + compare_losses(terms, case['meta']['losses'][mode], f'{mode} '),
            terms['total'])


def run_model(case: dict) -> list[Comparison]:
    """Compare a recorded model: outputs, intermediates, losses, gradients."""
    model, ours = build(case)
    batch = batch_of(case)
    model.eval()
    keep_encoders(model)
    with torch.no_grad():
        results, outputs = compare_forward(case, model, batch, 'eval')
        results += compare_answers(case, model.head, outputs)
        results += compare_training(case, model, outputs, 'eval')[0]
    without_dropout(model)
    for module in model.modules():
        if isinstance(module, DropPath):
            module.drop_prob = 0.0
    found, outputs = compare_forward(case, model, batch, 'train')
    losses, total = compare_training(case, model, outputs, 'train')
    total.backward()
    buffers = dict(model.named_buffers())
    for key in (key for key in case if key.startswith('train_bn')):
        name, _, kind = key.removeprefix('train_').partition('_running_')
        found.append(intermediate(case, key, buffers[
            ours[f'head.unet_decoder.{name}.running_{kind}']]))
    return results + found + losses + gradients(case, model, ours)
