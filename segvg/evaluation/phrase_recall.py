"""Phrase grounding: is one of the best k boxes of each phrase right?"""
from typing import Optional, Sequence

import numpy as np
import torch
from torch import Tensor

from segvg.evaluation.base import GroundingMetric, Terms, describe, get_prediction
from segvg.evaluation.box_recall import first_hit
from segvg.registry import METRICS
from segvg.structures.boxes import pairwise_iou


def merge_boxes(bboxes: Tensor) -> Tensor:
    """Return the box (1, 4) around boxes (T, 4)."""
    return torch.cat([bboxes[:, :2].amin(0), bboxes[:, 2:].amax(0)])[None]


@METRICS.register_module()
class PhraseRecall(GroundingMetric):
    """Part of the phrases for which one of the k best boxes has an IoU >= 0.5.

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
        elif 'phrase_scores' in prediction:
            ranking = torch.as_tensor(prediction['phrase_scores'])
        else:
            raise KeyError(f'{describe(sample)} has phrases, but its prediction has no '
                           'phrase_scores: does the head rank boxes by phrase?')
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
