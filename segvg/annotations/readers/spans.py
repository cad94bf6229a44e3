"""Character spans of phrases in a text."""
from segvg.annotations.checks import Place, Report
from segvg.annotations.readers import field_checks

Span = list[int]


def is_span(value: object) -> bool:
    """Whether a value is a list of two integers."""
    return field_checks.is_list(value) and len(value) == 2 and all(map(field_checks.is_int, value))


def check_spans(spans: list, length: int, report: Report, place: Place,
                **ids: object) -> list[Span]:
    """The spans that mark characters of a text of ``length``; the others are reported.

    A span that is left out costs nothing but itself.
    """
    kept = []
    for number, span in enumerate(spans):
        code = None
        if not is_span(span):
            code = 'bad_type'
        elif not 0 <= span[0] <= span[1] <= length:
            code = 'span_out_of_range'
        elif span[0] == span[1]:
            code = 'span_empty'
        if code is None:
            kept.append(span)
        else:
            report.add(code, place.child(f'[{number}]'), value=span, **ids)
    return kept
