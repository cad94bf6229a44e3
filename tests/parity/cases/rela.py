"""Runs recorded cases of ReLA's evaluators; models and their parts stand elsewhere."""
import numpy as np
import torch

from segvg.evaluation.average_precision import coco_numbers
from segvg.evaluation.base import shares
from segvg.evaluation.generalized_boxes import ranked_boxes
from segvg.evaluation.generalized_masks import compare_masks, generalized_terms
from segvg.registry import METRICS
from tests.parity.cases import rela_units
from tests.parity.cases.rela_models import run_model
from tests.parity.comparison import Comparison, absolute

__all__ = ['UNITS', 'run_model']

EXACT = 1e-9
OURS = dict(N_acc='N-acc', T_acc='T-acc')  # fractions there, percent here


def run_gres_metric(case: dict) -> list[Comparison]:
    """Masks and "none" of every set, alone and pooled."""
    found = []
    for name, recorded in case['meta']['results'].items():
        results, sources = compare_set(case, name)
        if 'results' not in recorded:
            assert not any(result.has_target for result in results)
            continue
        found.append(absolute(f'{name} counts', np.array(
            [[r.intersection, r.union, r.credit] for r in results]),
            case[f'{name}__per_sample_I_U_iou'], EXACT))
        for source, scores in recorded['results'].items():
            ours = shares(generalized_terms([result for result, of in zip(
                results, sources, strict=True) if source in (of, 'full')]))
            for key, value in scores.items():
                score = ours[key] if key not in OURS else ours[OURS[key]] / 100
                found.append(absolute(f'{name} {source} {key}', score, value, EXACT))
    return found


def compare_set(case: dict, name: str) -> tuple[list, np.ndarray]:
    """Results and sources of the expressions of a set."""
    channels, labels = case[f'{name}__ref_seg'], case[f'{name}__nt_label']
    masks = channels[:, 1] > channels[:, 0]
    none = labels[:, 1] > labels[:, 0]
    results = [compare_masks(*items) for items in zip(
        masks, case[f'{name}__gt'].astype(bool), case[f'{name}__gt_nt'] == 0,
        map(bool, none), strict=True)]
    return results, case[f'{name}__source']


def run_grec_f1(case: dict) -> list[Comparison]:
    """Boxes of every set."""
    found = []
    for name, recorded in case['meta']['sets'].items():
        metric = METRICS.build(dict(type='segvg.GeneralizedBoxF1', official=True))
        targets = split(case[f'{name}__gt_xywh'], case[f'{name}__gt_count'])
        bboxes = split(case[f'{name}__pred_xyxy'], case[f'{name}__pred_count'])
        scores = split(case[f'{name}__pred_score'], case[f'{name}__pred_count'])
        results = []
        for xywh, bbox, score in zip(targets, bboxes, scores, strict=True):
            corners = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)
            results.append(metric.score(dict(
                pred_instances=dict(bboxes=torch.from_numpy(bbox),
                                    scores=torch.from_numpy(score)),
                image_instances=dict(bboxes=corners[xywh[:, 2] > 0]))))
        found.append(absolute(f'{name} f1', [r.f1 for r in results],
                              case[f'{name}__f1'], EXACT))
        ours = metric.compute_metrics(results)
        for key, value in recorded['results'].items():
            key = {'F1_score': 'Pr@(F1=1)', **OURS}[key] + ' (official MDETR)'
            found.append(absolute(f'{name} {key}', ours[key] / 100, value, EXACT))
        found.append(absolute(
            f'{name} average precision', coco_numbers(ranked_boxes(results)),
            recorded['coco_stats'], EXACT))
    return found


def split(values: np.ndarray, counts: np.ndarray) -> list[np.ndarray]:
    """Values of each expression."""
    return np.split(values, np.cumsum(counts)[:-1])


UNITS = dict(unit_gres_metric=run_gres_metric, unit_grec_f1=run_grec_f1,
             **rela_units.UNITS)
