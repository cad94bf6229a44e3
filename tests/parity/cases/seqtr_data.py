"""Recorded pieces of SeqTR's data path: text, contours, resizing, jitter."""
import random
import re
from typing import Any, Mapping

import numpy as np
import torch

from segvg.datasets.tokenizers import WordTokenizer
from segvg.datasets.transforms import (
    ClipBoxes,
    LargeScaleJitter,
    LoadGroundingAnnotations,
    PadToDivisor,
    ResizeLongEdge,
    SampleContour,
)
from segvg.datasets.transforms.contour import (
    largest_contour,
    mass_center,
    sample_contour,
)
from segvg.datasets.vocabulary import build_vocabulary, clean
from segvg.evaluation.masks import is_crowd
from segvg.models.data_preprocessor import GroundingDataPreprocessor
from segvg.structures import ExpressionGroup, GroundingDataSample
from tests.parity.comparison import Comparison, absolute

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
    vertices = next(key for key in case if key.startswith('out/vertices'))
    count = case[vertices].shape[1]
    for step in (ResizeLongEdge(size, 'opencv'), PadToDivisor(32),
                 SampleContour(count)):
        results = step(results)
    return compared + [
        same('img_shape', results['img_shape'], tuple(case['out/img_shape'][:2])),
        same('pad_shape', results['canvas_shape'], tuple(case['out/pad_shape'][:2])),
        absolute('scale_factor', results['scale_factor'] * 2, case['out/scale_factor'],
                 1e-6),
        absolute('box', results['gt_bboxes'][0], case['out/box'], 1e-4),
        absolute('mask', results['gt_masks'][0],
                 unpack(case['out/mask'], case['out/pad_shape'][:2]), 0.0),
        absolute('image', preprocessed(results)[::4, ::4], case['out/img_sub4'], 1e-4),
        absolute('vertices', results['target_contours'][0].T, case[vertices],
                 0.0)]


def run_large_scale_jitter(case: Case) -> list[Comparison]:
    """Compare the jitter for the recorded seeds of Python's generator."""
    results = []
    settings = re.search(r'out_max_size=(\d+), ([\d.]+), ([\d.]+)\)',
                         case['meta']['what']).groups()
    for seed in case['meta']['seeds']:
        data = results_of(case['in/img'], case['in/box'])
        if case['meta']['with_mask']:
            data['gt_masks'] = unpack(case['in/mask'], case['meta']['shape'])[None]
        jitter = LargeScaleJitter(
            int(settings[0]), tuple(map(float, settings[1:])),
            keep='box' if case['meta']['with_bbox'] else 'mask')
        jitter.draw = random.Random(seed).random
        data = PadToDivisor(32)(jitter(data))
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

#: Unit name -> runner.
UNITS = dict(
    unit_text=run_text,
    unit_vocabulary=run_vocabulary,
    unit_mask_to_vertices=run_mask_to_vertices,
    unit_load_resize_pad=run_load_resize_pad,
    unit_large_scale_jitter=run_large_scale_jitter)
