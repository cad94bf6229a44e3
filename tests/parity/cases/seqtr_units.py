"""Recorded pieces of SeqTR: text, contours, jitter, sequences, metrics, schedule."""
import random
import re
from typing import Any, Mapping

import numpy as np
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS
from mmengine.structures import InstanceData
from torch import nn

from segvg.datasets.tokenizers import WordTokenizer
from segvg.datasets.transforms import (
    ClipBoxes,
    FitCanvas,
    LargeScaleJitter,
    LoadGroundingAnnotations,
    ResizeToFit,
    SampleContour,
)
from segvg.datasets.transforms.contour import (
    largest_contour,
    mass_center,
    sample_contour,
)
from segvg.datasets.vocabulary import build_vocabulary, clean
from segvg.evaluation import BoxAccuracy
from segvg.evaluation.seqtr_mask_iou import crowd_iou, is_crowd
from segvg.models.averaged_model import RampedAverage
from segvg.models.backbones import DarkNet53
from segvg.models.data_preprocessor import GroundingDataPreprocessor
from segvg.models.heads import SequenceHead
from segvg.structures import ExpressionGroup, GroundingDataSample
from segvg.structures.boxes import paired_iou
from segvg.structures.masks import decode_polygons
from segvg.utils.darknet_weights import NORM_TENSORS, tensors_in_file_order
from tests.parity.comparison import LOSS, Comparison, absolute, relative

Case = Mapping[str, Any]


def unpack(bits: np.ndarray, shape) -> np.ndarray:
    """Return the mask of packed bits."""
    height, width = (int(side) for side in shape)
    return np.unpackbits(bits)[:height * width].reshape(height, width)


def same(name: str, ours, recorded) -> Comparison:
    """Compare a decision, which has to be equal."""
    assert np.array_equal(ours, recorded), f'{name}: {ours!r} != {recorded!r}'
    return Comparison(name, 0.0, 0.0)


# -- text ------------------------------------------------------------------------------


def run_text(case: Case) -> list[Comparison]:
    """Compare cleaned expressions and their ids, padded to the maximum."""
    meta = case['meta']
    tokenizer = WordTokenizer(meta['vocabulary'])
    results = []
    for number, text in enumerate(meta['expressions']):
        ids = tokenizer(text, meta['max_token'])
        padded = np.pad(ids, (0, meta['max_token'] - len(ids)))
        results += [same(f'clean {number}', clean(text).strip(),
                         meta['cleaned'][number].strip()),
                    absolute(f'ids {number}', padded, case['out/ids'][number], 0.0)]
    return results


def run_vocabulary(case: Case) -> list[Comparison]:
    """Compare the vocabulary of annotations."""
    texts = [text for entries in case['meta']['annotations'].values()
             for entry in entries for text in entry['expressions']]
    ids = build_vocabulary(texts)
    return [same('ids', ids, case['meta']['token_to_ix']),
            absolute('size', len(ids), case['out/size'], 0.0)]


# -- masks and geometry ----------------------------------------------------------------


def run_mask_to_vertices(case: Case) -> list[Comparison]:
    """Compare contour points and centres of masks."""
    results = []
    for key in case:
        match = re.fullmatch(r'out/m(\d+)_n(\d+)_c([01])_vertices', key)
        if not match:
            continue
        number, count, by_angle = map(int, match.groups())
        mask = unpack(case[f'in/mask{number}'], case[f'in/shape{number}'])
        vertices = sample_contour(mask, count, bool(by_angle))
        center = mass_center(largest_contour(mask))
        results += [
            absolute(key, vertices.T, case[key], 1e-4),
            absolute(key.replace('vertices', 'center'),
                     np.array([-1, -1]) if center is None else center,
                     case[key.replace('vertices', 'center')], 1e-9)]
    return results


def results_of(image: np.ndarray, bbox) -> dict:
    """Return the pipeline's dict of a BGR image with one box (4,)."""
    bboxes = np.array([bbox], dtype=np.float32)
    return dict(img=np.ascontiguousarray(image[..., ::-1]), img_shape=image.shape[:2],
                ori_shape=image.shape[:2], scale_factor=(1.0, 1.0),
                pad_offset=(0.0, 0.0), gt_bboxes=bboxes)


def preprocessed(results: dict) -> np.ndarray:
    """Return the image (H, W, 3) as the model sees it, on its canvas."""
    sample = GroundingDataSample(metainfo={
        key: results[key] for key in ('canvas_shape', 'paste_offset')})
    sample.token_ids = torch.zeros(1, dtype=torch.int64)
    sample.text_padding_mask = torch.zeros(1, dtype=torch.bool)
    pixels = torch.from_numpy(results['img'].transpose(2, 0, 1).copy())
    batch = GroundingDataPreprocessor((0, 0, 0), (1 / 255, ) * 3)(
        dict(inputs=[pixels], data_samples=[ExpressionGroup([sample])]))['inputs']
    return batch.images[0].permute(1, 2, 0).numpy()


def run_load_resize_pad(case: Case) -> list[Comparison]:
    """Compare the test pipeline: loaded, resized, padded, sampled."""
    x, y, width, height = case['in/box_xywh']
    results = results_of(case['in/img'], [x, y, x + width, y + height])
    record = dict(poly=case['meta']['polygons'])
    results.update(instances=[dict(bbox=results['gt_bboxes'][0], mask=record)],
                   expressions=[dict(text='', targets=[0])])
    results = ClipBoxes()(LoadGroundingAnnotations(with_mask=True)(results))
    shape = results['img_shape']
    compared = [
        absolute('loaded_box', results['gt_bboxes'][0], case['out/loaded_box'], 1e-4),
        absolute('loaded_mask', results['gt_masks'][0],
                 unpack(case['out/loaded_mask'], shape), 0.0),
        same('is_crowd', int(is_crowd(record)), int(case['out/is_crowd']))]
    size = max(int(side) for side in case['out/img_shape'][:2])
    results = SampleContour(18)(FitCanvas(32)(ResizeToFit(size)(results)))
    return compared + [
        same('img_shape', results['img_shape'], tuple(case['out/img_shape'][:2])),
        same('pad_shape', results['canvas_shape'], tuple(case['out/pad_shape'][:2])),
        absolute('scale_factor', results['scale_factor'] * 2, case['out/scale_factor'],
                 1e-6),
        absolute('box', results['gt_bboxes'][0], case['out/box'], 1e-4),
        absolute('mask', results['gt_masks'][0],
                 unpack(case['out/mask'], case['out/pad_shape'][:2]), 0.0),
        absolute('image', preprocessed(results)[::4, ::4], case['out/img_sub4'], 1e-4),
        absolute('vertices', results['target_contours'][0].T, case['out/vertices18'],
                 0.0)]


def run_large_scale_jitter(case: Case) -> list[Comparison]:
    """Compare the jitter for the recorded seeds of Python's generator."""
    results = []
    for seed in case['meta']['seeds']:
        data = results_of(case['in/img'], case['in/box'])
        if case['meta']['with_mask']:
            data['gt_masks'] = unpack(case['in/mask'], case['meta']['shape'])[None]
        jitter = LargeScaleJitter(
            160, keep='box' if case['meta']['with_bbox'] else 'mask')
        jitter.draw = random.Random(seed).random
        data = FitCanvas(32)(jitter(data))
        prefix = f'out/s{seed}_'
        image = preprocessed(data)
        results += [
            same(f'{seed} img_shape', data['img_shape'],
                 tuple(case[f'{prefix}img_shape'][:2])),
            same(f'{seed} pad_shape', data['canvas_shape'],
                 tuple(case[f'{prefix}pad_shape'][:2])),
            absolute(f'{seed} image', image[::8, ::8], case[f'{prefix}img_sub8'], 1e-4),
            absolute(f'{seed} mean', image.mean((0, 1), dtype=np.float64),
                     case[f'{prefix}img_mean_rgb'], 1e-3)]
        if f'{prefix}bbox' in case:
            results.append(absolute(f'{seed} box', data['gt_bboxes'][0],
                                    case[f'{prefix}bbox'], 1e-4))
        if f'{prefix}mask' in case:
            mask = unpack(case[f'{prefix}mask'], case[f'{prefix}mask_shape'])
            results.append(absolute(f'{seed} mask', data['gt_masks'][0], mask, 0.0))
    return results


# -- sequences -------------------------------------------------------------------------

BOX, CONTOUR = dict(type='BoxPart'), dict(type='ContourPart')


def make_head(*parts: dict, **changes) -> SequenceHead:
    """Return a head that is small but for its vocabulary."""
    return SequenceHead([dict(part) for part in parts], dict(type='SequenceLoss'), 8, 1,
                        heads=1, hidden=8, **changes)


def samples_of(shapes: np.ndarray, **targets: torch.Tensor
               ) -> list[GroundingDataSample]:
    """Return samples on canvases of (H, W) with fields of ``gt_instances``."""
    samples = []
    for b, shape in enumerate(shapes):
        shape = tuple(int(side) for side in shape)
        sample = GroundingDataSample(metainfo=dict(
            canvas_shape=shape, ori_shape=shape, scale_factor=(1, 1), pad_offset=(0, 0),
            img_path='recorded', text=''))
        sample.gt_instances = InstanceData(
            **{name: values[b:b + 1] for name, values in targets.items()})
        samples.append(sample)
    return samples


def replayed_logits(case: Case) -> list[np.ndarray]:
    """Return the logits for mask, box and both, drawn after the inputs."""
    generator = np.random.RandomState(21)
    shapes, vertices = case['in/pad_shape'], case['in/vertices']
    for _ in shapes:
        generator.randint(4, 21), generator.randint(4, 21)
    for _ in shapes:
        generator.rand(2), generator.rand(2)
    for _ in shapes:
        generator.rand(vertices.shape[2]), generator.rand(vertices.shape[2])
    lengths = [case[f'out/targets_{name}'].shape[1]
               for name in ('mask', 'box', 'multitask')]
    return [generator.standard_normal((len(shapes), length, 1001)).astype(np.float32)
            * 2 for length in lengths]


def run_sequences_and_loss(case: Case) -> list[Comparison]:
    """Compare target tokens, their boxes and the three losses."""
    contours = torch.from_numpy(case['in/vertices']).transpose(1, 2)
    bboxes = torch.from_numpy(case['in/gt_bbox'])
    samples = samples_of(case['in/pad_shape'], bboxes=bboxes, contours=contours)
    contour = dict(CONTOUR, num_points=contours.shape[1])
    mask_logits, box_logits, both_logits = map(torch.from_numpy, replayed_logits(case))
    results = []
    for name, loss, logits, head in (
            ('mask', 'mask', mask_logits, make_head(contour)),
            ('box', 'box', box_logits, make_head(BOX)),
            ('mask_absolute', None, None, make_head(contour, frame_size=640)),
            ('mask_shuffled_0.5', None, None,
             make_head(dict(contour, shuffle_fraction=0.5))),
            ('multitask', 'multitask', both_logits,
             make_head(BOX, dict(contour, end_weight=1.0), learned_start=True))):
        random.seed(21)
        torch.manual_seed(21)
        tokens = head.targets(samples)
        ended = torch.cat([nn.functional.pad(part, (0, 1), value=head.end)
                           for part in tokens], dim=1)
        results.append(absolute(f'targets {name}', ended, case[f'out/targets_{name}'],
                                0.0))
        if loss:
            ours = head.loss_by_tokens(logits, tokens)['loss_sequence']
            results.append(relative(f'loss {loss}', ours, case[f'out/loss_{loss}'],
                                    LOSS))
        if name == 'box':
            values = head.dequantise(tokens[0], head.frames(samples))
            results.append(absolute('box', values, case['out/box_dequantised'], 1e-4))
    return results


def run_decode_tokens(case: Case) -> list[Comparison]:
    """Compare the masks and boxes that token sequences spell."""
    tokens = torch.from_numpy(case['in/tokens'])
    contour = dict(CONTOUR, num_points=tokens.shape[1] // 2)
    shapes = case['in/pad_shape']
    samples = samples_of(shapes)
    make_head(contour).write([tokens], samples)
    results = []
    for b, sample in enumerate(samples):
        recorded = unpack(case[f'out/mask{b}'], shapes[b])
        polygon = sample.pred_instances.canvas_polygons[0].ravel().tolist()
        results += [
            absolute(f'mask {b}', sample.pred_instances.masks[0], recorded, 0.0),
            absolute(f'polygon {b}', decode_polygons([polygon], *recorded.shape),
                     recorded, 0.0),
            same(f'area {b}', int(sample.pred_instances.masks.sum()),
                 int(case[f'out/area{b}']))]
    for name in ('boxes', 'boxes_rescaled'):
        for sample, scale in zip(samples, case['in/scale_factor']):
            scale = scale[:2].tolist() if name == 'boxes_rescaled' else (1, 1)
            sample.set_metainfo(dict(scale_factor=scale, ori_shape=(9999, 9999)))
        make_head(BOX).write([torch.from_numpy(case['in/box_tokens'])], samples)
        ours = torch.cat([sample.pred_instances.bboxes for sample in samples])
        results.append(absolute(name, ours, case[f'out/{name}'], 1e-4))
    return results


# -- scores, schedule, weights ---------------------------------------------------------


def run_metrics(case: Case) -> list[Comparison]:
    """Compare accuracy and IoUs of boxes and of masks, by both rules."""
    predicted, targets = (torch.from_numpy(case[f'in/{name}_bbox'])
                          for name in ('pred', 'gt'))
    metric = BoxAccuracy()
    metric.process({}, [
        dict(expr_idx=b, image_instances=dict(bboxes=target[None]),
             pred_instances=dict(bboxes=bbox[None], scores=torch.ones(1)))
        for b, (bbox, target) in enumerate(zip(predicted, targets))])
    shape = case['in/masks_shape']
    masks, truths = (
        np.unpackbits(case[f'in/{name}_masks'])[:shape.prod()].reshape(shape)
        .astype(bool) for name in ('pred', 'gt'))
    crowds = case['in/is_crowd'].astype(bool)
    official = np.array([100 * crowd_iou(*items) for items in
                         zip(masks, truths, crowds)])
    plain = [100 * crowd_iou(*items, False) for items in zip(masks, truths)]
    thresholds = np.arange(5, 10) / 10
    shares = [100 * (official / 100 >= threshold).mean() for threshold in thresholds]
    return [
        absolute('det_acc', metric.evaluate(len(targets))['rec/acc@0.5'],
                 case['out/det_acc'], 1e-4),
        absolute('box_iou', paired_iou(predicted, targets), case['out/box_iou'], 1e-6),
        absolute('official', official, case['out/mask_iou_official_crowd'], 1e-6),
        absolute('plain', plain, case['out/mask_iou_plain'], 1e-6),
        absolute('mask_acc', shares, case['out/mask_acc_50_90'], 1e-4)]


def schedulers_of(setting: dict) -> list[dict]:
    """Return configs of schedulers for the published numbers, as our configs do it."""
    warm, epochs = setting['warmup_epochs'], setting['max_epoch']
    schedulers = []
    if warm:
        schedulers.append(dict(type='LinearLR', start_factor=1 / (warm + 1),
                               begin=0, end=warm + 1))
    if setting.get('decay_steps'):
        schedulers.append(dict(
            type='MultiStepLR', gamma=setting['decay_ratio'],
            milestones=[step - 1 for step in setting['decay_steps']]))
    else:
        schedulers.append(dict(type='LinearLR', start_factor=1.0, end_factor=0.0,
                               begin=warm, end=epochs + 1))
    return schedulers


def factors(schedulers: list[dict], epochs: int) -> list[float]:
    """Return the factor of the learning rate in every epoch."""
    wrapper = build_optim_wrapper(
        nn.Linear(1, 1), dict(optimizer=dict(type='SGD', lr=1.0)))
    built = [PARAM_SCHEDULERS.build(dict(config, optimizer=wrapper))
             for config in schedulers]
    values = []
    for _ in range(epochs):
        values.append(wrapper.param_groups[0]['lr'])
        wrapper.step()
        for scheduler in built:
            scheduler.step()
    return values


def run_lr_factors(case: Case) -> list[Comparison]:
    """Compare the learning rate of every epoch with mmengine's schedulers."""
    return [absolute(name, factors(schedulers_of(setting), setting['max_epoch']),
                     case[f'out/{name}'], 1e-9)
            for name, setting in case['meta']['configs'].items()]


def run_ema(case: Case) -> list[Comparison]:
    """Compare the averaged weights and statistics; counters are copied here."""
    model = nn.BatchNorm1d(2)
    with torch.no_grad():
        model.weight.copy_(torch.tensor([1.0, 2.0]))
    average = RampedAverage(model)
    rows = []
    for count in range(len(case['out/shadow'])):
        with torch.no_grad():
            model.weight += 0.5
            model.running_mean += 1
            model.num_batches_tracked += 1
        average.update_parameters(model)
        shadow = average.module
        assert int(shadow.num_batches_tracked) == count + 1
        rows.append([*shadow.weight.tolist(), *shadow.running_mean.tolist()])
    return [absolute('shadow', rows, case['out/shadow'][:, :4], 1e-5)]


def run_darknet_weights_offsets(case: Case) -> list[Comparison]:
    """Compare where each tensor lies in a weight file."""
    with torch.device('meta'):
        model = DarkNet53()
    names = {id(tensor): name for name, tensor in
             [*model.named_parameters(), *model.named_buffers()]}
    place, ours = 0, {}
    for tensors in tensors_in_file_order(model):
        assert len(tensors) == len(NORM_TENSORS) + 1
        for tensor in tensors:
            name = names[id(tensor)].replace('layers.', 'darknet.', 1)
            ours[name.replace('repeats', 'module_list')] = place
            place += tensor.numel()
    return [same('offsets', ours, case['meta']['offsets']),
            absolute('total', place, case['out/total'], 0.0)]


#: Unit name -> runner; a file belongs to the longest name that begins its own.
UNITS = dict(
    unit_text=run_text,
    unit_vocabulary=run_vocabulary,
    unit_mask_to_vertices=run_mask_to_vertices,
    unit_load_resize_pad=run_load_resize_pad,
    unit_large_scale_jitter=run_large_scale_jitter,
    unit_sequences_and_loss=run_sequences_and_loss,
    unit_decode_tokens=run_decode_tokens,
    unit_metrics=run_metrics,
    unit_lr_factors_per_epoch=run_lr_factors,
    unit_ema=run_ema,
    unit_darknet_weights_offsets=run_darknet_weights_offsets)
