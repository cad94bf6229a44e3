"""Runs recorded cases of SegVG: full-size models and units."""
import torch
from torch import Tensor, nn

from segvg.models.heads.segvg_head import SegVGHead, SegVGOutputs, mask_confidence
from tests.parity.cases.segvg_units import (
    run_unit_metric,
    run_unit_tokens,
    run_unit_transforms,
)
from tests.parity.cases.transvg import (
    Recorder,
    batch_of,
    build,
    gradient_norms,
    keep_encoders,
    length_first,
    watch_shared,
    without_dropout,
)
from tests.parity.comparison import LOSS, Comparison, absolute, relative, scaled

#: Our name of a loss -> the published one.
LOSSES = dict(loss_focal='loss_BCEloss', loss_dice='loss_DICEloss',
              loss_bbox='loss_bbox', loss_giou='loss_giou')


def region_masks(bboxes, size: int) -> Tensor:
    """Return the published 0/1 masks (B, size, size) of xyxy pixel boxes (B, 4)."""
    masks = torch.zeros(len(bboxes), size, size)
    for mask, (x1, y1, x2, y2) in zip(masks, bboxes):
        mask[int(y1):int(y2), int(x1):int(x2)] = 1
    return masks


def watch_segvg(recorder: Recorder, model: nn.Module) -> None:
    """Watch the parts that only SegVG has."""
    for i, layer in enumerate(model.alignment.layers):
        for place, name in enumerate(('object', 'text', 'visual')):
            recorder.watch(f'align{i}_{name}', layer,
                           lambda out, place=place: length_first(out[place].feats))
    recorder.watch('object_proj', model.query_proj, length_first)
    for i, layer in enumerate(model.fusion.layers):
        recorder.watch(f'vl_enc_layer{i}', layer, length_first)
    recorder.watch('vl_encoder_out', model.fusion,
                   lambda out: length_first(out.memory.feats))
    # (D, B, Q, C), recorded as (D, Q, B, C).
    recorder.watch('decoder_out', model.head.norm, lambda out: out.transpose(1, 2))


def compare_losses(case: dict, losses: dict[str, Tensor]) -> list[Comparison]:
    """Compare the four losses and their sum."""
    results = [relative(theirs, losses[ours], case[theirs], LOSS)
               for ours, theirs in LOSSES.items()]
    total = sum(losses.values())
    return [*results, relative('loss_total', total, case['loss_total'], LOSS)]


def run_model(case: dict) -> list[Comparison]:
    """Compare a recorded model: outputs, intermediates, losses, gradient norms."""
    model, published = build(case, 'segvg', 'segvg_r101.py')
    batch = batch_of(case)
    size = batch.images.shape[-1]
    model.eval()
    keep_encoders(model)
    with torch.no_grad(), Recorder() as recorder:
        watch_shared(recorder, model, batch)
        watch_segvg(recorder, model)
        outputs = model(batch)
    probs = outputs.mask_logits[-1, 0].sigmoid()
    results = [
        absolute('eval_pred_box', outputs.boxes, case['eval_pred_box']),
        absolute('eval_seg_prob', probs.flatten(1), case['eval_seg_prob']),
        absolute('eval_confidence_0p35', mask_confidence(probs, (size, size), 0.35),
                 case['eval_confidence_0p35']), *recorder.compare(case)
    ]
    outputs = without_dropout(model)(batch)
    losses = model.head.loss_by_targets(
        outputs, torch.from_numpy(case['target_cxcywh']),
        region_masks(case['boxes_xyxy_px'], size))
    results += [
        absolute('train_pred_box', outputs.boxes, case['train_pred_box']),
        scaled('train_pred_mask_logits', outputs.mask_logits.flatten(-2),
               case['train_pred_mask_logits']), *compare_losses(case, losses)
    ]
    sum(losses.values()).backward()
    return results + gradient_norms(case, model, published)


def run_unit_loss(case: dict) -> list[Comparison]:
    """Compare the losses, their terms for each map, and their gradients."""
    head = SegVGHead(
        dict(type='BoxLoss', l1_weight=5.0, giou_weight=2.0), 8, 1, heads=1, hidden=8,
        loss_mask=dict(type='FocalDiceLoss'))
    boxes = torch.from_numpy(case['pred_box']).requires_grad_()
    logits = torch.from_numpy(case['mask_logits']).requires_grad_()
    side = round(logits.shape[-1]**0.5)
    masks = region_masks(case['boxes_xyxy_px'], 640)
    results = [absolute('region_sum', masks.sum((1, 2)), case['region_sum'], 0.0)]
    terms = [head.loss_mask.terms(layer.unflatten(-1, (side, side)), masks)
             for layer in logits]
    focal, dice, coverage = (torch.stack(values) for values in zip(*terms))
    results += [relative('focal', focal, case['focal'], LOSS),
                relative('dice', dice, case['dice'], LOSS),
                relative('factor', head.focal_factor(coverage), case['factor'], LOSS)]
    losses = head.loss_by_targets(
        SegVGOutputs(boxes, logits.unflatten(-1, (side, side))),
        torch.from_numpy(case['target_cxcywh']), masks)
    results += compare_losses(case, losses)
    sum(losses.values()).backward()
    return results + [
        relative('grad_pred_box', boxes.grad, case['grad_pred_box'], LOSS),
        relative('grad_mask_logits', logits.grad, case['grad_mask_logits'], LOSS)
    ]


def _pairs(runner, tolerance: float):
    """Turn a unit that gives pairs (ours, recorded) into one that gives comparisons."""
    def run(case: dict) -> list[Comparison]:
        return [scaled(name, ours, recorded, tolerance)
                for name, (ours, recorded) in runner(case).items()]
    return run


#: Unit name -> runner; a file belongs to the longest name that begins its own.
UNITS = dict(
    unit_loss=run_unit_loss,
    unit_metric=_pairs(run_unit_metric, 1e-6),
    unit_tokens=_pairs(run_unit_tokens, 0.0),
    unit_transforms=_pairs(run_unit_transforms, 1e-6))
