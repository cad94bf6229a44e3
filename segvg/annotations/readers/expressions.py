"""Expressions of sources: checked, compared with each other, grouped into lines."""
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Optional

from segvg.annotations.readers.base import Context, Errors
from segvg.annotations.readers.field_checks import is_text, show
from segvg.annotations.readers.texts import clean_text


@dataclass
class FoundExpr:
    """An expression as a reader found it.

    Attributes:
        ctx: where it stands; with ``image_id``, ``ref_id`` and ``expr_id``.
        record: that of a group line, without targets; without a text when there is
            none, and with a text of any type. The targets of its phrases are positions
            in ``instances``.
        split: its split; None when it is not known.
        image: image of the group line; None when it cannot be made.
        instances: its targets.
        errors: what skips it.
        scope: texts of one scope, such as a ref, should not repeat.
        target_keys: what distinguishes its targets from others; None takes their ids.
    """

    ctx: Context
    record: dict
    split: Optional[str]
    image: Optional[dict]
    instances: list[dict]
    errors: Errors
    scope: object = None
    target_keys: Optional[frozenset] = None


class ExprCollector:
    """Checks expressions, one after the other, and groups those that are kept.

    There is one line per image and split, in the order in which they were first named.
    """

    def __init__(self) -> None:
        self._lines: dict[tuple, dict] = {}
        self._positions: dict[tuple, dict] = {}  # of the instances of a line, by id
        self._splits: dict[object, set[str]] = {}  # of an image
        self._texts: set[tuple] = set()
        self._targets: dict[tuple, set[frozenset]] = {}  # of a text about an image
        self._sizes: dict[tuple, tuple[int, int]] = {}  # of the image of a line

    def add(self, expr: FoundExpr) -> bool:
        """Check an expression and group it; whether it is kept.

        Its instances are identified by their ids.
        """
        if not self.check(expr) or expr.split is None or expr.image is None:
            return False
        line, positions = self._line(expr.split, expr.image)
        places = [_position(line, positions, instance) for instance in expr.instances]
        record = {**expr.record, 'targets': sorted(set(places))}
        if 'phrases' in record:
            record['phrases'] = [
                {**phrase, 'targets': sorted({places[i] for i in phrase['targets']})}
                for phrase in record['phrases']]
        line['exprs'].append(record)
        return True

    def add_object(self, split: str, image: dict, instance: dict) -> None:
        """Add an object that no expression means to the line of its image."""
        line, positions = self._line(split, image)
        if instance['id'] not in positions:
            _position(line, positions, {**instance, 'ref': False})

    def lines(self) -> Iterator[dict]:
        """The group lines of what was added so far."""
        return iter(self._lines.values())

    def check(self, expr: FoundExpr) -> bool:
        """Report what is wrong with an expression; whether to keep it."""
        ctx, errors = expr.ctx, list(expr.errors)
        text = expr.record.get('text')
        if 'text' in expr.record and not is_text(text):
            errors.append(('bad_type', show(text)))
        ctx.skip(errors)
        self.check_leak(ctx, expr.split)
        if not is_text(text) or not self._says_something(expr, text) or errors:
            return False
        if expr.split is None or expr.image is None:
            return False
        if ctx.is_fast:
            self._compare(expr, text, expr.image)
        return True

    def check_leak(self, ctx: Context, split: Optional[str]) -> None:
        """Report an image of another split, once for each split.

        A split counts as the one its name begins with: testA as test, val_flickr30k
        as val.
        """
        image_id = ctx.ids.get('image_id')
        if not ctx.is_fast or split is None or image_id is None:
            return
        group = 'test' if split.startswith('test') else split.partition('_')[0]
        if group not in ('train', 'val', 'test'):
            return
        seen = self._splits.setdefault(image_id, set())
        if seen and group not in seen:
            ctx.note('split_leak', f'{split}, also in {", ".join(sorted(seen))}')
        seen.add(group)

    def _says_something(self, expr: FoundExpr, text: str) -> bool:
        """Report a text that is blank, or that repeats in its scope; False if blank."""
        ctx = expr.ctx
        if not text.strip():
            ctx.skip([('expr_empty', text)])
            return False
        if not ctx.is_fast:
            return True
        cleaned = clean_text(text)
        if not cleaned:
            ctx.note('expr_empty_after_clean', text)
        elif not expr.record.get('caption'):
            key = (expr.split, expr.scope, cleaned)
            if key in self._texts:
                ctx.note('expr_duplicate_in_ref', text)
            self._texts.add(key)
        return True

    def _compare(self, expr: FoundExpr, text: str, image: dict) -> None:
        """Compare an expression with others of its image, and what they say of it.

        The first size of an image is the one of its line.
        """
        ctx, size = expr.ctx, (image['width'], image['height'])
        first = self._sizes.setdefault((expr.split, image['id']), size)
        if first != size:
            ctx.note('image_size_mismatch', f'{size[0]}x{size[1]}, earlier '
                                            f'{first[0]}x{first[1]}')
        if expr.record.get('caption'):
            if not expr.instances:
                ctx.note('caption_without_boxes')
            return
        targets = expr.target_keys
        if targets is None:
            targets = frozenset(instance['id'] for instance in expr.instances)
        seen = self._targets.setdefault(
            (expr.split, image['id'], clean_text(text)), set())
        if seen - {targets}:
            ctx.note('expr_ambiguous', text)
        seen.add(targets)

    def _line(self, split: str, image: dict) -> tuple[dict, dict]:
        key = (split, image['id'])
        if key not in self._lines:
            self._lines[key] = dict(image=image, split=split, instances=[], exprs=[])
            self._positions[key] = {}
        return self._lines[key], self._positions[key]


def _position(line: dict, positions: dict, instance: dict) -> int:
    """Where an instance is in its line; it is appended when it is new."""
    if instance['id'] not in positions:
        positions[instance['id']] = len(line['instances'])
        line['instances'].append(instance)
    return positions[instance['id']]
