"""Phrases: recall of boxes (Flickr30k Entities), IoU of masks (PhraseCut)."""
from typing import Optional, Sequence

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from segvg.evaluation.base import (
    GroundingMetric,
    Terms,
    get_prediction,
    mean_terms,
    require,
    threshold_terms,
)
from segvg.evaluation.boxes import first_hit
from segvg.registry import METRICS
from segvg.structures.boxes import pairwise_iou
from segvg.structures.masks import count_overlap, decode_segmentation


def merge_boxes(bboxes: Tensor) -> Tensor:
    """Return the box (1, 4) around boxes (T, 4)."""
    return torch.cat([bboxes[:, :2].amin(0), bboxes[:, 2:].amax(0)])[None]


@METRICS.register_module()
class PhraseRecall(GroundingMetric):
    """Share of the phrases for which one of the k best boxes has an IoU >= 0.5.

    Boxes are ranked by ``phrase_scores`` (Q, P); where a caption has no phrases it is
    one itself and ``scores`` rank. Phrases without targets do not count. ``R@all`` is
    what the best ranking could reach. Phrases with ``types`` are also scored by type.

    Args:
        topk: the values of k.
        protocol: ``'any_box'``, any target of a phrase may be hit, or
            ``'merged_box'``, the box around all its targets has to be.
        by_type: whether to add scores of each type of phrase.
        prefix: of the names of the scores; ``phrase`` and ``phrase_merged``.

    Source: Plummer et al., "Flickr30k Entities", IJCV 2017; protocols as in MDETR.
    """
    PROTOCOLS = dict(any_box='phrase', merged_box='phrase_merged')

    def __init__(self, topk: Sequence[int] = (1, 5, 10), protocol: str = 'any_box', *,
                 by_type: bool = False, prefix: Optional[str] = None) -> None:
        if protocol not in self.PROTOCOLS:
            raise ValueError(
                f'protocol is one of {tuple(self.PROTOCOLS)}, not {protocol!r}')
        super().__init__(prefix=prefix or self.PROTOCOLS[protocol])
        self.topk = tuple(topk)
        self.protocol = protocol
        self.by_type = by_type

    def score(self, sample: dict) -> list[tuple[Optional[int], tuple]]:
        """Return the rank of the first hit and the types of each phrase."""
        prediction = get_prediction(sample)
        bboxes = torch.as_tensor(prediction['bboxes']).double().cpu()
        targets = torch.as_tensor(sample['image_instances']['bboxes']).double().cpu()
        phrases = sample.get('phrases')
        if not phrases:
            phrases = [dict(targets=range(len(targets)))]
            ranking = torch.as_tensor(prediction['scores'])[:, None]
        else:
            ranking = torch.as_tensor(require(sample, 'phrase_scores'))
        results = []
        for number, phrase in enumerate(phrases):
            if len(phrase['targets']):
                order = ranking[:, number].argsort(descending=True, stable=True).cpu()
                rank = self._rank(bboxes[order], targets[list(phrase['targets'])])
                results.append((rank, tuple(phrase.get('types') or ())))
        return results

    def _rank(self, bboxes: Tensor, targets: Tensor) -> Optional[int]:
        """Return the rank of the first of the boxes (Q, 4) that is right."""
        if self.protocol == 'merged_box':
            targets = merge_boxes(targets)
        return first_hit(pairwise_iou(bboxes, targets).amax(1), 0.5)

    def terms(self, results: list) -> Terms:
        """Return those of ``R@k`` and ``R@all``, with ``by_type`` also ``R@k people``.

        A caption adds as much as it has phrases with a target.

        Raises:
            ValueError: no phrase has a target.
        """
        if not any(results):
            raise ValueError('PhraseRecall has no phrase with a target to score')
        terms = self._terms_of(results, '')
        if self.by_type:
            types = sorted({name for sample in results for _, names in sample
                            for name in names})
            for kind in types:
                terms |= self._terms_of([[phrase for phrase in sample
                                          if kind in phrase[1]] for sample in results],
                                        f' {kind}')
        return terms

    def _terms_of(self, captions: list, suffix: str) -> Terms:
        """Return the terms of captions, lists of phrases with rank and types."""
        counts = [len(phrases) for phrases in captions]
        terms = {}
        for k in (*self.topk, None):
            found = [sum(rank is not None and (k is None or rank < k)
                         for rank, _ in phrases) for phrases in captions]
            name = 'R@all' if k is None else f'R@{k}'
            terms[name + suffix] = np.array([found, counts], dtype=np.float64).T
        return terms


# -- PhraseCut -----------------------------------------------------------------------


def fill_polygons(polygons: Sequence[Sequence[float]], height: int,
                  width: int) -> np.ndarray:
    """Return the union (H, W) bool of polygons, flat x, y lists, as PhraseCut draws it.

    Coordinates are cut to whole pixels and the outline belongs to the polygon.
    """
    canvas = Image.new('L', (width, height), 0)
    for polygon in polygons:
        points = [(int(x), int(y)) for x, y in zip(polygon[::2], polygon[1::2])]
        if len(points) > 1:
            ImageDraw.Draw(canvas).polygon(points, outline=1, fill=1)
    return np.array(canvas).astype(bool)


def fill_boxes(bboxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the union (H, W) bool of xyxy boxes (T, 4), each a pixel short.

    PhraseCut takes x + w - 1 for the last pixel and then leaves that pixel out.
    """
    mask = np.zeros((height, width), dtype=bool)
    for x1, y1, x2, y2 in bboxes:
        mask[int(y1):int(y2 - 1), int(x1):int(x2 - 1)] = True
    return mask


@METRICS.register_module()
class PhraseCutIoU(GroundingMetric):
    """IoU of united masks and of united boxes, in the original image.

    ``mIoU`` is the mean over phrases, ``cIoU`` the sum of all intersections over the
    sum of all unions, ``Pr@t`` the share with an IoU above t, not equal to it. The
    scores of boxes have ``box`` before the name. All predictions count, so the head
    must drop those with low scores itself (``mask_threshold``); without a prediction
    the mask is empty.

    Args:
        prefix: of the names of the scores.

    Source: Wu et al., "PhraseCut", CVPR 2020, its own evaluator.
    """
    default_prefix = 'phrasecut'

    def __init__(self, prefix: Optional[str] = None) -> None:
        super().__init__(prefix=prefix)

    def score(self, sample: dict) -> tuple[int, int, int, int]:
        """Return intersection and union of masks, then of boxes."""
        height, width = sample['ori_shape']
        masks = torch.as_tensor(require(sample, 'masks')).bool().cpu().numpy()
        found = masks.any(0) if len(masks) else np.zeros((height, width), dtype=bool)
        boxes = [np.asarray(torch.as_tensor(part['bboxes']).cpu(), dtype=np.float64)
                 for part in (get_prediction(sample), sample['image_instances'])]
        return (*count_overlap(found, self._target(sample)),
                *count_overlap(*(fill_boxes(box, height, width) for box in boxes)))

    @staticmethod
    def _target(sample: dict) -> np.ndarray:
        """Return the union (H, W) bool of the annotated masks."""
        height, width = sample['ori_shape']
        mask = np.zeros((height, width), dtype=bool)
        for record in sample['image_instances']['segmentations']:
            mask |= (fill_polygons(record['poly'], height, width)
                     if record and 'poly' in record
                     else decode_segmentation(record, height, width))
        return mask

    def terms(self, results: list) -> Terms:
        """Return those of the scores of masks and of boxes."""
        table = np.array(results, dtype=np.float64)
        terms: Terms = {}
        for name, pixels in (('', table[:, :2]), ('box ', table[:, 2:])):
            ious = pixels[:, 0] / pixels[:, 1].clip(min=1)
            # Above the threshold, not at it.
            found = threshold_terms(ious - 1e-12, f'{name}Pr')
            del found['mIoU']
            terms |= found | {f'{name}mIoU': mean_terms(ious), f'{name}cIoU': pixels}
        return terms
