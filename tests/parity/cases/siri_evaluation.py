"""Runs recorded units of SiRi and MDETR about data, evaluation and restarts."""
import re
from xml.etree import ElementTree

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import Tensor

from segvg.checkpoints.convert import convert_state_dict
from segvg.checkpoints.rules import RULES
from segvg.datasets.transforms import FreeSizeCrop, RandomFlip, ResizeShortEdge
from segvg.datasets.transforms.resize import shape_within
from segvg.engine.hooks.selective_load_hook import names_below
from segvg.engine.optim.named_groups import group_parameters
from segvg.evaluation import BoxRecall, PhraseRecall
from segvg.evaluation.phrases import fill_boxes, fill_polygons
from segvg.models.heads import SetOutputs
from segvg.models.heads.soft_token_head import phrase_scores
from segvg.registry import MODELS
from segvg.structures.boxes import paired_giou, paired_iou
from segvg.structures.geometry import Geometry
from segvg.structures.masks import count_overlap
from tests.parity.cases.segvg_units import make_results
from tests.parity.cases.transvg import CONFIGS
from tests.parity.comparison import Comparison, absolute, scaled

PIXELS = 1e-4  # absolute: boxes after a resize are float32
NOTHING = dict(paste_offset=(0, 0), pad_offset=(0, 0), scale_factor=(1, 1))


def plain(shape: tuple[int, int], original: tuple[int, int] | None = None,
          canvas: tuple[int, int] | None = None) -> Geometry:
    """Return the geometry of an image (H, W) in the corner of its canvas."""
    meta = dict(NOTHING, img_shape=shape, ori_shape=original or shape)
    return Geometry.from_meta(meta, canvas or shape)


def post_process(case: dict, sizes) -> tuple[Tensor, list[Tensor]]:
    """Return scores (B, Q) and xyxy pixel boxes of images of given sizes."""
    logits = torch.from_numpy(case['in_pred_logits'])
    boxes = torch.from_numpy(case['in_pred_boxes'])
    scores = SetOutputs(logits[None], boxes[None], boxes[None]).scores
    return scores, [plain((int(h), int(w))).boxes_to_image(box, 'image', clip=False)
                    for box, (h, w) in zip(boxes, sizes)]


def run_refexp(case: dict) -> list[Comparison]:
    """Compare scores, boxes, the ranks of queries and the published recall."""
    meta = case['meta']
    scores, bboxes = post_process(case, case['in_orig_size_hw'])
    targets = torch.tensor(meta['gt_boxes_xywh'])
    targets = torch.cat([targets[:, :2], targets[:, :2] + targets[:, 2:]], 1)
    best = scores.argmax(1)
    chosen = torch.stack([box[query] for box, query in zip(bboxes, best)])
    results = [
        absolute('scores', scores, case['scores']),
        scaled('boxes', torch.stack(bboxes), case['boxes_xyxy_pixels']),
        absolute('top1_giou', paired_giou(chosen, targets), case['top1_giou'], 1e-5),
        absolute('top1_iou', paired_iou(chosen, targets), case['top1_iou'], 1e-5)]
    for topk, recorded in meta['results'].items():
        for place, name in enumerate(meta['names']):
            metric = BoxRecall(topk=tuple(map(int, re.findall(r'\d+', topk))))
            metric.process({}, [
                dict(expr_idx=i, image_instances=dict(bboxes=targets[i:i + 1]),
                     pred_instances=dict(bboxes=bboxes[i], scores=scores[i]))
                for i in range(place, len(targets), len(meta['names']))])
            found = metric.evaluate(0)
            ours = [found[f'rec/R@{k} (official SiRi)'] / 100 for k in metric.topk]
            results.append(absolute(f'{name} {topk}', ours, recorded[name], 1e-9))
    return results


def read_entities(files: dict[str, str]) -> dict[tuple[int, int], list[dict]]:
    """Return the phrases with boxes of every sentence of a small Flickr30k."""
    sentences = {}
    for image in files['test.txt'].split():
        boxes: dict[str, list] = {}
        for item in ElementTree.fromstring(
                files[f'Annotations/{image}.xml']).iter('object'):
            for box in item.iter('bndbox'):
                corners = [float(box.find(name).text)
                           for name in ('xmin', 'ymin', 'xmax', 'ymax')]
                boxes.setdefault(item.find('name').text, []).append(corners)
        for number, line in enumerate(
                files[f'Sentences/{image}.txt'].rstrip('\n').split('\n')):
            tags = re.findall(r'\[/EN#(\d+)/(\S+)', line)
            sentences[int(image), number] = [
                dict(boxes=boxes[chain], types=types.split('/'))
                for chain, types in tags if chain in boxes]
    return sentences


def phrase_sample(number: int, phrases: list[dict], boxes: list) -> dict:
    """Return a sample whose phrases rank the same boxes each in their own order."""
    bboxes = torch.tensor(boxes, dtype=torch.float64).view(-1, 4)
    queries = bboxes.shape[0] // max(len(phrases), 1)
    ranking = torch.full((len(bboxes), len(phrases)), -1.0)
    for place in range(len(phrases)):
        own = slice(place * queries, (place + 1) * queries)
        ranking[own, place] = torch.arange(queries, 0, -1).float()
    targets, starts = [], []
    for phrase in phrases:
        starts.append(range(len(targets), len(targets) + len(phrase['boxes'])))
        targets += phrase['boxes']
    return dict(
        expr_idx=number, image_instances=dict(bboxes=torch.tensor(targets).view(-1, 4)),
        phrases=[dict(targets=list(places), types=phrase['types'])
                 for places, phrase in zip(starts, phrases)],
        pred_instances=dict(bboxes=bboxes, scores=torch.ones(len(bboxes)),
                            phrase_scores=ranking))


def run_flickr(case: dict) -> list[Comparison]:
    """Compare the recalls of both protocols, by type."""
    meta, results = case['meta'], []
    sentences = read_entities(meta['files'])
    for protocol, name in (('any_box', 'any'), ('merged_box', 'merged')):
        for k, recorded in meta['report'][name].items():
            # What ranks below k counts for R@all of a list of its own length only.
            metric = PhraseRecall(topk=(1, 5, 10), protocol=protocol, by_type=True)
            metric.process({}, [
                phrase_sample(i, sentences[entry['image_id'], entry['sentence_id']],
                              entry['boxes'])
                for i, entry in enumerate(meta['predictions']) if entry['boxes']])
            found = metric.evaluate(0)
            key = f'{metric.prefix}/R@{"all" if k == "-1" else k}'
            ours = [found[key if kind == 'all' else f'{key} {kind}'] / 100
                    for kind in recorded]
            results.append(absolute(f'{name} {k}', ours, list(recorded.values()),
                                    1e-9))
    return results


def unpack(case: dict, key: str, shape: tuple) -> np.ndarray:
    """Return a recorded mask as bool."""
    return np.unpackbits(case[key])[:int(np.prod(shape))].reshape(shape).astype(bool)


def compare_masks(case: dict, prefix: str, sizes, resized) -> tuple[list, list]:
    """Compare masks of images; returns the comparisons and our masks."""
    canvas = tuple(np.max(resized, axis=0))
    results, masks = [], []
    for i, ((height, width), shape) in enumerate(zip(sizes, resized)):
        logits = torch.from_numpy(case['in_pred_masks'][i])
        geometry = plain(tuple(shape), (height, width), canvas)
        on_image, = geometry.masks_to_image([logits])
        mask = (on_image.sigmoid() > 0.5).numpy()
        recorded = unpack(case, f'{prefix}masks_img{i}_packbits', mask.shape)
        # A pixel whose logit is 0 up to rounding may fall on either side.
        results.append(absolute(f'{prefix}masks{i}', (mask != recorded).mean(), 0.0,
                                1e-4))
        masks.append(mask)
    return results, masks


def run_post_process(case: dict) -> list[Comparison]:
    """Compare scores, boxes, ranked boxes of phrases, masks and their union."""
    meta = case['meta']
    scores, bboxes = post_process(case, meta['orig_hw'])
    results = [absolute('scores', scores, case['scores']),
               scaled('boxes', torch.stack(bboxes), case['boxes'])]
    tokens = torch.from_numpy(case['in_positive_map_eval'])
    first = 0
    for i, box in enumerate(bboxes):
        count = len(case[f'flickr_img{i}'])
        ranking = phrase_scores(torch.from_numpy(case['in_pred_logits'][i]),
                                tokens[first:first + count])
        order = ranking.argsort(dim=0, descending=True, stable=True).T
        results.append(scaled(f'flickr_img{i}', box[order], case[f'flickr_img{i}']))
        first += count
    found, masks = compare_masks(case, '', meta['orig_hw'], meta['resized_hw'])
    results += found
    equal = meta['equal_case']
    results += compare_masks(case, 'equal_', equal['orig'], equal['resized'])[0]
    for i, mask in enumerate(masks):
        kept = (scores[i] > 0.7).numpy()
        recorded = unpack(case, f'phrasecut_mask{i}_packbits', mask.shape[1:])
        results.append(absolute(f'union{i}', (mask[kept].any(0) != recorded).mean(),
                                0.0, 1e-4))
        x1, y1, x2, y2 = bboxes[i][kept].T
        results.append(scaled(f'xywh{i}', torch.stack([x1, y1, x2 - x1, y2 - y1], 1),
                              np.array(meta['phrasecut_boxes_xywh'][i])))
    return results


def run_phrasecut(case: dict) -> list[Comparison]:
    """Compare areas and IoUs of masks with polygons and of boxes with boxes."""
    ours = []
    for mask, polygons, boxes in zip(case['masks'], case['meta']['polygons_xy'],
                                     case['meta']['boxes']):
        height, width = mask.shape
        flat = [np.ravel(polygon).tolist() for polygon in polygons]
        inter, union = count_overlap(fill_polygons(flat, height, width), mask)
        filled = []
        for group in boxes:
            xywh = np.array(group).reshape(-1, 4)
            xyxy = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], 1)
            filled.append(fill_boxes(xyxy, height, width))
        box_inter, box_union = count_overlap(*filled)
        ours.append([inter / union, inter, union, box_inter / box_union])
    return [absolute('iou_i_u_boxiou', ours, case['iou_i_u_boxiou'], 1e-9)]


def run_restart(case: dict) -> list[Comparison]:
    """Compare what a restart keeps, and the parameter groups, for K = 1 and 2."""
    init_default_scope('segvg')
    results = []
    for number, method in ((1, 'siri'), (2, 'mt_siri')):
        lists = case['meta'][f'K{number}']
        whole = [*lists['kept'], *lists['reset_to_public_pretrained'],
                 *lists['reset_to_random']]
        _, report = convert_state_dict({name: torch.zeros(0) for name in whole},
                                       RULES[method])
        report.raise_unplaced(method)
        cfg = Config.fromfile(CONFIGS / 'siri_r101.py').model
        cfg.head.num_decoders = number
        with torch.device('meta'):
            model = MODELS.build(cfg)
        names = set(model.state_dict())
        kept = set(names_below(names, ['fusion.layers']))
        public = set(names_below(names, ['image_encoder.backbone', 'language_encoder']))
        for ours, key in ((kept, 'kept'), (public, 'reset_to_public_pretrained'),
                          (names - kept - public, 'reset_to_random')):
            results.append(same_names(f'K{number} {key}', ours, lists[key], report))
        executed = [name for name in report.dropped
                    if name not in set(lists['never_executed'])]
        # An unused norm is evaluated once with K = 1; the pooler by its library.
        assert all(re.match('pos_trans_norm|.*pooler', name) for name in executed)
        groups = group_parameters(model, ['image_encoder.backbone', 'language_encoder'])
        parameters = {id(p): name for name, p in model.named_parameters()}
        for theirs, ours in (('rest', 'rest'), ('backbone', 'image_encoder.backbone'),
                             ('text_encoder', 'language_encoder')):
            found = {parameters[id(parameter)] for parameter in groups[ours]}
            results.append(same_names(f'K{number} group {theirs}', found,
                                      lists['param_groups'][theirs], report))
    return results


def same_names(name: str, ours: set[str], theirs: list[str], report) -> Comparison:
    """Compare our names with published ones, less those that are dropped."""
    ours = {key for key in ours if not key.endswith('num_batches_tracked')}
    wanted = {report.renamed[key] for key in theirs if key in report.renamed}
    return absolute(name, len(ours ^ wanted), 0, 0.0)


def run_transforms(case: dict) -> list[Comparison]:
    """Compare sizes, flips, crops, a resize, and the pipeline of the evaluation."""
    meta = case['meta']
    sizes = [shape_within((h, w), short, None if limit < 0 else limit)[::-1]
             for w, h, short, limit, *_ in case['sizes'].tolist()]
    results = [absolute('sizes', sizes, case['sizes'][:, 4:], 0.0)]
    boxes = np.float32(meta['in_boxes'])

    def picture() -> dict:
        made = make_results(np.zeros((375, 500, 3), np.uint8), [0, 0, 1, 1])
        made.update(gt_bboxes=boxes, instances=[dict(bbox=box) for box in boxes],
                    expressions=[dict(text=meta['in_caption'], targets=[0, 1])])
        return made

    flipped = RandomFlip(prob=1)(picture())
    assert flipped['expressions'][0]['text'] == meta['flip_caption']
    cropped = FreeSizeCrop().crop(picture(), (50, 120, 200, 260))
    kept = cropped['expressions'][0]['targets']
    results += [
        absolute('flip', flipped['gt_bboxes'], case['flip_boxes'], PIXELS),
        absolute('crop', cropped['gt_bboxes'][kept], case['crop_boxes'], PIXELS),
        absolute('resize', ResizeShortEdge(480, 640)(picture())['gt_bboxes'],
                 case['resize_boxes'], PIXELS)]
    made = make_results(case['in_image'], meta['eval_in_box_xyxy'][0])
    made = ResizeShortEdge(640, 640)(made)
    image = torch.from_numpy(made['img']).permute(2, 0, 1).float() / 255
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    image = (image - mean[:, None, None]) / std[:, None, None]
    unit = plain(made['img_shape']).normalize_boxes(
        torch.from_numpy(made['gt_bboxes']), 'image')
    return [*results,
            absolute('eval image', image[:, ::8, ::8], case['eval_sub'], 1e-5),
            absolute('eval boxes', unit, case['eval_boxes'], 1e-6),
            absolute('eval mean and std', [image.mean(), image.std()],
                     case['eval_mean_std'], 1e-5)]


#: Unit name -> runner.
UNITS = dict(
    unit_refexp_eval=run_refexp,
    unit_flickr_recall=run_flickr,
    unit_postprocess=run_post_process,
    unit_phrasecut_iou=run_phrasecut,
    unit_restart_keep=run_restart,
    unit_transforms=run_transforms)
