"""Words that a transform has to respect: sides are swapped, words veto a crop."""
import re
from typing import Sequence, Union

import numpy as np
from mmcv.transforms import BaseTransform

from segvg.datasets.transforms.base import Transform
from segvg.registry import TRANSFORMS

OTHER_SIDE = {'left': 'right', 'right': 'left'}
SIDES = re.compile('(?ai:left|right)')  # any case of ASCII letters
WHOLE_SIDES = re.compile(r'\b(?ai:left|right)\b')


def _other_side(match: re.Match) -> str:
    """Return *right* for *left* and the reverse, in the same case."""
    word = match.group()
    other = OTHER_SIDE[word.lower()]
    if word.isupper():
        return other.upper()
    return other.capitalize() if word[0].isupper() else other


def swap_sides(expression: dict, whole_words: bool = False) -> dict:
    """Return the expression with *left* and *right* swapped in its text.

    Args:
        expression: ``text`` and, for captions, ``phrases`` with spans into the text.
        whole_words: whether *bright* and *leftmost* stay as they are.

    Raises:
        ValueError: the expression is tokenized already, or a span ends inside a swapped
            word and so cannot follow.
    """
    text = expression['text']
    if 'token_ids' in expression:
        raise ValueError(
            f'{text!r} is tokenized already: TokenizeExpression comes after every '
            'flip, which swaps left and right in the text')
    pattern = WHOLE_SIDES if whole_words else SIDES
    matches = list(pattern.finditer(text))
    swapped = pattern.sub(_other_side, text)
    new = dict(expression, text=swapped)
    if expression.get('phrases') is not None:
        new['phrases'] = [
            dict(phrase, span=[[_follow(edge, matches, text) for edge in part]
                               for part in phrase['span']])
            for phrase in expression['phrases']]
    return new


def _follow(edge: int, matches: list[re.Match], text: str) -> int:
    """Return where the edge of a span lies after the swap of ``matches``."""
    moved = edge
    for match in matches:
        if match.start() < edge < match.end():
            raise ValueError(f'a phrase of {text!r} begins or ends inside '
                             f'{match.group()!r} (character {edge}), which a flip '
                             'replaces; use swap="word" or correct the span')
        if match.end() <= edge:
            moved += len(_other_side(match)) - len(match.group())
    return moved


@TRANSFORMS.register_module()
class RandomApplyUnlessWords(Transform):
    """Apply transforms with a probability, but never when certain words occur.

    A crop moves the frame of *left* and *top*: with such words it is left out.
    When the sample has several expressions, each of them can veto.

    Args:
        transforms: transforms or their configs, applied in order.
        prob: probability when no word occurs.
        words: the words, in any case.
        whole_words: whether *top* in *laptop* does not count. By default it does, as in
            the published code.
    """

    def __init__(self, transforms: Sequence[Union[dict, BaseTransform]], prob: float,
                 words: Sequence[str], *, whole_words: bool = False) -> None:
        self.transforms = [TRANSFORMS.build(item) if isinstance(item, dict) else item
                           for item in transforms]
        self.prob = prob
        self.words = tuple(words)
        self.whole_words = whole_words

    def vetoes(self, text: str) -> bool:
        """Say whether one of the words occurs in the text."""
        text = text.lower()
        if self.whole_words:
            return any(re.search(rf'\b{re.escape(word.lower())}\b', text)
                       for word in self.words)
        return any(word.lower() in text for word in self.words)

    def transform(self, results: dict) -> dict:
        """Apply the transforms to ``results`` unless a word or chance forbids it."""
        texts = [expression['text'] for expression in results['expressions']]
        if any(map(self.vetoes, texts)) or np.random.random() >= self.prob:
            return results
        for transform in self.transforms:
            results = transform(results)
        return results
