"""Logical forms: what a sentence says, apart from its words.

A *selection* denotes any set of objects; a *top* form is a whole sentence and adds what
is presupposed of that set.
"""
from dataclasses import dataclass, fields
from typing import Any, Iterator

ATTRIBUTES = ('size', 'colour')
FILTERS = (*ATTRIBUTES, 'place')
"""Kinds of filters in the order in which a form keeps them."""
ANY_SHAPE = 'object'

SIDES = ('left', 'right', 'top', 'bottom')
EXTENTS = ('largest', 'smallest')
CORNERS = ('top left', 'top right', 'bottom left', 'bottom right')
PLACES = (*SIDES, *CORNERS, 'middle')
OPPOSITE = {'left': 'right', 'right': 'left', 'top': 'bottom', 'bottom': 'top',
            'top left': 'bottom right', 'top right': 'bottom left',
            'bottom left': 'top right', 'bottom right': 'top left',
            'left of': 'right of', 'right of': 'left of',
            'above': 'below', 'below': 'above'}


@dataclass(frozen=True)
class Objects:
    """Selection: objects of a shape (or any) that pass every (kind, value) filter."""

    shape: str = ANY_SHAPE
    filters: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        ordered = tuple(sorted(self.filters, key=lambda pair: FILTERS.index(pair[0])))
        object.__setattr__(self, 'filters', ordered)

    def get(self, kind: str) -> str | None:
        """Return the value of a filter, or of the shape unless any will do."""
        if kind == 'shape':
            return None if self.shape == ANY_SHAPE else self.shape
        return dict(self.filters).get(kind)

    def replace(self, kind: str, value: str | None) -> 'Objects':
        """Return a copy with another value of the shape or a filter, None drops it."""
        if kind == 'shape':
            return Objects(value or ANY_SHAPE, self.filters)
        rest = tuple(pair for pair in self.filters if pair[0] != kind)
        return Objects(self.shape, rest if value is None else (*rest, (kind, value)))

    def kinds(self) -> tuple[str, ...]:
        """Return what is said: 'shape' and the kinds of the filters."""
        named = () if self.shape == ANY_SHAPE else ('shape',)
        return (*named, *(kind for kind, _ in self.filters))


@dataclass(frozen=True)
class Related:
    """Selection: members of ``source`` that stand in a relation to the landmark.

    Relations are 'left of', 'right of', 'above', 'below' and 'next to'.
    """

    source: 'Selection'
    relation: str
    landmark: 'The'


@dataclass(frozen=True)
class Ordinal:
    """Selection: number ``rank`` (from 1) of ``source``, counted from a side."""

    source: 'Selection'
    rank: int
    side: str


@dataclass(frozen=True)
class Extreme:
    """Selection: the member furthest to a side, or the largest or smallest one."""

    source: 'Selection'
    key: str


@dataclass(frozen=True)
class The:
    """Top: the one object of a selection; also what a landmark is."""

    source: 'Selection'


@dataclass(frozen=True)
class All:
    """Top: all objects of a selection, two or more."""

    source: 'Selection'


@dataclass(frozen=True)
class Count:
    """Top: all objects of a selection that has exactly ``number``; both = 2."""

    source: 'Selection'
    number: int


@dataclass(frozen=True)
class Together:
    """Top: what several top forms denote together."""

    parts: tuple['Form', ...]


Selection = Objects | Related | Ordinal | Extreme
Form = The | All | Count | Together
_NAMES = {'objects': Objects, 'related': Related, 'ordinal': Ordinal,
          'extreme': Extreme, 'the': The, 'all': All, 'count': Count, 'union': Together}
_KEYS = {kind: name for name, kind in _NAMES.items()}


def to_json(form: Any) -> Any:
    """Return nested lists such as ``['the', ['objects', 'circle', []]]``."""
    if type(form) in _KEYS:
        values = (getattr(form, field.name) for field in fields(form))
        return [_KEYS[type(form)], *(to_json(value) for value in values)]
    return [to_json(item) for item in form] if isinstance(form, tuple) else form


def from_json(record: Any) -> Any:
    """Undo ``to_json``."""
    if not isinstance(record, list):
        return record
    if record and isinstance(record[0], str) and record[0] in _NAMES:
        return _NAMES[record[0]](*(from_json(value) for value in record[1:]))
    return tuple(from_json(item) for item in record)


def leaves(form: Any) -> Iterator[Objects]:
    """Yield every ``Objects`` of a form, from left to right."""
    if isinstance(form, Objects):
        yield form
    elif isinstance(form, tuple):
        for item in form:
            yield from leaves(item)
    elif type(form) in _KEYS:
        for field in fields(form):
            yield from leaves(getattr(form, field.name))


def with_leaves(form: Any, replacements: Iterator[Objects]) -> Any:
    """Return a copy whose ``Objects`` are taken from an iterator, left to right."""
    if isinstance(form, Objects):
        return next(replacements)
    if isinstance(form, tuple):
        return tuple(with_leaves(item, replacements) for item in form)
    if type(form) in _KEYS:
        return type(form)(*(with_leaves(getattr(form, field.name), replacements)
                            for field in fields(form)))
    return form
