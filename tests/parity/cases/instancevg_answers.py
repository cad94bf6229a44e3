"""Recorded losses, matches, answers, resized data and scores of InstanceVG."""
import tempfile
from functools import partial
from pathlib import Path
from typing import Optional

import numpy as np
import torch
from mmcv.transforms import Compose
from mmengine.config import Config
from mmengine.registry import init_default_scope
from PIL import Image
from torch import Tensor

from segvg.models.heads import InstanceHead
from segvg.models.losses import InstanceLoss, InstanceOutputs
from segvg.models.losses.instance_loss import enlarge
from segvg.models.task_utils import Matches, PointMatcher
from segvg.registry import METRICS
from segvg.structures import FusedFeatures, GroundingDataSample, Tokens
from segvg.structures.boxes import paired_iou
from segvg.structures.masks import encode_rle
from tests.parity.cases.instancevg_weights import bits_of, exact, part, same_pixels
from tests.parity.cases.transvg import CONFIGS
from tests.parity.comparison import LOSS, OUTPUT, Comparison, absolute, relative
from tests.parity.fill import image

MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
PIXELS = 1e-3  # of boxes
PERCENT = 1e-5  # published scores are computed in float32
SCORE_THRESHOLD = 0.7


# -- losses and matches ----------------------------------------------------------------


def compare_matches(case: dict, matches: Matches, counts: list[int],
                    prefix: str = '') -> list[Comparison]:
    """Compare the pairs of every layer and sample, recorded by layer and sample."""
    firsts = np.cumsum([0, *counts])
    found = []
    for layer in range(int(matches.sets.max()) + 1 if len(matches.sets) else 0):
        for b in range(len(counts)):
            own = (matches.sets == layer) & (matches.batch == b)
            name = f'{prefix}match_layer{layer}'
            found += [
                exact(f'{name}_query_{b}', matches.queries[own],
                      case[f'{name}_query_{b}']),
                exact(f'{name}_target_{b}', matches.targets[own] - firsts[b],
                      case[f'{name}_target_{b}'])]
    return found


def loss_terms(loss: InstanceLoss, outputs: InstanceOutputs, boxes: list[Tensor],
               masks: list[Tensor]) -> dict[str, Tensor]:
    """Return the terms by their published names."""
    matches = loss.match(outputs, boxes)
    terms = {}
    names = dict(loss_class='class', loss_bbox='bbox', loss_giou='giou')
    for name, values in loss.box_terms(outputs, boxes, matches).items():
        *earlier, last = values
        terms[f'det_loss_{names[name]}'] = loss.box_weights[name] * last
        for number, value in enumerate(earlier):
            terms[f'det_loss_{names[name]}_{number}'] = value
    detection = loss.detection_weight * torch.stack(list(terms.values())).sum()
    drawn = loss.mask_terms(outputs, masks, matches)
    existence = loss.existence_term(outputs, boxes)
    in_masks = torch.stack(list(drawn.values())).sum()
    terms.update(
        parts=drawn['loss_parts'],
        attention_unscaled=drawn['loss_attention'] / loss.attention_weight,
        existence_unscaled=existence / loss.existence_weight,
        det=detection, loss_det=detection, loss_mask=in_masks,
        loss_label_nt=existence)
    terms['global'] = drawn['loss_global']
    matched = InstanceLoss(unmatched_weight=0).mask_terms(outputs, masks, matches)
    terms['parts_matched'] = matched['loss_parts']
    terms['parts_unmatched_weighted'] = terms['parts'] - matched['loss_parts']
    terms['total'] = torch.stack(list(loss(outputs, boxes, masks).values())).sum()
    return terms


def compare_losses(terms: dict[str, Tensor], recorded: dict[str, float],
                   prefix: str = '') -> list[Comparison]:
    """Compare all recorded losses that we have by name; most have to be there."""
    known = [name for name in recorded if name in terms]
    assert len(known) >= len(recorded) - 2, set(recorded) - set(known)
    return [relative(f'{prefix}{name}', terms[name], recorded[name], LOSS)
            if recorded[name] else absolute(f'{prefix}{name}', terms[name], 0.0, LOSS)
            for name in known]


def run_losses(case: dict) -> list[Comparison]:
    """Compare matches, losses and their gradients."""
    init_default_scope('segvg')
    meta, counts = case['meta'], case['meta']['counts']
    size = meta['image_size']
    shape = (len(counts), meta['queries'], size, size)
    first, second = (int(text.split('(')[1].split(',')[0]) for text in (
        meta['inputs']['mask_logits'], meta['inputs']['global_logits']))
    leaves = {name: torch.from_numpy(values).requires_grad_() for name, values in dict(
        class_logits=case['in_class_logits'], boxes=case['in_boxes'],
        mask_logits=3 * image(first, shape),
        global_logits=3 * image(second, (len(counts), 1, size, size)),
        existence_logits=case['in_existence_logits'],
        attention_map=case['in_attention_map']).items()}
    outputs = InstanceOutputs(
        leaves['class_logits'], leaves['boxes'], leaves['mask_logits'],
        leaves['global_logits'][:, 0], leaves['existence_logits'],
        leaves['attention_map'], torch.from_numpy(case['in_points']))
    boxes = [torch.from_numpy(case[f'in_target_boxes_{b}']) for b in range(len(counts))]
    masks = [torch.from_numpy(bits_of(case, f'in_part_bits_{b}', (count, size, size)))
             for b, count in enumerate(counts)]
    loss = InstanceLoss(unmatched_weight=meta['neg'])
    terms = loss_terms(loss, outputs, boxes, masks)
    terms['total'].backward()
    return [*compare_matches(case, loss.match(outputs, boxes), counts),
            *compare_losses(terms, meta['losses']),
            *[absolute(f'grad_{name}', part(case, f'grad_{name}', leaf.grad),
                       case[f'grad_{name}'], 1e-7) for name, leaf in leaves.items()]]


def run_matcher(case: dict) -> list[Comparison]:
    """Compare cost matrices and assignments."""
    found, counts = [], case['meta']['counts']
    for trial in range(case['meta']['trials']):
        logits, boxes, points = (
            torch.from_numpy(case[f'{name}_{trial}'])
            for name in ('logits', 'boxes', 'points'))
        targets = [torch.from_numpy(case[f'targets_{trial}_{b}'])
                   for b in range(len(counts))]
        matcher = PointMatcher()
        cost = matcher.cost(logits[None], boxes[None], points, targets)[0]
        matches = matcher(logits[None], boxes[None], points, targets)
        firsts = np.cumsum([0, *counts])
        for b, count in enumerate(counts):
            own = matches.batch == b
            found += [
                absolute(f'cost_{trial}_{b}', cost[b, :, :count],
                         case[f'cost_{trial}_{b}'], 1e-5),
                exact(f'query_{trial}_{b}', matches.queries[own],
                      case[f'query_{trial}_{b}']),
                exact(f'target_{trial}_{b}', matches.targets[own] - firsts[b],
                      case[f'target_{trial}_{b}'])]
    return found


# -- answers ---------------------------------------------------------------------------


def samples_of(size: int, originals: list[list[int]]) -> list[GroundingDataSample]:
    """Return samples of images that were resized to a square."""
    return [GroundingDataSample(metainfo=dict(
        ori_shape=tuple(shape), img_shape=(size, size), canvas_shape=(size, size),
        scale_factor=(size / shape[1], size / shape[0]), pad_offset=(0, 0),
        paste_offset=(0, 0), img_path='recorded', text='')) for shape in originals]


def predict(head: InstanceHead, outputs: InstanceOutputs, size: int,
            originals: list[list[int]]) -> list[GroundingDataSample]:
    """Return what a head makes of given outputs."""
    head.forward = lambda fused: outputs
    fused = FusedFeatures(Tokens(torch.zeros(1)), slice(0, None), (size, size))
    return head.predict(fused, samples_of(size, originals))


def kept_masks(sample: GroundingDataSample, name: str = 'canvas_masks') -> Tensor:
    """Return the union of the masks of instances with a high score."""
    prediction = sample.pred_instances
    kept = prediction.scores.double() > SCORE_THRESHOLD
    return prediction[name][kept].any(0)


def run_postprocess(case: dict) -> list[Comparison]:
    """Compare scores, boxes and masks; where a box is dropped there, not the masks.

    Published scores no longer belong to their masks there; ours do.
    """
    init_default_scope('segvg')
    meta = case['meta']
    count, size, originals = meta['queries'], meta['image_size'], meta[
        'original_sizes_hw']
    first, second = (int(text.split('image(')[1].split(',')[0]) for text in (
        meta['inputs']['mask_logits'], meta['inputs']['global_logits']))
    batch = len(originals)
    boxes = torch.from_numpy(case['boxes_cxcywh'])
    outputs = InstanceOutputs(
        torch.from_numpy(case['class_logits'])[None], boxes[None],
        torch.from_numpy(3 * image(first, (batch, count, 8, 8))),
        torch.from_numpy(3 * image(second, (batch, 1, 8, 8)) - np.float32(1.5))[:, 0],
        torch.from_numpy(case['existence_logits']), torch.zeros(batch, 1, 1),
        torch.zeros(batch, count, 2))
    make = partial(InstanceHead, dict(type='InstanceLoss'), 32, count, num_layers=1,
                   hidden=8, nearest_masks=True)
    plain = predict(make(weigh_by_existence=False), outputs, size, originals)
    square = predict(make(), outputs, size, [[size, size]] * batch)
    found = []
    for b, sample in enumerate(predict(make(), outputs, size, originals)):
        found += compare_answer(case, b, sample, square[b], plain[b])
    return found


def compare_answer(case: dict, b: int, sample: GroundingDataSample,
                   square: GroundingDataSample,
                   plain: GroundingDataSample) -> list[Comparison]:
    """Compare one sample: in its image, in the network's, and with plain scores."""
    on_canvas = square.pred_instances.bboxes
    real = (on_canvas[:, 2:] > on_canvas[:, :2]).all(1)  # others are dropped there
    found = [
        absolute(f'net_boxes_{b}', on_canvas[real], case[f'net_boxes_{b}'], PIXELS),
        absolute(f'net_scores_{b}', square.pred_instances.scores[real],
                 case[f'net_scores_{b}'], OUTPUT),
        absolute(f'orig_boxes_{b}', sample.pred_instances.bboxes[real],
                 case[f'orig_boxes_{b}'], PIXELS),
        absolute(f'orig_scores_{b}', sample.pred_instances.scores[real],
                 case[f'orig_scores_{b}'], OUTPUT),
        absolute(f'unweighted_scores_{b}', plain.pred_instances.scores[real],
                 case[f'unweighted_scores_{b}'], OUTPUT)]
    shape = square.canvas_global_mask.shape
    masks = dict(net_global=square.canvas_global_mask)
    if real.all():
        masks.update(
            net_instance=kept_masks(square),
            net_merge=kept_masks(square) | square.canvas_global_mask,
            unweighted=kept_masks(plain) | plain.canvas_global_mask,
            orig=kept_masks(sample, 'masks') | sample.global_mask)
    for name, mask in masks.items():
        recorded = bits_of(case, f'{name}_mask_bits_{b}',
                           tuple(mask.shape) if name == 'orig' else tuple(shape))
        found.append(same_pixels(f'{name}_mask_{b}', mask, recorded))
    return found


def near_threshold(logits: Tensor, size: Optional[int] = None) -> Tensor:
    """Return which pixels (H, W) of masks (M, h, w) are nearly undecided."""
    if size is not None:
        logits = enlarge(logits[None], (size, size))[0]
    return (logits.abs() < 1e-3).any(0)


# -- data ------------------------------------------------------------------------------


def run_transforms(case: dict) -> list[Comparison]:
    """Compare boxes, images and masks after the steps of the config."""
    init_default_scope('segvg')
    cfg = Config.fromfile(CONFIGS / 'instancevg_base.py')
    size = case['meta']['target']
    steps = [step for step in cfg.train_pipeline if step['type'] in (
        'LoadImageFromFile', 'LoadGroundingAnnotations', 'ResizeExact')]
    steps[-1].size = size
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number, shape in enumerate(case['meta']['sizes_hw']):
            path = Path(folder) / f'{number}.png'
            Image.fromarray(case[f'image_{number}'][..., ::-1]).save(path)
            results = Compose(steps)(record_of(case, number, path, shape))
            found += compare_resized(case, number, results, size)
    return found


def record_of(case: dict, number: int, path: Path, shape: list[int]) -> dict:
    """Return a recorded sample as the data set class gives it."""
    boxes = case[f'raw_boxes_xywh_{number}']
    masks = bits_of(case, f'masks_{number}', (len(boxes), *shape))
    instances = [dict(bbox=[x, y, x + w, y + h], mask=dict(rle=encode_rle(mask)))
                 for (x, y, w, h), mask in zip(boxes.tolist(), masks, strict=True)]
    return dict(img_path=str(path), height=shape[0], width=shape[1],
                instances=instances, expressions=[dict(
                    text='', targets=list(range(len(instances))))])


def compare_resized(case: dict, number: int, results: dict,
                    size: int) -> list[Comparison]:
    """Compare one sample."""
    pixels, recorded = results['img'][..., ::-1], case[f'resized_{number}']
    masks = results['gt_masks'].astype(bool)
    normalised = (results['img'].astype(np.float64) - MEAN) / STD
    differs = np.abs(pixels.astype(int) - recorded)
    return [
        Comparison(f'resized_{number} grey levels', float(differs.max()), 1.0),
        Comparison(f'resized_{number} share', float((differs > 0).mean()), 0.01),
        absolute(f'normalised_{number}', normalised, case[f'normalised_{number}'],
                 1e-5 + (differs.max() > 0) / min(STD)),
        absolute(f'scale_{number}', [*results['scale_factor']] * 2,
                 case[f'scale_factor_{number}'], 1e-6),
        absolute(f'boxes_{number}', results['gt_bboxes'], case[f'boxes_{number}'],
                 1e-4),
        same_pixels(f'parts_{number}', masks, bits_of(
            case, f'parts_{number}', (len(masks), size, size))),
        same_pixels(f'union_{number}', masks.any(0), bits_of(
            case, f'union_{number}', (size, size)))]


# -- scores ----------------------------------------------------------------------------


def scored_samples(case: dict) -> list[dict]:
    """Return the recorded predictions as metrics read them, all at the network's size.

    The answer masks are recorded whole: they are the mask of all targets together.
    """
    size, samples = case['meta']['image_size'], []
    for i in range(case['meta']['samples']):
        bboxes = torch.from_numpy(case[f'pred_boxes_{i}'])
        target = bits_of(case, f'gt_mask_bits_{i}', (size, size))
        targets = torch.from_numpy(case[f'gt_boxes_{i}'])
        scores = torch.from_numpy(case[f'pred_scores_{i}'])
        # The union of all parts is recorded, not the parts.
        records = [dict(rle=encode_rle(target))] * len(targets)
        samples.append(dict(
            expr_idx=i, ori_shape=(size, size), img_shape=(size, size),
            no_target=bool(case['empty'][i]), no_target_score=1 - scores.max(),
            image_instances=dict(bboxes=targets, segmentations=records),
            pred_instances=dict(bboxes=bboxes, scores=scores, canvas_masks=torch.zeros(
                len(scores), size, size, dtype=torch.bool)),
            canvas_global_mask=torch.from_numpy(
                bits_of(case, f'pred_mask_bits_{i}', (size, size)))))
    return samples


def scores_of(samples: list[dict], kind: str, **arguments) -> dict[str, float]:
    """Return the scores of a metric; without what follows their plain names."""
    metric = METRICS.build(dict(type=f'segvg.{kind}', **arguments))
    scores = metric.compute_metrics([metric.score(sample) for sample in samples])
    return {name.partition(' (official')[0]: score for name, score in scores.items()}


def run_metrics(case: dict) -> list[Comparison]:
    """Compare the scores of all five tasks."""
    samples, recorded = scored_samples(case), case['meta']['results']
    found = compare_generalized(samples, recorded)
    picked = [samples[i] for i in recorded['RES_REC']['samples']]
    ours = scores_of(picked, 'NetworkAnswerMaskIoU')
    theirs = recorded['RES_REC']
    ious = torch.tensor([paired_iou(
        sample['pred_instances']['bboxes'][sample['pred_instances']['scores'].argmax()],
        sample['image_instances']['bboxes'][0]) for sample in picked])
    found += [
        *[score(f'RES {name}', ours[name], theirs[name]) for name in ('mIoU', 'oIoU')],
        score('RES Pr', precisions(ours), theirs['mask_acc_05_09']),
        score('REC acc', [100 * float((ious >= t / 10).float().mean())
                          for t in range(5, 10)], theirs['det_acc_05_09'])]
    theirs = recorded['RRefCOCO']
    grouped = [
        dict(samples[i], expr_idx=place, ref_id=group)
        for group, (start, stop) in enumerate(theirs['groups'])
        for place, i in enumerate(theirs['order'][start:stop], start)]
    ours = scores_of(grouped, 'NetworkRobustAnswerIoU')
    return found + [score(f'R-RefCOCO {name}', ours[name], theirs[name])
                    for name in ('mIoU', 'oIoU', 'mRR', 'rIoU')]


def compare_generalized(samples: list[dict], recorded: dict) -> list[Comparison]:
    """Compare GRES, GREC and Ref-ZOM."""
    ours, theirs = scores_of(samples, 'NetworkGeneralizedAnswerIoU'), recorded['GRES']
    found = [score(f'GRES {name}', ours[name.replace('_', '-')], theirs[name])
             for name in ('gIoU', 'cIoU', 'T_acc', 'N_acc')]
    found.append(score('GRES Pr', [ours[f'Pr@{t}'] for t in (0.7, 0.8, 0.9)],
                       theirs['Pr070809']))
    theirs = recorded['RefZOM']
    found.append(score('Ref-ZOM Acc', ours['N-acc'], theirs['Acc']))
    ours = scores_of(samples, 'NetworkAnswerMaskIoU')
    found += [score(f'Ref-ZOM {name}', ours[name], theirs[name])
              for name in ('mIoU', 'oIoU')]
    found.append(score('Ref-ZOM Pr', precisions(ours), theirs['Pr05_09']))
    ours, theirs = scores_of(samples, 'GeneralizedBoxF1', official=True), recorded[
        'GREC']
    return found + [score(f'GREC {name}', ours[key], theirs[name]) for name, key in (
        ('F1', 'Pr@(F1=1)'), ('N_acc', 'N-acc'), ('T_acc', 'T-acc'))]


def precisions(scores: dict[str, float]) -> list[float]:
    """Return ``Pr@0.5`` to ``Pr@0.9``."""
    return [scores[f'Pr@{t / 10}'] for t in range(5, 10)]


def score(name: str, ours, recorded) -> Comparison:
    """Compare scores in percent."""
    return absolute(name, ours, recorded, PERCENT)


UNITS = dict(
    unit_losses=run_losses, unit_matcher=run_matcher, unit_postprocess=run_postprocess,
    unit_transforms=run_transforms, unit_metrics=run_metrics)
