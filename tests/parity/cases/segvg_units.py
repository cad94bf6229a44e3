"""Recorded pieces of SegVG's data path and metric; image values to the last bit.

Each function takes a case (arrays by name, ``meta`` parsed) and returns name -> (ours,
recorded). How many items there are is read from the case. What is text or a decision is
compared here and raises ``AssertionError``.
"""
import re
from typing import Any, Mapping

import numpy as np
import torch

from segvg.datasets.grounding_dataset import truncate_xywh
from segvg.datasets.tokenizers import WordPieceTokenizer
from segvg.datasets.transforms import (
    FillBoxMask,
    PackGroundingInputs,
    PlaceOnCanvas,
    RandomApplyUnlessWords,
    RandomFlip,
    RandomSizeCrop,
    Resize,
)
from segvg.evaluation import BoxAccuracy
from segvg.models.data_preprocessor import GroundingDataPreprocessor
from segvg.structures.boxes import cxcywh_to_xyxy, paired_iou
from segvg.structures.geometry import Geometry

Pairs = dict[str, tuple[np.ndarray, np.ndarray]]
VETO_WORDS = ('left', 'right', 'top', 'bottom', 'middle')


def make_image(seed: int, height: int, width: int) -> np.ndarray:
    """Return the picture (H, W, 3) uint8 of a case: coarse random cells."""
    shape = (max(2, height // 16), max(2, width // 16), 3)
    cells = np.random.RandomState(seed).randint(0, 256, shape).astype(np.uint8)
    image = cells.repeat(16, axis=0).repeat(16, axis=1)
    missing = [max(0, height - image.shape[0]), max(0, width - image.shape[1])]
    image = np.pad(image, [(0, missing[0]), (0, missing[1]), (0, 0)], mode='edge')
    return image[:height, :width]


def make_results(image: np.ndarray, bbox: list[float], text: str = '') -> dict:
    """Return what the loading transforms would make of an image with one target."""
    bboxes = np.array([bbox], dtype=np.float32)
    shape = image.shape[:2]
    return dict(
        img=image, img_shape=shape, ori_shape=shape, scale_factor=(1.0, 1.0),
        pad_offset=(0.0, 0.0), flip=False, gt_bboxes=bboxes, image_bboxes=bboxes,
        instances=[dict(bbox=bbox)], expressions=[dict(
            text=text, targets=[0], expr_idx=0, token_ids=np.array([101, 102]),
            text_padding_mask=np.zeros(2, dtype=bool))])


def blank_results(height: int, width: int, bbox: list[float], text: str = '') -> dict:
    """Return a black image with one target and a text that is not tokenised."""
    results = make_results(np.zeros((height, width, 3), np.uint8), bbox, text)
    results['expressions'] = [dict(text=text, targets=[0])]
    return results


def extent(mask: np.ndarray) -> list[list[int]]:
    """Return [first, end) of the rows and of the columns where a mask (H, W) is set."""
    lines = [np.flatnonzero(mask.any(axis)) for axis in (1, 0)]
    return [[int(line[0]), int(line[-1]) + 1] if len(line) else [] for line in lines]


def run_unit_transforms(case: Mapping[str, Any]) -> Pairs:
    """Compare the test pipeline, and the pieces of the training pipeline."""
    pairs = {}
    for key in case:
        match = re.fullmatch(r'img(\d+)_every(\d+)', key)
        if match:
            number, step = map(int, match.groups())
            size = case[key].shape[-1] * step
            item = case['meta']['items'][number]
            pairs.update(_test_pipeline(number, item, size, step, case))
    for run in (_flips, _crops, _resizes, _truncations):
        pairs.update(run(case['meta']))
    return pairs


def _test_pipeline(number: int, item: dict, size: int, step: int,
                   case: Mapping[str, Any]) -> Pairs:
    results = make_results(make_image(item['seed'], item['h'], item['w']),
                           item['box_xyxy'])
    for transform in (Resize(long=size), PlaceOnCanvas(size), FillBoxMask()):
        results = transform(results)
    packed = PackGroundingInputs()(results)
    inputs = dict(inputs=[packed['inputs']], data_samples=[packed['data_samples']])
    batch = GroundingDataPreprocessor()(inputs)['inputs']
    bboxes = torch.from_numpy(results['gt_bboxes'])
    ours = dict(zip(('region_rows', 'region_cols'), extent(results['target_masks'][0])))
    pasted = extent(~batch.padding_mask[0].numpy())
    ours.update(zip(('pasted_rows', 'pasted_cols'), pasted))
    pairs = {f'item{number}.{key}': (np.array(value), np.array(item[key]))
             for key, value in ours.items()}
    image = batch.images[0, :, ::step, ::step].numpy()
    np.testing.assert_array_equal(image, case[f'img{number}_every{step}'])
    pairs[f'img{number}'] = (image, case[f'img{number}_every{step}'])
    meta = next(iter(packed['data_samples'])).metainfo
    target = Geometry.from_meta(meta).normalize_boxes(bboxes, 'canvas')[0].numpy()
    pairs[f'target{number}'] = (target, case[f'target{number}'])
    return pairs


def _flips(meta: dict) -> Pairs:
    pairs = {}
    veto = RandomApplyUnlessWords([], prob=1, words=VETO_WORDS)
    for number, item in enumerate(meta.get('flip', [])):
        assert veto.vetoes(item['text']) == item['crop_vetoed'], item
        key = next(key for key in item if key.startswith('flipped_box_from'))
        *bbox, width, height = map(float, re.findall(r'[\d.]+', key))
        results = blank_results(int(height), int(width), bbox, item['text'])
        results = RandomFlip(prob=1)(results)
        assert results['expressions'][0]['text'] == item['flipped'], item
        pairs[f'flip{number}'] = (results['gt_bboxes'][0], np.float32(item[key]))
    return pairs


def _crops(meta: dict) -> Pairs:
    pairs = {}
    for number, item in enumerate(meta.get('crop', [])):
        top, left, height, width = region = tuple(item['region_top_left_h_w'])
        results = blank_results(top + height, left + width, item['box'])
        transform = RandomSizeCrop()
        accepted = transform.accepts(region, results['gt_bboxes'])
        assert accepted == item['accepted'], item
        bbox = transform.crop(results, region)['gt_bboxes'][0]
        pairs[f'crop{number}'] = (bbox, np.float32(item['cropped_box']))
    return pairs


def _resizes(meta: dict) -> Pairs:
    pairs = {}
    for number, item in enumerate(meta.get('resize', [])):
        side = {key: item[key] for key in ('long', 'short') if key in item}
        results = blank_results(item['h'], item['w'], [1, 2, 30, 40])
        results = Resize(**side)(results)
        size = np.array(results['img'].shape[1::-1])
        pairs[f'resize{number}.size'] = (size, np.array(item['out']))
        bbox = results['gt_bboxes'][0]
        pairs[f'resize{number}.box'] = (bbox, np.float32(item['box']))
    return pairs


def _truncations(meta: dict) -> Pairs:
    pairs = {}
    for number, item in enumerate(meta.get('coco_box_truncation', [])):
        x, y, width, height = item['coco_xywh']
        ours = truncate_xywh([x, y, x + width, y + height])
        pairs[f'truncation{number}'] = (np.float32(ours), np.float32(item['xyxy']))
    return pairs


def run_unit_tokens(case: Mapping[str, Any]) -> Pairs:
    """Compare the ids of texts at several maximum lengths, padded to the maximum."""
    pairs = {}
    tokenizer = WordPieceTokenizer(case['meta']['vocab_subset'])
    for number, item in enumerate(case['meta']['items']):
        ids = tokenizer(item['phrase'], item['L'])
        padding = (0, item['L'] - len(ids))
        keep = np.pad(np.ones(len(ids), dtype=np.int64), padding)
        padded = np.pad(ids, padding, constant_values=tokenizer.pad_id)
        pairs[f'ids{number}'] = (padded, np.array(item['ids']))
        pairs[f'mask{number}'] = (keep, np.array(item['mask']))
    return pairs


def run_unit_metric(case: Mapping[str, Any]) -> Pairs:
    """Compare IoUs, the number of right boxes and the accuracy."""
    predicted = cxcywh_to_xyxy(torch.from_numpy(case['pred_cxcywh'])).clamp(0, 1)
    targets = cxcywh_to_xyxy(torch.from_numpy(case['gt_cxcywh']))
    metric = BoxAccuracy()
    metric.process({}, [
        dict(expr_idx=index, image_instances=dict(bboxes=target[None]),
             pred_instances=dict(bboxes=bbox[None], scores=torch.ones(1)))
        for index, (bbox, target) in enumerate(zip(predicted, targets))])
    accuracy = metric.evaluate(len(targets))['rec/acc@0.5'] / 100
    correct = round(accuracy * metric.num_expressions)
    return dict(
        iou=(paired_iou(predicted, targets).numpy(), case['iou']),
        correct=(np.array(correct), case['correct']),
        accuracy=(np.float32(accuracy), case['accuracy']))
