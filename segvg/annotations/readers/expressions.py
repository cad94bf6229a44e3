"""Expressions of sources that have no sentence lists: checked, then grouped."""
from dataclasses import dataclass, field
from typing import Optional

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.readers.base import ReadOptions
from segvg.annotations.readers.lines import LineGrouper
from segvg.annotations.readers.objects import Errors
from segvg.annotations.readers.texts import (
    AmbiguousTexts,
    RepeatedTexts,
    SplitLeaks,
    check_blank,
)


@dataclass
class SourceExpr:
    """An expression as a reader found it.

    Attributes:
        record: that of a group line, without targets; without a text when there is
            none. The targets of its phrases are places in ``instances``.
        split: its split.
        image: image of the group line; None when it cannot be made.
        instances: its targets.
        errors: what skips it.
        place: where it stands.
        scope: texts of one scope, such as a ref, should not repeat.
        ids: ``image_id``, ``ref_id``, ``expr_id`` for the report.
        target_keys: what tells its targets from others; None takes their ids.
    """

    record: dict
    split: str
    image: Optional[dict]
    instances: list[dict]
    errors: Errors
    place: Place
    scope: object
    ids: dict = field(default_factory=dict)
    target_keys: Optional[frozenset] = None


class ExprCollector:
    """Checks the texts of expressions, one after the other, and groups those kept."""

    def __init__(self, report: Report, options: ReadOptions) -> None:
        self._report = report
        self._check = options.check
        self._leaks = SplitLeaks()
        self._repeated, self._ambiguous = RepeatedTexts(), AmbiguousTexts()
        self._sizes: dict[tuple[str, str], tuple[int, int]] = {}
        self.grouper = LineGrouper()

    def add(self, source: SourceExpr) -> bool:
        """Report what is wrong with an expression; whether it is kept."""
        for code, value in source.errors:
            self._report.add(code, source.place, 'skip', value=value, **source.ids)
        self.check_leak(source.split, source.place, **source.ids)
        if 'text' not in source.record or self._is_blank(source):
            return False
        if source.errors or source.image is None:
            return False
        self.keep(source)
        return True

    def keep(self, source: SourceExpr) -> None:
        """Group an expression whose text was checked, and compare it with others."""
        self._compare_size(source, source.image)
        self.grouper.add(source.split, source.image, source.record, source.instances)
        if self._check >= Check.FAST:
            self._compare(source)

    def check_leak(self, split: str, place: Place, image_id: Optional[str] = None,
                   **ids: object) -> None:
        """Report an image of another split, once for each split."""
        if self._check >= Check.FAST and image_id is not None:
            self._leaks.check(image_id, split, self._report, place, **ids)

    def _compare_size(self, source: SourceExpr, image: dict) -> None:
        """Report a size that is not the one of the image's line, which is the first."""
        size = (image['width'], image['height'])
        first = self._sizes.setdefault((source.split, image['id']), size)
        if first != size and self._check >= Check.FAST:
            self._report.add(
                'image_size_mismatch', source.place, **source.ids,
                value=f'{size[0]}x{size[1]}, earlier {first[0]}x{first[1]}')

    def _is_blank(self, source: SourceExpr) -> bool:
        text = source.record['text']
        if self._check >= Check.FAST and not source.record.get('caption'):
            self._repeated.check(text, (source.split, source.scope), self._report,
                                 source.place, **source.ids)
        return check_blank(text, self._report, source.place, self._check, **source.ids)

    def _compare(self, source: SourceExpr) -> None:
        if source.record.get('caption'):
            if not source.instances:
                self._report.add('caption_without_boxes', source.place, **source.ids)
            return
        keys = source.target_keys
        if keys is None:
            keys = frozenset(instance['id'] for instance in source.instances)
        self._ambiguous.check(source.record['text'], (source.split, source.image['id']),
                              keys, self._report, source.place, **source.ids)
