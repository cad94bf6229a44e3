"""Words that a transform has to respect: sides are swapped, words veto a crop."""
import re
from functools import cache
from typing import Sequence, Union

import numpy as np
from mmcv.transforms import BaseTransform

from segvg.datasets.languages import SIDE_PAIRS, UNSPACED, Pair, script_of
from segvg.datasets.transforms.base import Transform
from segvg.registry import TRANSFORMS

# The Chinese and Japanese characters cannot be taken for words of another language.
DEFAULT_LANGUAGES = ('english', 'chinese', 'japanese')


class SideSwap:
    """Exchanges the words for left and right in texts.

    Args:
        pairs: a word for left and the word for right, each.
        whole_words: whether words inside longer words stay as they are. In scripts
            without blanks between words they never do.
    """

    def __init__(self, pairs: Sequence[Pair], whole_words: bool = True) -> None:
        self.other: dict[str, str] = {}
        for left, right in pairs:
            self.other.setdefault(left.lower(), right)
            self.other.setdefault(right.lower(), left)
        # the longest first, so that no word hides one that it begins
        words = sorted(self.other, key=len, reverse=True)
        bounded = [whole_words and script_of(word) not in UNSPACED for word in words]
        self.pattern = re.compile('|'.join(
            rf'\b{re.escape(word)}\b' if bound else re.escape(word)
            for word, bound in zip(words, bounded)), re.IGNORECASE)

    def replace(self, match: re.Match) -> str:
        """Return the word for the other side, in the same case."""
        word = match.group()
        # a dotless i matches i, but is another letter
        other = self.other.get(word.lower(), word)
        if word.isupper():
            return other.upper()
        return other[0].upper() + other[1:] if word[0].isupper() else other

    def __call__(self, text: str) -> tuple[str, list[re.Match]]:
        """Return the text with its sides swapped, and the words that were found."""
        return self.pattern.sub(self.replace, text), list(self.pattern.finditer(text))


@cache
def side_swap(whole_words: bool, languages: tuple[str, ...] = DEFAULT_LANGUAGES,
              pairs: tuple[Pair, ...] = ()) -> SideSwap:
    """Return what swaps the sides of some languages, and of further pairs.

    Args:
        whole_words: whether *bright* stays as it is. If not, *left* and *right* are
            swapped wherever they occur, as in the published code, and nothing else.
        languages: names in ``SIDE_PAIRS``.
        pairs: further words for left and right; they come before those of languages.
    """
    if not whole_words:
        return SideSwap([('left', 'right')], whole_words=False)
    known = [pair for language in languages for pair in SIDE_PAIRS[language]]
    return SideSwap([*pairs, *known])


def swap_sides(expression: dict, whole_words: bool = False,
               languages: Sequence[str] = DEFAULT_LANGUAGES,
               pairs: Sequence[Pair] = ()) -> dict:
    """Return the expression with the words for left and right swapped in its text.

    Args:
        expression: ``text`` and, for captions, ``phrases`` with spans into the text.
        whole_words: as in ``side_swap``.
        languages: as in ``side_swap``.
        pairs: as in ``side_swap``.

    Raises:
        ValueError: the expression is tokenized already, or a span ends inside a swapped
            word and so cannot follow.
    """
    text = expression['text']
    if 'token_ids' in expression:
        raise ValueError(
            f'{text!r} is tokenized already: TokenizeExpression comes after every '
            'flip, which swaps left and right in the text')
    swap = side_swap(whole_words, tuple(languages), tuple(map(tuple, pairs)))
    swapped, matches = swap(text)
    new = dict(expression, text=swapped)
    if expression.get('phrases') is not None:
        changes = [(match, swap.replace(match)) for match in matches]
        new['phrases'] = [
            dict(phrase, span=[[_follow(edge, changes, text) for edge in part]
                               for part in phrase['span']])
            for phrase in expression['phrases']]
    return new


def _follow(edge: int, changes: list[tuple[re.Match, str]], text: str) -> int:
    """Return where the edge of a span lies after words were replaced."""
    moved = edge
    for match, other in changes:
        if match.start() < edge < match.end() and match.group() != other:
            raise ValueError(f'a phrase of {text!r} begins or ends inside '
                             f'{match.group()!r} (character {edge}), which a flip '
                             'replaces; use swap="word" or correct the span')
        if match.end() <= edge:
            moved += len(other) - len(match.group())
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
