"""Runs recorded full-size models of TransVG and SegVG, which share most parts."""
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from torch import Tensor, nn

from segvg.structures import GroundingBatch, TextTokens
from tests.parity.building import build_unfilled, load_filled
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
from tests.parity.kept import Kept

CONFIGS = Path(__file__).parents[3] / 'configs' / '_base_' / 'models'


def build(case: dict, method: str, config: str) -> tuple[nn.Module, dict[str, str]]:
    """Return the model with the weights of the rule, and our -> published names."""
    args = case['meta']['args']
    cfg = Config.fromfile(CONFIGS / config).model
    cfg.image_encoder.backbone.depth = int(args['backbone'].removeprefix('resnet'))
    cfg.image_encoder.num_layers = args['detr_enc_num']
    cfg.image_encoder.mask_image_padding = 'image_valid_rects_tlhw' in case
    cfg.fusion.max_text_tokens = args['max_query_len']
    cfg.fusion.num_layers = args['vl_enc_layers']
    model = build_unfilled(cfg)
    weights = {name: torch.from_numpy(fill(name, tuple(shape)))
               for name, shape in case['meta']['state_dict_shapes'].items()}
    return model, load_filled(model, weights, method)


def batch_of(case: dict) -> GroundingBatch:
    """Return the inputs of a case: noise by rule, stored text."""
    seed, shape = re.search(r'image\((\d+), \(([\d,]+)\)\)',
                            case['meta']['inputs']['image']).groups()
    shape = tuple(int(size) for size in shape.split(','))
    images = torch.from_numpy(image(int(seed), shape))
    padding = torch.zeros((shape[0], *shape[2:]), dtype=torch.bool)
    if 'image_valid_rects_tlhw' in case:
        padding[:] = True
        for i, (top, left, height, width) in enumerate(case['image_valid_rects_tlhw']):
            padding[i, top:top + height, left:left + width] = False
        images = images.masked_fill(padding[:, None], 0)
    text = TextTokens(torch.from_numpy(case['input_ids']),
                      torch.from_numpy(case['text_mask']) == 0)
    return GroundingBatch(images, padding, text, torch.arange(shape[0]))


class Recorder:
    """Keeps what modules return while it is open, under the recorded names."""

    def __init__(self) -> None:
        self.values: dict[str, Tensor] = {}
        self.handles: list[Any] = []

    def watch(self, name: str, module: nn.Module, layout=lambda out: out) -> None:
        """Keep ``layout(output)`` of a module under ``name``."""
        def keep(_, __, out) -> None:
            self.values[name] = layout(out).detach()
        self.handles.append(module.register_forward_hook(keep))

    def __enter__(self) -> 'Recorder':
        return self

    def __exit__(self, *_) -> None:
        for handle in self.handles:
            handle.remove()

    def compare(self, case: dict) -> list[Comparison]:
        """Compare every recorded ``mid_`` array; an unwatched one is an error."""
        results = []
        for key in sorted(name for name in case if name.startswith('mid_')):
            values = self.values[key.removeprefix('mid_')].flatten()
            step = -(-values.numel() // 4096)
            results.append(scaled(key, values[::step], case[key]))
        return results


def length_first(tokens: Tensor) -> Tensor:
    """Turn (B, N, C) into the recorded (N, B, C)."""
    return tokens.transpose(0, 1)


def watch_shared(recorder: Recorder, model: nn.Module, batch: GroundingBatch) -> None:
    """Watch the parts that TransVG and SegVG have in common."""
    encoder, language = model.image_encoder, model.language_encoder
    recorder.watch('backbone_layer4', encoder.backbone, lambda out: out[-1])
    recorder.watch('bert_embeddings', language.embeddings)
    recorder.watch('visu_proj', model.fusion.image_proj, length_first)
    recorder.watch('text_proj', model.fusion.text_proj)
    for i, layer in enumerate(encoder.layers):
        recorder.watch(f'detr_layer{i}', layer, length_first)
    for i, layer in enumerate(language.layers):
        recorder.watch(f'bert_layer{i}', layer,
                       lambda out: out if isinstance(out, Tensor) else out[0])
    # The encoding itself is no module: take it where it enters the first layer.
    def keep_position(_, arguments) -> None:
        pos = arguments[2].expand(len(batch.images), -1, -1).transpose(1, 2)
        side = int(pos.shape[-1]**0.5)
        recorder.values['sine_pos'] = pos.unflatten(2, (side, -1))
    recorder.handles.append(
        encoder.layers[0].register_forward_pre_hook(keep_position))


def without_dropout(model: nn.Module) -> nn.Module:
    """Put a model into training mode with every dropout at 0, as recorded."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        elif isinstance(getattr(module, 'dropout', None), float):
            module.dropout = 0.0
    return model.train()


def keep_encoders(model: nn.Module) -> None:
    """Let backbone and language encoder answer once for both modes."""
    for part in (model.image_encoder.backbone, model.language_encoder):
        Kept(part)


def gradient_norms(case: dict, model: nn.Module,
                   published: dict[str, str]) -> list[Comparison]:
    """Compare the gradient norm of each published module."""
    squares: dict[str, float] = defaultdict(float)
    for name, parameter in model.named_parameters():
        if parameter.grad is None:
            continue
        parts = published[name].split('.')
        group = '.'.join(parts[:2]) if parts[0] == 'visumodel' else parts[0]
        square = sum_of_squares(parameter.grad)
        squares[group] += square
        squares['__total__'] += square
    return [relative(f'grad {name}', squares[name]**0.5, recorded, GRADIENT)
            for name, recorded in zip(case['meta']['grad_norm_names'],
                                      case['grad_norm_values'])]


def run_model(case: dict) -> list[Comparison]:
    """Compare a recorded TransVG: outputs, intermediates, losses, gradient norms."""
    model, published = build(case, 'transvg', 'transvg_r50.py')
    batch = batch_of(case)
    model.eval()
    keep_encoders(model)
    with torch.no_grad(), Recorder() as recorder:
        watch_shared(recorder, model, batch)
        for i, layer in enumerate(model.fusion.layers):
            recorder.watch(f'vl_layer{i}', layer, length_first)
        boxes = model(batch)[:, 0]
    results = [absolute('eval_pred_box', boxes, case['eval_pred_box'])]
    results += recorder.compare(case)
    boxes = without_dropout(model)(batch)[:, 0]
    targets = torch.from_numpy(case['target_cxcywh'])
    losses = model.head.loss_box(boxes, targets, 1.0, len(boxes))
    results.append(absolute('train_pred_box', boxes, case['train_pred_box']))
    results += [relative(name, losses[name], case[name], LOSS) for name in losses]
    total = sum(losses.values())
    results.append(relative('loss_total', total, case['loss_total'], LOSS))
    total.backward()
    return results + gradient_norms(case, model, published)
