"""Regions of an ODVG caption: boxes, spans and phrases."""
import math
from typing import Optional

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.readers import field_checks
from segvg.annotations.readers.base import ReadOptions, SourceObject
from segvg.annotations.readers.field_checks import read_fields
from segvg.annotations.readers.objects import Errors, check_object
from segvg.annotations.readers.spans import Span, check_spans


def _is_boxes(value: object) -> bool:
    return field_checks.is_box(value) or (
        field_checks.is_list(value) and bool(value) and all(map(field_checks.is_box, value)))


def _is_phrase(value: object) -> bool:
    return field_checks.is_text(value) or (
        field_checks.is_list(value) and all(map(field_checks.is_text, value)))


REGION_REQUIRED = dict(bbox=_is_boxes, phrase=field_checks.is_anything,
                       tokens_positive=field_checks.is_anything)
REGION_OPTIONAL = dict(phrase=_is_phrase, tokens_positive=field_checks.is_list)


class RegionParser:
    """Checks the regions of a caption.

    Attributes:
        instances: usable boxes, each once.
        phrases: one per region; targets are places in ``instances``.
        errors: what skips the caption.
    """

    def __init__(self, image: Optional[dict], place: Place, ids: dict, *,
                 report: Report, options: ReadOptions) -> None:
        self._place = place
        self._ids = ids
        self._report = report
        self._options = options
        self._size = (image['width'], image['height']) if image else (
            math.inf, math.inf)
        self._numbers: dict[tuple, int] = {}
        self._lost: Errors = []
        self.instances: list[dict] = []
        self.phrases: list[dict] = []
        self.errors: Errors = []

    def read_all(self, regions: list, text: Optional[str]) -> None:
        """Check all regions of a caption; one that loses all its boxes is skipped.

        Without a box it would read as a picture that shows nothing of what it says.
        """
        for number, region in enumerate(regions):
            self._read(region, text, self._place.child(f'.grounding.regions[{number}]'))
        if self._lost and not self.instances:
            self.errors += self._lost
            if self._options.check >= Check.FAST:
                self._report.add('caption_without_boxes', self._place, **self._ids)

    def _read(self, record: object, text: Optional[str], place: Place) -> None:
        region, errors = read_fields(record, REGION_REQUIRED, REGION_OPTIONAL,
                                     self._report, place, **self._ids)
        self.errors += errors
        boxes = region.get('bbox', [])
        boxes = [boxes] if field_checks.is_box(boxes) else boxes
        targets = [self._read_box(box, place) for box in boxes]
        if text is None:
            return
        listed = region.get('tokens_positive', [])
        spans = check_spans(listed, len(text), self._report,
                            place.child('.tokens_positive'), **self._ids)
        if self._options.check >= Check.FAST and len(spans) == len(listed) and (
                not _says(region.get('phrase'), spans, text)):
            self._report.add('span_text_mismatch', place, value=region['phrase'],
                             **self._ids)
        if spans:
            self.phrases.append(dict(span=sorted(spans), targets=[
                target for target in targets if target is not None]))

    def _read_box(self, box: list, place: Place) -> Optional[int]:
        """Check a box; its place among the instances, None when it is of no use."""
        bbox = [float(value) for value in box]
        if tuple(bbox) in self._numbers:
            return self._numbers[tuple(bbox)]
        instance, errors = check_object(
            SourceObject(None, bbox, place, has_mask=False), *self._size, self._report,
            self._options, **self._ids)
        for code, value in errors:
            self._report.add(code, place, 'box_dropped', value=value, **self._ids)
        self._lost += errors
        if errors:
            return None
        self._numbers[tuple(bbox)] = len(self.instances)
        self.instances.append(instance)
        return self._numbers[tuple(bbox)]


def _says(phrase: object, spans: list[Span], text: str) -> bool:
    """Whether spans mark the words of a phrase, which is one string or one a span."""
    words = [text[start:end] for start, end in spans]
    if isinstance(phrase, list):
        return phrase == words
    if not spans:
        return not phrase
    hull = text[min(span[0] for span in spans):max(span[1] for span in spans)]
    return phrase is None or phrase in (' '.join(words), hull)
