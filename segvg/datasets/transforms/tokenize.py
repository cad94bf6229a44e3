"""Text to token ids, and spans of characters to tokens."""
from typing import Optional, Sequence, Union

import numpy as np

from segvg.datasets.transforms.base import Transform
from segvg.datasets.transforms.expressions import used_instances
from segvg.registry import TASK_UTILS, TRANSFORMS
from segvg.structures.phrases import phrase_text

Span = Sequence[int]  # [begin, end)


def char_to_token(offsets: Sequence[Span], char: int) -> Optional[int]:
    """Return the token that holds a character; None between words and outside."""
    for number, (begin, end) in enumerate(offsets):
        if begin <= char < end:
            return number
    return None


def span_to_tokens(span: Span, offsets: Sequence[Span]) -> range:
    """Return the tokens of a span of characters; none when it lies between words.

    An edge that is no part of a token is looked for up to two characters inside.

    Source: Kamath et al., "MDETR", ICCV 2021, positive maps.
    """
    begin, end = span
    first = [char_to_token(offsets, begin + shift) for shift in range(3)]
    last = [char_to_token(offsets, end - shift) for shift in range(1, 4)]
    first, last = ([token for token in tokens if token is not None]
                   for tokens in (first, last))
    if not first or not last:
        return range(0)
    return range(first[0], last[0] + 1)


def token_map(spans: Sequence[Span], offsets: Sequence[Span],
              width: Optional[int] = None) -> np.ndarray:
    """Return 1 for every token of the spans, (width,) float32, or (L,) without width.

    Tokens beyond the width (a text that was cut off) are left out.
    """
    row = np.zeros(len(offsets) if width is None else width, dtype=np.float32)
    for span in spans:
        tokens = span_to_tokens(span, offsets)
        row[tokens.start:tokens.stop] = 1
    return row


@TRANSFORMS.register_module()
class TokenizeExpression(Transform):
    """Turn the text of every expression into ids; comes after every flip.

    Adds to each expression ``token_ids`` (L,) int64 and ``text_padding_mask`` (L,)
    bool, all False: expressions are padded where they are batched.

    Args:
        tokenizer: a tokenizer or its config; called with a text and a maximum length.
        max_length: largest L, special tokens included.
    """
    after_flip = True

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


@TRANSFORMS.register_module()
class TokenizeCaption(TokenizeExpression):
    """``TokenizeExpression`` that also says which tokens speak of which target.

    Adds to each expression ``phrase_tokens`` (P, L) when it has phrases and
    ``target_tokens`` (T, L), float32 with ones: for a target those of all phrases that
    it belongs to, for one without a phrase all words. The tokenizer has to give offsets
    (a method ``encode``).

    Args:
        tokenizer: a tokenizer or its config.
        max_length: largest L, special tokens included.

    Source: Kamath et al., "MDETR", ICCV 2021, positive maps.
    """

    def transform(self, results: dict) -> dict:
        """Tokenize the expressions of ``results``."""
        results['expressions'] = [self._tokenize(expression)
                                  for expression in results['expressions']]
        return results

    def _tokenize(self, expression: dict) -> dict:
        """Return the expression with its tokens."""
        text = expression['text']
        ids, offsets = self.tokenizer.encode(text, self.max_length)
        offsets = offsets.tolist()
        phrases = expression.get('phrases') or []
        maps = [token_map(phrase['span'], offsets) for phrase in phrases]
        targets = []
        for number in used_instances(expression):
            named = [row for row, phrase in zip(maps, phrases)
                     if number in phrase['targets']]
            targets.append(np.maximum.reduce(named) if named else
                           token_map([[0, len(text)]], offsets))
        new = dict(
            expression, token_ids=ids, text_padding_mask=np.zeros(len(ids), dtype=bool),
            target_tokens=np.array(targets, dtype=np.float32).reshape(-1, len(ids)))
        if phrases:
            new['phrase_tokens'] = np.stack(maps)
        return new


@TRANSFORMS.register_module()
class TokenizePhrases(TokenizeCaption):
    """``TokenizeCaption`` that also tokenizes every phrase alone.

    Adds to each expression with phrases ``phrase_ids`` (P, L') int64 and
    ``phrase_padding_mask`` (P, L') bool, padded to its longest phrase.

    Args:
        tokenizer: a tokenizer or its config.
        max_length: largest L of the caption, special tokens included.
        max_phrase_length: largest L' of a phrase.

    Source: Li and Sigal, "Referring Transformer", NeurIPS 2021.
    """

    def __init__(self, tokenizer: Union[dict, object], max_length: int = 90,
                 max_phrase_length: int = 22) -> None:
        super().__init__(tokenizer, max_length)
        self.max_phrase_length = max_phrase_length

    def _tokenize(self, expression: dict) -> dict:
        """Return the expression with its tokens and those of its phrases."""
        new = super()._tokenize(expression)
        phrases = expression.get('phrases')
        if not phrases:
            return new
        rows = [self.tokenizer(phrase_text(expression['text'], phrase),
                               self.max_phrase_length) for phrase in phrases]
        padding_mask = np.ones((len(rows), max(map(len, rows))), dtype=bool)
        # Any id may stand where padding is; one of the text is inside the vocabulary.
        ids = np.full(padding_mask.shape, rows[0][0], dtype=np.int64)
        for i, row in enumerate(rows):
            ids[i, :len(row)] = row
            padding_mask[i, :len(row)] = False
        return dict(new, phrase_ids=ids, phrase_padding_mask=padding_mask)
