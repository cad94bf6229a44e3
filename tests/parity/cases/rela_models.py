"""Runs recorded full-size models of ReLA; the units stand in rela_units."""
import re
from collections import defaultdict

import numpy as np
import torch
from mmengine.config import Config
from torch import Tensor, nn

from segvg.models.layers.swin import DropPath
from segvg.models.losses import RegionOutputs
from segvg.structures import FusedFeatures, GroundingBatch, TextTokens
from tests.parity.building import build_unfilled, load_filled
from tests.parity.cases.transvg import CONFIGS, Recorder, length_first, without_dropout
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
from tests.parity.kept import Kept

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
LOGITS = 1e-4  # relative
#: Absolute, up to the deformable attention: the normalisation of what pixels read in
#: the words enlarges rounding, more so for short expressions.
EARLY = 1e-4
SHORT = 4  # tokens
#: Hard decisions where regions may look flip by rounding; the published code has as
#: many between one thread and two, and outputs that differ by as much.
FLIPPED, FREE = 3e-4, 2e-2


def config_of(case: dict) -> str:
    """Return the config and the name of the rules for a case."""
    if 'original' in case['meta']['case']:
        return 'rela_original_swin_b.py'
    return dict(R50='rela_r50.py', tiny='rela_swin_t.py', base='rela_swin_b.py')[
        re.search('R50|tiny|base', case['meta']['config']).group()]


def weights_of(meta: dict) -> dict[str, Tensor]:
    """Return the weights by the rule and the scalings of the case."""
    weights = {}
    for name, shape in meta['state_dict'].items():
        value = fill(name, tuple(shape))
        for pattern, factor in meta['scale']:
            if re.search(pattern, name):
                value = value * np.float32(factor)
                break
        weights[name] = torch.from_numpy(np.asarray(value))
    return weights


def build(case: dict) -> tuple[nn.Module, dict[str, str]]:
    """Return the model with the weights of the case, and our -> published names."""
    cfg = Config.fromfile(CONFIGS / config_of(case)).model
    cfg.text_length = case['lang_tokens'].shape[1]
    if config_of(case) == 'rela_original_swin_b.py':  # recorded with the small trunk
        small = Config.fromfile(CONFIGS / 'rela_swin_t.py').model
        cfg.image_encoder, cfg.pixel_decoder = small.image_encoder, small.pixel_decoder
    model = build_unfilled(cfg)
    method = 'rela_original' if 'original' in case['meta']['case'] else 'rela'
    return model, load_filled(model, weights_of(case['meta']), method)


def batch_of(case: dict) -> GroundingBatch:
    """Return the inputs of a case: noise by rule, stored text."""
    inputs = case['meta']['inputs']
    # Normalised, then padded with zeros to the largest, a multiple of 32.
    height, width = np.ceil(np.max(inputs['sizes'], axis=0) / 32).astype(int) * 32
    images = torch.zeros((len(inputs['sizes']), 3, height, width))
    padding = torch.ones((len(images), height, width), dtype=torch.bool)
    mean, std = (torch.tensor(values)[:, None, None] for values in (MEAN, STD))
    for i, (seed, (h, w)) in enumerate(zip(inputs['seeds'], inputs['sizes'],
                                           strict=True)):
        noise = torch.from_numpy(image(seed, (3, h, w))) * 58 + 117
        images[i, :, :h, :w] = (noise - mean) / std
        padding[i, :h, :w] = False
    text = TextTokens(torch.from_numpy(case['lang_tokens']),
                      torch.from_numpy(case['lang_mask']) == 0)
    return GroundingBatch(images, padding, text, torch.arange(len(images)))


def recorded_bits(case: dict) -> list[Tensor]:
    """Return where regions may not look, (B, Q, N) bool, of the ten calls."""
    bits = []
    for number, shape in enumerate(case['meta']['attn_mask_shapes'][:10]):
        values = np.unpackbits(case[f'attn_mask_bits_{number}'])[:np.prod(shape)]
        bits.append(torch.from_numpy(values.reshape(shape)).bool())
    return bits


class FixedBits:
    """Stands in for the decoder's own hard decisions and notes where they differ."""

    def __init__(self, decoder: nn.Module, bits: list[Tensor], use: bool = True
                 ) -> None:
        self.decoder = decoder
        self.bits = bits
        self.use = use
        self.flipped: list[float] = []
        decoder.blocked = self

    def __call__(self, regions: Tensor, canvas: Tensor) -> Tensor:
        """Return the recorded decisions, or our own."""
        own = type(self.decoder).blocked(self.decoder, regions, canvas)
        recorded = self.bits[len(self.flipped)]
        self.flipped.append((own != recorded).float().mean().item())
        return recorded if self.use else own


def watch(recorder: Recorder, model: nn.Module) -> None:
    """Watch every recorded part."""
    recorder.watch('text_feat', model.language_encoder, lambda out: out.feats)
    pixels = model.pixel_decoder

    def keep_inputs(_, arguments) -> None:
        for number, maps in enumerate(arguments[0], start=2):
            recorder.values[f'res{number}'] = maps.detach()
    recorder.handles.append(pixels.register_forward_pre_hook(keep_inputs))
    recorder.watch('pixel_memory', pixels, lambda out: out.tokens)
    for level in range(3):
        recorder.watch(f'ms{level}', pixels, lambda out, level=level: out.levels[level])
    recorder.watch('mask_features', pixels, lambda out: out.mask_features)
    decoder = model.head.decoder
    recorder.watch('ria_0', decoder.layers[0].image_norm, length_first)
    recorder.watch('rla_lang', decoder.word_norm, length_first)
    for number, layer in enumerate(decoder.layers):
        recorder.watch(f'layer_{number}', layer.feed_forward_norm, length_first)


def compare_middle(case: dict, values: dict) -> list[Comparison]:
    """Compare the recorded intermediates of each sample."""
    results = []
    for key, rule in case['meta']['rules'].items():
        if not key.startswith('inter_'):
            continue
        name = key.removeprefix('inter_')
        assert list(values[name].shape) == rule['shape'], name
        late = name.startswith(('ria', 'rla', 'layer'))
        place = np.arange(0, values[name].numel(), rule['stride'])
        owner = np.unravel_index(place, rule['shape'])[1 if late else 0]
        ours = values[name].flatten()[::rule['stride']].numpy()
        compare = scaled if late else absolute
        allowed = INTERMEDIATE if late else EARLY
        for i, length in enumerate(case['lang_mask'].sum(1)):
            results.append(compare(
                f'{key} sample {i}', ours[owner == i], case[key][owner == i],
                allowed * (10 if length < SHORT else 1)))
    return results


def compare_outputs(case: dict, outputs: RegionOutputs) -> list[Comparison]:
    """Compare logits, and what the published code makes of them."""
    rule = case['meta']['rules']['ref_seg_sub']
    size = rule['shape'][-2:]
    probs = nn.functional.interpolate(
        outputs.masks, size=size, mode='bilinear', align_corners=False).sigmoid()
    positive = np.unpackbits(case['pred_fg_bits'])[:probs[:, 0].numel()]
    return [
        relative('pred_masks', outputs.masks, case['pred_masks'], LOGITS),
        relative('pred_logits', outputs.minimap, case['pred_logits'], LOGITS),
        absolute('nt_label', outputs.no_target, case['nt_label']),
        absolute('nt_prob', outputs.no_target.sigmoid(), case['nt_prob']),
        absolute('ref_seg', probs.flatten()[::rule['stride']], case['ref_seg_sub'],
                 LOGITS),
        Comparison('pixels', float(((probs[:, 1] > probs[:, 0]).flatten().numpy()
                                    != positive).mean()), FLIPPED)]


def compare_free(case: dict, model: nn.Module, fused: FusedFeatures
                 ) -> list[Comparison]:
    """Compare outputs of our own hard decisions, of which rounding flips a few."""
    bits = FixedBits(model.head.decoder, recorded_bits(case), use=False)
    outputs = model.head(fused)
    del model.head.decoder.blocked
    results = [Comparison(f'flipped bits {number}', share, FLIPPED)
               for number, share in enumerate(bits.flipped)]
    return results + [
        absolute('pred_masks (free)', outputs.masks, case['pred_masks'], FREE),
        absolute('pred_logits (free)', outputs.minimap, case['pred_logits'], FREE),
        absolute('nt_label (free)', outputs.no_target, case['nt_label'], FREE)]


def union_of_masks(masks: list[np.ndarray]) -> Tensor:
    """Return the targets (B, H, W) bool: all masks (T, h, w) of each, padded."""
    sizes = np.max([each.shape[1:] for each in masks], axis=0)
    targets = torch.zeros((len(masks), *sizes.tolist()), dtype=torch.bool)
    for target, each in zip(targets, masks, strict=True):
        target[:each.shape[1], :each.shape[2]] = torch.from_numpy(each).bool().any(0)
    return targets


def compare_training(case: dict, model: nn.Module, published: dict[str, str],
                     batch: GroundingBatch) -> list[Comparison]:
    """Compare the losses and the gradient norms of every recorded module."""
    without_dropout(model)
    for module in model.modules():
        if isinstance(module, DropPath):
            module.probability = 0.0
    targets = union_of_masks([case[f'gt_masks_{i}'] for i in range(len(batch.images))])
    empty = torch.from_numpy(case['empty'])
    FixedBits(model.head.decoder, recorded_bits(case))
    outputs = model(batch)
    loss = model.head.loss_region
    cells = round(outputs.minimap.shape[1]**0.5)
    terms = loss.terms(outputs, targets, empty)
    total = sum(loss(outputs, targets, empty).values())
    total.backward()
    return [
        absolute('minimap', loss.make_minimap(targets, cells),
                 case['minimap_target'], 0.0),
        relative('loss terms', torch.stack(list(terms.values())), case['loss_terms'],
                 LOSS),
        relative('loss total', total, case['loss_total'], LOSS),
        *gradient_norms(case['meta']['train']['grads'], model, published)]


def keep_encoders(model: nn.Module) -> None:
    """Let all parts before the head answer once for both modes."""
    # Recorded with gradients that the published optimiser does not use.
    model.language_encoder.requires_grad_(True)
    encoder = model.image_encoder
    for part in (model.language_encoder, getattr(encoder, 'backbone', encoder),
                 model.pixel_decoder):
        Kept(part)


def gradient_norms(recorded: dict[str, float], model: nn.Module,
                   published: dict[str, str]) -> list[Comparison]:
    """Compare the gradient norm of each published module."""
    squares: dict[str, float] = defaultdict(float)
    for name, parameter in model.named_parameters():
        if parameter.grad is None:
            continue
        square = sum_of_squares(parameter.grad)
        for module in recorded:
            if f'{published[name]}.'.startswith(f'{module}.'):
                squares[module] += square
    return [relative(f'grad {name}', squares[name]**0.5, value, GRADIENT)
            for name, value in recorded.items()]


def run_model(case: dict) -> list[Comparison]:
    """Compare a recorded model: outputs, intermediates, losses, gradient norms."""
    model, published = build(case)
    batch = batch_of(case)
    model.eval()
    if 'train' in case['meta']:
        keep_encoders(model)
    with torch.no_grad(), Recorder() as recorder:
        watch(recorder, model)
        FixedBits(model.head.decoder, recorded_bits(case))
        fused = model.extract(batch)
        results = compare_outputs(case, model.head(fused))
        results += compare_middle(case, recorder.values)
    with torch.no_grad():
        results += compare_free(case, model, fused)
    if 'train' in case['meta']:
        results += compare_training(case, model, published, batch)
    return results
