"""Pick an expression, swap its sides, let its words veto transforms, tokenize it."""
import re
from typing import Sequence, Union

import numpy as np
from mmcv.transforms import BaseTransform

from segvg.registry import TASK_UTILS, TRANSFORMS

# arrays with one entry an instance
INSTANCE_KEYS = ('gt_bboxes', 'image_bboxes', 'gt_masks', 'target_masks',
                 'target_contours')
OTHER_SIDE = {'left': 'right', 'right': 'left'}
SIDES = re.compile('(?ai:left|right)')  # any case of ASCII letters
WHOLE_SIDES = re.compile(r'\b(?ai:left|right)\b')


def used_instances(expression: dict) -> list[int]:
    """Return the instances that an expression or one of its phrases names, in order."""
    named = list(expression['targets'])
    for phrase in expression.get('phrases') or []:
        named += phrase['targets']
    return list(dict.fromkeys(named))


def renumber(expression: dict, instances: Sequence[int]) -> dict:
    """Return the expression with targets counted within ``instances``."""
    number = {instance: new for new, instance in enumerate(instances)}
    new = dict(expression, targets=[number[old] for old in expression['targets']])
    if expression.get('phrases') is not None:
        new['phrases'] = [
            dict(phrase, targets=[number[old] for old in phrase['targets']])
            for phrase in expression['phrases']]
    return new


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
        ValueError: the expression is tokenised already, or a span ends inside a swapped
            word and so cannot follow.
    """
    text = expression['text']
    if 'token_ids' in expression:
        raise ValueError(
            f'{text!r} is tokenised already: TokenizeExpression comes after every '
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
class PickExpression(BaseTransform):
    """Keep one of the expressions, and the instances that it names.

    Args:
        mode: ``'random'`` (another one at every visit) or ``'first'``.
    """
    MODES = ('random', 'first')

    def __init__(self, mode: str = 'random') -> None:
        if mode not in self.MODES:
            raise ValueError(f'mode is one of {self.MODES}, not {mode!r}')
        self.mode = mode

    def transform(self, results: dict) -> dict:
        """Reduce ``results`` to one expression."""
        expressions = results['expressions']
        if not expressions:
            raise ValueError(f'{results.get("img_path")} (sample '
                             f'{results.get("sample_idx")}) has no expression to pick')
        index = np.random.randint(len(expressions)) if self.mode == 'random' else 0
        kept = used_instances(expressions[index])
        results['expressions'] = [renumber(expressions[index], kept)]
        results['instances'] = [results['instances'][number] for number in kept]
        for key in INSTANCE_KEYS:
            if key in results:
                results[key] = results[key][np.array(kept, dtype=np.int64)]
        return results

    def __repr__(self) -> str:
        return f'{type(self).__name__}(mode={self.mode!r})'


@TRANSFORMS.register_module()
class RandomApplyUnlessWords(BaseTransform):
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

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(transforms={self.transforms}, '
                f'prob={self.prob}, words={self.words}, '
                f'whole_words={self.whole_words})')


@TRANSFORMS.register_module()
class TokenizeExpression(BaseTransform):
    """Turn the text of every expression into ids; comes after every flip.

    Adds to each expression ``token_ids`` (L,) int64 and ``text_padding_mask`` (L,)
    bool, all False: expressions are padded where they are batched.

    Args:
        tokenizer: a tokenizer or its config; called with a text and a maximum length.
        max_length: largest L, special tokens included.
    """

    def __init__(self, tokenizer: Union[dict, object], max_length: int) -> None:
        self.tokenizer = (TASK_UTILS.build(tokenizer) if isinstance(tokenizer, dict)
                          else tokenizer)
        self.max_length = max_length

    def transform(self, results: dict) -> dict:
        """Tokenize the expressions of ``results``."""
        expressions = []
        for expression in results['expressions']:
            ids = self.tokenizer(expression['text'], self.max_length)
            padding = np.zeros(len(ids), dtype=bool)
            expressions.append(
                dict(expression, token_ids=ids, text_padding_mask=padding))
        results['expressions'] = expressions
        return results

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(tokenizer={self.tokenizer}, '
                f'max_length={self.max_length})')
