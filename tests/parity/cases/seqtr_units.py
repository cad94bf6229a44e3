"""Recorded pieces of SeqTR: sequences, scores, schedule, average, weight files."""
import re
from functools import partial

import numpy as np
import torch
from mmengine.optim import build_optim_wrapper
from mmengine.registry import PARAM_SCHEDULERS
from mmengine.structures import InstanceData
from torch import nn

from segvg.checkpoints.darknet import NORM_TENSORS, tensors_in_file_order
from segvg.evaluation import BoxAccuracy
from segvg.evaluation.masks import crowd_iou
from segvg.models.averaged_model import RampedAverage
from segvg.models.backbones import DarkNet53
from segvg.models.heads import SequenceHead
from segvg.structures import GroundingDataSample
from segvg.structures.boxes import paired_iou
from segvg.structures.masks import decode_polygons
from tests.parity.cases import seqtr_data
from tests.parity.cases.seqtr import shuffle_of
from tests.parity.cases.seqtr_data import Case, same, unpack
from tests.parity.comparison import LOSS, Comparison, absolute, relative

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
            canvas_shape=shape, img_shape=shape, ori_shape=shape, scale_factor=(1, 1),
            pad_offset=(0, 0), paste_offset=(0, 0), img_path='recorded', text=''))
        sample.gt_instances = InstanceData(
            **{name: values[b:b + 1] for name, values in targets.items()})
        samples.append(sample)
    return samples


def replayed_logits(case: Case) -> list[np.ndarray]:
    """Return the logits for mask, box and both, drawn after the inputs."""
    seed, = re.search(r'RandomState\((\d+)\)', case['meta']['rng']).groups()
    generator = np.random.RandomState(int(seed))
    shapes, vertices = case['in/pad_shape'], case['in/vertices']
    for _ in shapes:
        generator.randint(4, 21), generator.randint(4, 21)
    for _ in shapes:
        generator.rand(2), generator.rand(2)
    for _ in shapes:
        generator.rand(vertices.shape[2]), generator.rand(vertices.shape[2])
    lengths = [case[f'out/targets_{name}'].shape[1]
               for name in ('mask', 'box', 'multitask')]
    sizes = [(len(shapes), length, bins_of(case) + 1) for length in lengths]
    return [generator.standard_normal(size).astype(np.float32) * 2 for size in sizes]


def recorded_order(plain: np.ndarray, shuffled: np.ndarray) -> list[np.ndarray]:
    """Return the order of the points of each sample in a shuffled record.

    One order is shared by all samples that were shuffled; END comes last, unmoved.

    Raises:
        LookupError: no order of the points makes the record.
    """
    before, after = (tokens[:, :-1].reshape(len(tokens), -1, 2)
                     for tokens in (plain, shuffled))
    moved = [b for b in range(len(before)) if not np.array_equal(before[b], after[b])]
    order = np.arange(before.shape[1])
    if moved:
        # Points that are equal in one sample are told apart by the others.
        columns = [np.concatenate([each[b] for b in moved], axis=1)
                   for each in (before, after)]
        places = {}
        for place, point in enumerate(map(tuple, columns[0])):
            places.setdefault(point, []).append(place)
        try:
            order = np.array([places[tuple(point)].pop(0) for point in columns[1]])
        except (KeyError, IndexError):
            raise LookupError('the recorded tokens are not the points of the plain '
                              'ones in another order') from None
    return [order if b in moved else np.arange(before.shape[1])
            for b in range(len(before))]


def reordered(tokens: torch.Tensor, order: list[np.ndarray]) -> torch.Tensor:
    """Return tokens (B, 2 N) with the points of each sample in an order (N,)."""
    points = tokens.unflatten(1, (-1, 2))
    return torch.stack([sample[torch.from_numpy(places)]
                        for sample, places in zip(points, order)]).flatten(1)


def run_sequences_and_loss(case: Case) -> list[Comparison]:
    """Compare target tokens, their boxes and the three losses."""
    contours = torch.from_numpy(case['in/vertices']).transpose(1, 2)
    bboxes = torch.from_numpy(case['in/gt_bbox'])
    samples = samples_of(case['in/pad_shape'], bboxes=bboxes, contours=contours)
    contour = dict(CONTOUR, num_points=contours.shape[1])
    make = partial(make_head, num_bins=bins_of(case))
    mask_logits, box_logits, both_logits = map(torch.from_numpy, replayed_logits(case))
    results = []
    for name, loss, logits, head in (
            ('mask', 'mask', mask_logits, make(contour)),
            ('box', 'box', box_logits, make(BOX)),
            ('mask_absolute', None, None, make(contour, frame_size=640)),
            ('multitask', 'multitask', both_logits,
             make(BOX, dict(contour, end_weight=1.0), learned_start=True))):
        tokens = head.targets(samples)
        results.append(compare_targets(name, head, tokens, case))
        if loss:
            ours = head.loss_by_tokens(logits, tokens)['loss_sequence']
            results.append(relative(f'loss {loss}', ours, case[f'out/loss_{loss}'],
                                    LOSS))
        if name == 'box':
            values = head.dequantise(tokens[0], head.frames(samples))
            results.append(absolute('box', values, case['out/box_dequantised'], 1e-4))
    for key in (key for key in case if key.startswith('out/targets_mask_shuffled_')):
        name = key.removeprefix('out/targets_')
        head = make(dict(contour, shuffle_fraction=float(name.split('_')[-1])))
        shuffle = shuffle_of(case['meta'])
        if shuffle is not None and shuffle.seeds is not None:
            shuffle.replay()
            tokens = head.targets(samples)
        else:
            order = recorded_order(case['out/targets_mask'], case[key])
            tokens = [reordered(make(contour).targets(samples)[0], order)]
        results.append(compare_targets(name, head, tokens, case))
        if f'out/loss_{name}' in case:
            ours = head.loss_by_tokens(mask_logits, tokens)['loss_sequence']
            results.append(relative(f'loss {name}', ours, case[f'out/loss_{name}'],
                                    LOSS))
    return results


def compare_targets(name: str, head: SequenceHead, tokens: list[torch.Tensor],
                    case: Case) -> Comparison:
    """Compare target tokens of all parts, each with its END."""
    ended = torch.cat([nn.functional.pad(part, (0, 1), value=head.end)
                       for part in tokens], dim=1)
    return absolute(f'targets {name}', ended, case[f'out/targets_{name}'], 0.0)


def bins_of(case: Case) -> int:
    """Return the number of coordinate bins of a case."""
    return int(re.search(r'num_bin (\d+)', case['meta']['what']).group(1))


def run_decode_tokens(case: Case) -> list[Comparison]:
    """Compare the masks and boxes that token sequences spell."""
    tokens = torch.from_numpy(case['in/tokens'])
    contour = dict(CONTOUR, num_points=tokens.shape[1] // 2)
    shapes = case['in/pad_shape']
    samples = samples_of(shapes)
    bins = case['meta']['num_bin']
    make_head(contour, num_bins=bins).write_tokens([tokens], samples)
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
        make_head(BOX, num_bins=bins).write_tokens(
            [torch.from_numpy(case['in/box_tokens'])], samples)
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
    momentum, = re.search(r'alpha=([\d.]+)', case['meta']['what']).groups()
    average = RampedAverage(model, float(momentum))
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
    **seqtr_data.UNITS,
    unit_sequences_and_loss=run_sequences_and_loss,
    unit_decode_tokens=run_decode_tokens,
    unit_metrics=run_metrics,
    unit_lr_factors_per_epoch=run_lr_factors,
    unit_ema=run_ema,
    unit_darknet_weights_offsets=run_darknet_weights_offsets)
