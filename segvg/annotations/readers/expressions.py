"""Expressions of sources: checked, then grouped into lines."""
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Optional, Union

from segvg.annotations.checks import Place, Report
from segvg.annotations.readers.base import Context, ReadOptions
from segvg.annotations.readers.field_checks import is_text, show
from segvg.annotations.readers.lines import LineGrouper
from segvg.annotations.readers.objects import Errors
from segvg.annotations.readers.texts import (
    AmbiguousTexts,
    RepeatedTexts,
    SplitLeaks,
    check_blank,
)


@dataclass
class FoundExpr:
    """An expression as a reader found it.

    Attributes:
        ctx: where it stands; with ``image_id``, ``ref_id`` and ``expr_id``.
        record: that of a group line, without targets; without a text when there is
            none, and with a text of any type. The targets of its phrases are positions
            in ``instances``.
        split: its split; None when it cannot be told.
        image: image of the group line; None when it cannot be made.
        instances: its targets.
        errors: what skips it.
        scope: texts of one scope, such as a ref, should not repeat.
        target_keys: what tells its targets from others; None takes their ids.
    """

    ctx: Context
    record: dict
    split: Optional[str]
    image: Optional[dict]
    instances: list[dict]
    errors: Errors
    scope: object = None
    target_keys: Optional[frozenset] = None


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

    def __init__(self, ctx: Union[Context, Report],
                 options: Optional[ReadOptions] = None) -> None:
        if not isinstance(ctx, Context):
            ctx = Context(ctx, options)
        self._ctx = ctx
        self._report = ctx.report
        self._check = ctx.options.check
        self._leaks = SplitLeaks()
        self._repeated, self._ambiguous = RepeatedTexts(), AmbiguousTexts()
        self._sizes: dict[tuple[str, str], tuple[int, int]] = {}
        self.grouper = LineGrouper()

    def add(self, expr: Union[FoundExpr, SourceExpr]) -> bool:
        """Report what is wrong with an expression; group it when it is kept."""
        if not isinstance(expr, FoundExpr):
            source = expr
            expr = FoundExpr(
                Context(self._ctx.report, self._ctx.options, source.place, source.ids),
                source.record, source.split, source.image, source.instances,
                source.errors, source.scope, source.target_keys)
        if not self.check(expr):
            return False
        self.grouper.add(expr.split, expr.image, expr.record, expr.instances)
        return True

    def check(self, expr: FoundExpr) -> bool:
        """Report what is wrong with an expression; whether to keep it."""
        ctx, errors = expr.ctx, list(expr.errors)
        text = expr.record.get('text')
        if 'text' in expr.record and not is_text(text):
            errors.append(('bad_type', show(text)))
        ctx.skip(errors)
        self.check_leak(ctx, expr.split)
        if not is_text(text) or self._is_blank(expr, text) or errors:
            return False
        if expr.split is None or expr.image is None:
            return False
        self._compare(expr, text, expr.image)
        return True

    def keep(self, source: SourceExpr) -> None:
        """Group an expression whose text was checked, and compare it with others."""
        expr = FoundExpr(
            Context(self._ctx.report, self._ctx.options, source.place, source.ids),
            source.record, source.split, source.image, source.instances, [])
        self._compare(expr, source.record['text'], source.image)
        self.grouper.add(source.split, source.image, source.record, source.instances)

    def lines(self) -> Iterator[dict]:
        """The group lines of the expressions kept so far."""
        return self.grouper.lines()

    def check_leak(self, ctx: Union[Context, str], split: Optional[str] = None,
                   **ids: object) -> None:
        """Report an image of another split, once for each split."""
        if not isinstance(ctx, Context):  # the old form: split, place, ids
            ctx, split = self._ctx._replace(place=split, ids=ids), ctx
        rest = {**ctx.ids}
        image_id = rest.pop('image_id', None)
        if ctx.is_fast and split is not None and image_id is not None:
            self._leaks.check(image_id, split, ctx.report, ctx.place, **rest)

    def _is_blank(self, expr: FoundExpr, text: str) -> bool:
        ctx = expr.ctx
        if ctx.is_fast and not expr.record.get('caption'):
            self._repeated.check(text, (expr.split, expr.scope), ctx.report,
                                 ctx.place, **ctx.ids)
        return check_blank(text, ctx.report, ctx.place, ctx.options.check, **ctx.ids)

    def _compare(self, expr: FoundExpr, text: str, image: dict) -> None:
        """Compare an expression with others of its image, and their sizes.

        The first size of an image is the one of its line.
        """
        ctx, size = expr.ctx, (image['width'], image['height'])
        first = self._sizes.setdefault((expr.split, image['id']), size)
        if not ctx.is_fast:
            return
        if first != size:
            ctx.note('image_size_mismatch', f'{size[0]}x{size[1]}, earlier '
                                            f'{first[0]}x{first[1]}')
        if expr.record.get('caption'):
            if not expr.instances:
                ctx.note('caption_without_boxes')
            return
        keys = expr.target_keys
        if keys is None:
            keys = frozenset(instance['id'] for instance in expr.instances)
        self._ambiguous.check(text, (expr.split, image['id']), keys, ctx.report,
                              ctx.place, **ctx.ids)
