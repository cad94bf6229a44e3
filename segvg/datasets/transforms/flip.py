"""Horizontal flip; *left* and *right* change places in the text."""
from typing import Sequence

import numpy as np

from segvg.datasets.languages import SIDE_PAIRS, Pair
from segvg.datasets.transforms.base import Transform
from segvg.datasets.transforms.text import DEFAULT_LANGUAGES, swap_sides
from segvg.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomFlip(Transform):
    """Mirror left and right; *left* and *right* change places in the text.

    Boxes, masks and the spans of phrases follow. The record of the geometry only notes
    ``flip``: a flipped image is for training, its boxes are not mapped back.

    Args:
        prob: probability of a flip.
        swap: ``'substring'`` swaps inside words too, as the published code does
            (*bright* becomes *bleft*); ``'word'`` swaps whole words only, *leftmost*,
            *topleft* and the like included.
        languages: with ``'word'``, the languages whose words are swapped, names in
            ``segvg.datasets.languages.SIDE_PAIRS``.
        pairs: with ``'word'``, further words for left and right, for instance
            ``[('sinistra', 'destra')]``.
    """
    SWAP = ('substring', 'word')

    def __init__(self, prob: float = 0.5, swap: str = 'substring', *,
                 languages: Sequence[str] = DEFAULT_LANGUAGES,
                 pairs: Sequence[Pair] = ()) -> None:
        if swap not in self.SWAP:
            raise ValueError(f'swap is one of {self.SWAP}, not {swap!r}')
        unknown = [name for name in languages if name not in SIDE_PAIRS]
        if unknown:
            raise ValueError(f'languages are some of {tuple(SIDE_PAIRS)}, not '
                             f'{unknown[0]!r}; `pairs` takes words of another one')
        if swap == 'substring' and (tuple(languages) != DEFAULT_LANGUAGES or pairs):
            raise ValueError("swap='substring' knows left and right only; languages "
                             "and pairs need swap='word'")
        self.prob = prob
        self.swap = swap
        self.languages = tuple(languages)
        self.pairs = tuple(map(tuple, pairs))

    def flip(self, results: dict) -> dict:
        """Mirror image, boxes, masks and text."""
        width = results['img_shape'][1]
        results['img'] = results['img'][:, ::-1]
        results['flip'] = not results['flip']
        if 'gt_bboxes' in results:
            x1, y1, x2, y2 = results['gt_bboxes'].T
            results['gt_bboxes'] = np.stack([width - x2, y1, width - x1, y2], axis=1)
        if 'gt_masks' in results:
            results['gt_masks'] = results['gt_masks'][:, :, ::-1]
        results['expressions'] = [
            swap_sides(expression, self.swap == 'word', self.languages, self.pairs)
            for expression in results.get('expressions', [])]
        return results

    def transform(self, results: dict) -> dict:
        """Mirror ``results`` with the given probability."""
        self.require_before_target_masks(results)
        if 'canvas_shape' in results:
            raise ValueError('RandomFlip comes before PlaceOnCanvas: it mirrors the '
                             'image, not the canvas')
        return self.flip(results) if np.random.random() < self.prob else results
