"""Runs recorded units of RefTR."""
import numpy as np
import torch
from mmengine.optim.scheduler import StepLR
from mmengine.registry import init_default_scope
from torch import Tensor

from segvg.checkpoints.convert import convert_state_dict
from segvg.checkpoints.rules import RULES
from segvg.datasets.samplers import block_order
from segvg.datasets.transforms import ResizeLongEdge
from segvg.datasets.transforms.photometric import scale_value
from segvg.datasets.transforms.resize import shape_within
from segvg.engine.optim.warmup_schedule import warmup_factor
from segvg.evaluation import BoxAccuracy, NetworkMaskIoU
from segvg.models import GroundingDataPreprocessor
from segvg.models.backbones.detr_encoders import grid_padding
from segvg.models.heads import JointMaskBranch, PhraseHead
from segvg.models.layers import sine_position
from segvg.models.losses import EnergyLoss, MatchedMaskLoss
from segvg.models.necks import PhraseQueries, whole_text
from segvg.structures import FusedFeatures, Phrases, Tokens
from segvg.structures.boxes import cxcywh_to_xyxy
from segvg.structures.features import join_padding_masks
from segvg.structures.masks import encode_rle
from tests.parity.cases.reftr import span_tokens, targets_of
from tests.parity.cases.siri_evaluation import plain
from tests.parity.comparison import GRADIENT, LOSS, Comparison, absolute, relative
from tests.parity.fill import fill, images_of

EXACT = 0.0


def image_padding(sizes: np.ndarray) -> Tensor:
    """Return the padding mask (I, H, W) of images of sizes (I, 2) in a batch."""
    mask = torch.ones((len(sizes), *sizes.max(axis=0)), dtype=torch.bool)
    for row, (height, width) in zip(mask, sizes):
        row[:height, :width] = False
    return mask


def run_position_encoding(case: dict) -> list[Comparison]:
    """Compare the mask of the grid, and positions where there is no padding."""
    mask = grid_padding(image_padding(case['sizes']), case['feature_mask'].shape[1:])
    ours = sine_position(mask, case['out_pos'].shape[1], offset=-0.5)
    theirs = np.moveaxis(case['out_pos'], 1, 3).reshape(ours.shape)
    inside = ~mask.flatten(1)
    return [absolute('feature_mask', mask, case['feature_mask'], EXACT),
            absolute('out_pos', ours[inside], theirs[inside.numpy()])]


def run_phrase_masks(case: dict) -> list[Comparison]:
    """Compare the masks of query encoder and decoder on both paths."""
    text = torch.from_numpy(~case['sentence_mask'])
    phrases = Phrases(
        torch.zeros(case['phrase_mask'].shape, dtype=torch.int64),
        torch.from_numpy(~case['phrase_mask']),
        span_tokens(case['phrase_pos_l'], case['phrase_pos_r'], text.shape[1]))
    grid = grid_padding(image_padding(np.array([[64, 96], [96, 64]])), (3, 3))
    memory = join_padding_masks(Tokens(text, text), Tokens(text, grid.flatten(1)))
    single = whole_text(text)
    ours = dict(
        multi_context_mask=~phrases.tokens, multi_query_mask=phrases.empty,
        multi_memory_mask=memory, single_context_mask=single.excluded,
        single_query_mask=single.empty, single_memory_mask=memory)
    return [absolute(name, value, case[name], EXACT) for name, value in ours.items()]


def run_query_encoder(case: dict) -> list[Comparison]:
    """Compare queries and their positions for one and several queries a phrase."""
    words, vectors = map(torch.from_numpy, images_of(case['meta']['inputs']))
    words, vectors = 2 * words, vectors.relu()
    length = torch.from_numpy(case['sentence_len'])
    padding = torch.arange(words.shape[1]) >= length[:, None]
    single = whole_text(padding).excluded
    results = [absolute('mask_single', single, case['mask_single'], EXACT)]
    multi = torch.from_numpy(case['mask_query_context'])
    for key, shapes in case['meta']['state_dict'].items():
        module = query_module(shapes)
        runs = {key: (vectors, multi)}
        if f'out_content_{key}' in case and key == 'K1':
            runs['single'] = (vectors[:, :1], single)
        for name, (phrases, excluded) in runs.items():
            queries, positions = module.mix(words, phrases, excluded)
            results += [
                absolute(f'out_content_{name}', queries.transpose(0, 1),
                         case[f'out_content_{name}']),
                absolute(f'out_query_pos_{name}', positions.transpose(0, 1),
                         case[f'out_query_pos_{name}'])]
    return results


def query_module(shapes: dict) -> PhraseQueries:
    """Return the query encoder with the weights of the rule, without dropout."""
    count, width = shapes['query_encoder.query_embed.weight']
    module = PhraseQueries(channels=width // 2, queries_per_phrase=count).eval()
    module.load_state_dict(renamed(shapes, 'phrase_queries.'), strict=False)
    return module


def renamed(shapes: dict, prefix: str) -> dict[str, Tensor]:
    """Return weights by the rule under our names without a prefix."""
    weights = {name: torch.from_numpy(fill(name, tuple(shape)))
               for name, shape in shapes.items()}
    converted, report = convert_state_dict(weights, RULES['reftr'])
    report.raise_unplaced('reftr')
    return {name.removeprefix(prefix): value for name, value in converted.items()
            if name.startswith(prefix)}


def run_res_head(case: dict) -> list[Comparison]:
    """Compare attention, mask features, logits and the energy loss."""
    states, memory, *maps = map(torch.from_numpy, images_of(case['meta']['inputs']))
    states, memory = 6 * states.flatten(0, 2), 2 * memory
    grid = tuple(memory.shape[-2:])
    canvas = (32 * grid[0], 32 * grid[1])
    padding = torch.from_numpy(case['padding_mask']).flatten(1)
    fused = FusedFeatures(Tokens(memory.flatten(2).transpose(1, 2), padding, grid=grid,
                                 maps=tuple(maps)), slice(0, grid[0] * grid[1]), canvas)
    branch = JointMaskBranch()
    weights = renamed(case['meta']['state_dict'], 'head.')
    branch.load_state_dict({key.removeprefix('mask.'): value for key, value in
                            weights.items() if key.startswith('mask.')})
    index = torch.arange(len(states))
    features = branch.features(states, index, fused)
    energy = EnergyLoss()
    energy.load_state_dict({key.removeprefix('loss_energy.'): value for key, value in
                            weights.items() if key.startswith('loss_energy.')})
    return [
        absolute('out_attention', branch.attend(states, index, fused)[:, None],
                 case['out_attention'], 1e-6),
        absolute('out_mask_logits', branch(states, index, fused)[:, None],
                 case['out_mask_logits'], 1e-4),
        absolute('out_res_feature', features, case['out_res_feature'], 1e-4),
        relative('out_cem_loss', energy(states, features, len(states)),
                 case['out_cem_loss'], LOSS)]


def run_box_loss(case: dict) -> list[Comparison]:
    """Compare the losses of all layers, gradients and boxes brought back."""
    init_default_scope('segvg')
    head = PhraseHead(dict(type='BoxLoss', l1_weight=1.0, giou_weight=1.0), channels=8,
                      num_layers=1, heads=1, hidden=8)
    layers = sorted((key for key in case if key.startswith('pred_boxes_layer')),
                    key=lambda key: int(key.removeprefix('pred_boxes_layer')))
    boxes = torch.stack([torch.from_numpy(case[key]) for key in layers])
    boxes.requires_grad_()
    count, repeats = boxes.shape[1], boxes.shape[3]
    real = case['phrase_mask'][:, ::repeats]
    targets = targets_of([case[f'target_boxes_{i}'] for i in range(count)], real)
    results = []
    for number in range(len(layers)):
        suffix = '' if number == len(layers) - 1 else f'_{number}'
        part = head.box_losses(boxes[number:number + 1], targets)
        results += [relative(name + suffix, value, case[name + suffix], 1e-6)
                    for name, value in part.items()]
    sum(head.box_losses(boxes, targets).values()).backward()
    results.append(relative('grad_pred_boxes_last', boxes.grad[-1],
                            case['grad_pred_boxes_last'], GRADIENT))
    for i, shape in enumerate(case['orig_sizes_hw'].tolist()):
        chosen = boxes[-1, i, torch.from_numpy(real[i]), 0]
        pixels = plain(shape).boxes_to_image(chosen, 'image', clip=False)
        results += [
            absolute(f'norm_{i}', cxcywh_to_xyxy(chosen),
                     case[f'out_boxes_xyxy_norm_{i}']),
            relative(f'pixels_{i}', pixels, case[f'out_boxes_xyxy_pixels_{i}'], 1e-6)]
    return results


def stored_masks(case: dict, name: str) -> list[np.ndarray]:
    """Return masks that were stored as bits."""
    masks, number = [], 0
    while f'{name}_{number}' in case:
        shape = case[f'{name}_{number}_shape']
        bits = np.unpackbits(case[f'{name}_{number}'])[:np.prod(shape)]
        masks.append(bits.reshape(shape).astype(bool))
        number += 1
    return masks


def run_mask_loss(case: dict) -> list[Comparison]:
    """Compare mask losses, their gradient, and masks at both sizes."""
    logits = torch.from_numpy(case['pred_masks']).requires_grad_()
    targets = [case[f'target_mask_{i}'][0] for i in range(len(logits))]
    sizes = np.array([target.shape for target in targets])
    canvas = tuple(sizes.max(axis=0).tolist())
    padded = torch.zeros((len(targets), *canvas))
    for row, target in zip(padded, targets):
        row[:target.shape[0], :target.shape[1]] = torch.from_numpy(target)
    losses = MatchedMaskLoss()(logits[:, 0], padded, len(logits))
    sum(losses.values()).backward()
    results = [relative(name, value, case[name], 1e-5)
               for name, value in losses.items()]
    results.append(relative('grad_pred_masks', logits.grad, case['grad_pred_masks'],
                            GRADIENT))
    whole = stored_masks(case, 'out_mask_origin')
    for i, mask in enumerate(stored_masks(case, 'out_mask')):
        seen, = plain(sizes[i], canvas=canvas).masks_to_network([logits[i].detach()])
        ours = seen.sigmoid() > 0.5
        # The published way back to the original is by nearest neighbour.
        back = torch.nn.functional.interpolate(
            ours[None].float(), size=whole[i].shape[-2:], mode='nearest')
        results += [absolute(f'out_mask_{i}', ours[None], mask, EXACT),
                    absolute(f'out_mask_origin_{i}', back, whole[i], EXACT)]
    return results


def evaluated_sample(case: dict, batch: int, place: int, number: int) -> dict:
    """Return a sample with the stored prediction and target of a case."""
    height, width = case[f'size_{number}'].tolist()
    sizes = [case[f'target_mask_{number - place + i}'].shape[1:] for i in range(
        len(case[f'batch{batch}_pred_boxes']))]
    meta = dict(img_shape=(height, width), ori_shape=(height, width))
    geometry = plain((height, width), canvas=tuple(np.max(sizes, axis=0).tolist()))
    boxes = [geometry.boxes_to_image(
        torch.from_numpy(case[f'batch{batch}_{kind}_boxes'][place]).reshape(1, 4),
        'image', clip=False) for kind in ('pred', 'target')]
    logits = torch.from_numpy(case[f'batch{batch}_pred_masks'][place])
    seen, = geometry.masks_to_network([logits])
    masks = seen.sigmoid() > 0.5
    target = encode_rle(case[f'target_mask_{number}'][0])
    return dict(
        meta, expr_idx=number,
        pred_instances=dict(bboxes=boxes[0], scores=torch.ones(1), canvas_masks=masks),
        image_instances=dict(bboxes=boxes[1], segmentations=[dict(rle=target)]))


def run_eval_metrics(case: dict) -> list[Comparison]:
    """Compare accuracy, mean IoU of boxes and mean IoU of masks."""
    samples = []
    for batch in range(int(case['n_batches'])):
        for place in range(len(case[f'batch{batch}_pred_boxes'])):
            samples.append(evaluated_sample(case, batch, place, len(samples)))
    scores = {}
    for metric in (BoxAccuracy(), NetworkMaskIoU()):
        metric.process(None, samples)
        scores.update(metric.evaluate(len(samples)))
    pairs = dict(out_accuracy='rec/acc@0.5', out_box_miou='rec/mIoU',
                 out_mask_miou='res/mIoU (official RefTR)')
    return [absolute(name, scores[ours] / 100, case[name], 1e-6)
            for name, ours in pairs.items()]


def run_schedules(case: dict) -> list[Comparison]:
    """Compare the factors of the rate at every step."""
    meta = case['meta']
    length = meta['steps_per_epoch']
    total, warmup = meta['epochs'] * length, meta['warm_up_epoch'] * length
    milestones = [epoch * length for epoch in meta['lr_drop_epochs']]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = StepLR(optimizer, step_size=meta['lr_drop'] * length, gamma=0.1,
                       by_epoch=False)
    steps = []
    for _ in case['step']:
        steps.append(optimizer.param_groups[0]['lr'])
        optimizer.step()
        scheduler.step()
    place = range(len(case['cosine']))
    ours = dict(
        step=np.array(steps),
        cosine=np.array([warmup_factor(i, total, warmup) for i in place]),
        multistep=np.array([warmup_factor(i, total, warmup, milestones)
                            for i in place]))
    return [absolute(name, value, case[name], 1e-12) for name, value in ours.items()]


def run_transforms(case: dict) -> list[Comparison]:
    """Compare sizes, the test pipeline and the jitter of brightness."""
    sizes = [shape_within((height, width), 640, 640)
             for width, height in case['resize_in_wh'].tolist()]
    results = [absolute('resize_out', np.array(sizes),
                        case['resize_out_h_w_imgw_imgh'][:, :2], EXACT)]
    height, width = case['img_uint8'].shape[:2]
    out = ResizeLongEdge(96)(dict(
        img=case['img_uint8'], img_shape=(height, width), scale_factor=(1.0, 1.0),
        pad_offset=(0, 0), gt_bboxes=case['boxes_xyxy'], gt_masks=case['mask_in']))
    norm = GroundingDataPreprocessor()
    pixels = torch.from_numpy(out['img'].transpose(2, 0, 1)).float() / 255
    boxes = plain(out['img_shape']).normalize_boxes(
        torch.from_numpy(out['gt_bboxes']), 'image')
    results += [
        absolute('test_size', np.array(out['img_shape']), case['test_size'], EXACT),
        absolute('test_img', (pixels - norm.mean) / norm.std, case['test_img'], 1e-6),
        absolute('test_boxes', boxes, case['test_boxes'], 1e-6),
        absolute('test_mask', out['gt_masks'], case['test_mask'], EXACT)]
    for number, _, factor in case['jitter_factors']:
        name = f'jitter_{int(number)}'
        results.append(absolute(name, scale_value(case['img_uint8'], factor),
                                case[name], EXACT))
    return results


def run_sampler(case: dict) -> list[Comparison]:
    """Compare the order of every process."""
    results = []
    for name in case:
        if name == 'meta':
            continue
        size, world, epoch, rank = (int(part[1:]) for part in name.split('_'))
        ours = block_order(size, rank, world, epoch)
        results.append(absolute(name, np.array(ours), case[name], EXACT))
    return results


UNITS = dict(
    unit_position_encoding=run_position_encoding, unit_phrase_masks=run_phrase_masks,
    unit_query_encoder=run_query_encoder, unit_res_head=run_res_head,
    unit_box_loss=run_box_loss, unit_mask_loss_postprocess=run_mask_loss,
    unit_eval_metrics=run_eval_metrics, unit_schedules=run_schedules,
    unit_transforms=run_transforms, unit_sampler=run_sampler)
