"""Use ``texts.usable_spans``; this goes when no reader imports it."""
from segvg.annotations.checks import Place, Report
from segvg.annotations.readers.base import Context, ReadOptions
from segvg.annotations.readers.texts import Span, is_span, usable_spans

__all__ = ['Span', 'check_spans', 'is_span']


def check_spans(spans: list, length: int, report: Report, place: Place,
                **ids: object) -> list[Span]:
    """Use ``texts.usable_spans``."""
    return usable_spans(Context(report, ReadOptions(), place, ids), spans, length)
