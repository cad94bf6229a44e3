"""Texts of expressions, and spans of characters in them."""
from typing import TypeGuard

from segvg.annotations.readers.base import Context
from segvg.annotations.readers.field_checks import is_int, is_list

Span = list[int]
_REMOVED = str.maketrans('-/', '  ', '.,\'!?"()*#:;')


def clean_text(text: str) -> str:
    """Lower-cased text without punctuation, words separated by single blanks."""
    return ' '.join(text.translate(_REMOVED).lower().split())


def has_latin1_bytes(text: str) -> bool:
    """Whether text read as latin1 shows that its bytes were not ASCII."""
    return not text.isascii() and max(text) <= '\xff'


def is_span(value: object) -> TypeGuard[Span]:
    """Whether a value is a list of two integers."""
    return is_list(value) and len(value) == 2 and all(map(is_int, value))


def span_error(span: Span, length: int) -> str:
    """The code of a span that marks no characters of a text; empty when it does."""
    if not 0 <= span[0] <= span[1] <= length:
        return 'span_out_of_range'
    return 'span_empty' if span[0] == span[1] else ''


def usable_spans(ctx: Context, spans: list, length: int) -> list[Span]:
    """The spans that mark characters of a text of ``length``; the others are reported.

    A span that is left out costs nothing but itself.
    """
    kept = []
    for number, span in enumerate(spans):
        code = span_error(span, length) if is_span(span) else 'bad_type'
        if code:
            ctx.at(f'[{number}]').note(code, span)
        else:
            kept.append(span)
    return kept
