"""Tokenize a caption and its phrases, each phrase also as a text of its own."""
from typing import Union

import numpy as np

from segvg.datasets.transforms.caption import TokenizeCaption
from segvg.registry import TRANSFORMS


def phrase_text(text: str, phrase: dict) -> str:
    """Return the characters of a phrase; parts of it are joined by a blank."""
    return ' '.join(text[begin:end] for begin, end in phrase['span'])


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

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(tokenizer={self.tokenizer}, '
                f'max_length={self.max_length}, '
                f'max_phrase_length={self.max_phrase_length})')
