"""Phrase grounding: is one of the best k boxes of each phrase right?"""
from collections import defaultdict
from typing import Optional, Sequence

import torch
from torch import Tensor

from segvg.evaluation.base import GroundingMetric, describe, get_prediction
from segvg.evaluation.box_recall import first_hit, recalls
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

    def compute_metrics(self, results: list) -> dict[str, float]:
        """Return ``R@k`` and ``R@all``, with ``by_type`` also ``R@k people`` ..."""
        phrases = [phrase for sample in results for phrase in sample]
        if not phrases:
            raise ValueError('PhraseRecall has no phrase with a target to score')
        groups: dict[str, list] = defaultdict(list)
        for rank, types in phrases:
            groups[''].append(rank)
            for name in types if self.by_type else ():
                groups[f' {name}'].append(rank)
        scores = {}
        for suffix, ranks in groups.items():
            found = recalls(ranks, self.topk)
            found['R@all'] = 100 * sum(rank is not None for rank in ranks) / len(ranks)
            scores.update({name + suffix: value for name, value in found.items()})
        return scores
