"""Checks of texts: blank, said twice, said of two objects; spans of phrases."""
from typing import TypeGuard

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.readers.base import Context
from segvg.annotations.readers.field_checks import is_int, is_list

Span = list[int]

_REMOVED = str.maketrans('-/', '  ', '.,\'!?"()*#:;')


def clean_text(text: str) -> str:
    """Lower-cased text without punctuation, words parted by single blanks."""
    return ' '.join(text.translate(_REMOVED).lower().split())


def has_latin1_bytes(text: str) -> bool:
    """Whether text read as latin1 shows that its bytes were not ASCII."""
    return not text.isascii() and max(text) <= '\xff'


def check_blank(text: str, report: Report, place: Place, check: Check,
                **ids: object) -> bool:
    """Report a text of nothing, or of nothing but punctuation; whether to skip it."""
    if not text.strip():
        report.add('expr_empty', place, 'skip', value=text, **ids)
        return True
    if check >= Check.FAST and not clean_text(text):
        report.add('expr_empty_after_clean', place, value=text, **ids)
    return False


def is_span(value: object) -> TypeGuard[Span]:
    """Whether a value is a list of two integers."""
    return is_list(value) and len(value) == 2 and all(map(is_int, value))


def usable_spans(ctx: Context, spans: list, length: int) -> list[Span]:
    """The spans that mark characters of a text of ``length``; the others are reported.

    A span that is left out costs nothing but itself.
    """
    kept = []
    for number, span in enumerate(spans):
        code = 'bad_type'
        if is_span(span):
            code = span_error(span, length)
        if code:
            ctx.at(f'[{number}]').note(code, span)
        else:
            kept.append(span)
    return kept


def span_error(span: Span, length: int) -> str:
    """The code of a span that marks no characters of a text; empty when it does."""
    if not 0 <= span[0] <= span[1] <= length:
        return 'span_out_of_range'
    return 'span_empty' if span[0] == span[1] else ''


class RepeatedTexts:
    """Finds texts that say the same of one object."""

    def __init__(self) -> None:
        self._seen: set = set()

    def check(self, text: str, scope: object, report: Report, place: Place,
              **ids: object) -> None:
        """Report a text that occurred before in the same scope, such as a ref."""
        cleaned = clean_text(text)
        if not cleaned:
            return
        if (scope, cleaned) in self._seen:
            report.add('expr_duplicate_in_ref', place, value=text, **ids)
        self._seen.add((scope, cleaned))


class AmbiguousTexts:
    """Finds texts that are said of different objects of one image."""

    def __init__(self) -> None:
        self._seen: dict[tuple, set] = {}

    def check(self, text: str, image: tuple[str, str], targets: frozenset,
              report: Report, place: Place, **ids: object) -> None:
        """Report a text that was kept before for other targets.

        Args:
            text: the expression.
            image: split and id of its image.
            targets: what tells its targets from others: their ids, else their boxes.
            report: takes the finding.
            place: of the expression.
            ids: for the report.
        """
        seen = self._seen.setdefault((*image, clean_text(text)), set())
        if seen - {targets}:
            report.add('expr_ambiguous', place, value=text, **ids)
        seen.add(targets)


class SplitLeaks:
    """Finds images that are in more than one of train, val and test."""

    def __init__(self) -> None:
        self._seen: dict[object, set] = {}

    def check(self, image_id: object, split: str, report: Report, place: Place,
              **ids: object) -> None:
        """Report an image that an earlier record has in another split.

        A split counts as the one its name begins with: testA as test, val_flickr30k
        as val.
        """
        group = 'test' if split.startswith('test') else split.partition('_')[0]
        if group not in ('train', 'val', 'test'):
            return
        seen = self._seen.setdefault(image_id, set())
        if seen and group not in seen:
            report.add('split_leak', place, image_id=image_id,
                       value=f'{split}, also in {", ".join(sorted(seen))}', **ids)
        seen.add(group)
