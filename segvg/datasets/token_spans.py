"""From spans of characters to tokens, for any tokenizer that tells offsets."""
from typing import Optional, Sequence

import numpy as np

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
