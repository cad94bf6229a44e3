"""Logical forms: what a sentence says, apart from its words.

A *selection* denotes any set of objects; a *top* form is a whole sentence and adds what
is presupposed of that set.
"""
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, Callable, Iterator

ATTRIBUTES = ('size', 'fill', 'colour', 'direction')
FILTERS = (*ATTRIBUTES, 'place')
"""Kinds of filters in the order in which a form keeps them."""
_RANKS = {kind: rank for rank, kind in enumerate(FILTERS)}
ANY_SHAPE = 'object'

SIDES = ('left', 'right', 'top', 'bottom')
EXTENTS = ('largest', 'smallest')
CORNERS = ('top left', 'top right', 'bottom left', 'bottom right')
PLACES = (*SIDES, *CORNERS, 'middle')
OPPOSITE = {'left': 'right', 'right': 'left', 'top': 'bottom', 'bottom': 'top',
            'top left': 'bottom right', 'top right': 'bottom left',
            'bottom left': 'top right', 'bottom right': 'top left',
            'left of': 'right of', 'right of': 'left of',
            'above': 'below', 'below': 'above', 'bigger': 'smaller',
            'smaller': 'bigger', 'in front of': 'behind', 'behind': 'in front of'}


@dataclass(frozen=True)
class Objects:
    """Selection: objects of a shape (or any) that pass every (kind, value) filter."""

    shape: str = ANY_SHAPE
    filters: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if len(self.filters) > 1:
            ordered = sorted(self.filters, key=lambda pair: _RANKS[pair[0]])
            object.__setattr__(self, 'filters', tuple(ordered))

    def get(self, kind: str) -> str | None:
        """Return the value of a filter, or of the shape unless any will do."""
        if kind == 'shape':
            return None if self.shape == ANY_SHAPE else self.shape
        for name, value in self.filters:
            if name == kind:
                return value
        return None

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


@cache
def objects_of(words: tuple[tuple[str, str], ...]) -> Objects:
    """Return the objects that all words fit: pairs of 'shape' or a filter, and value.

    They are kept: the same few thousand are in all scenes.
    """
    said = dict(words)
    shape = said.pop('shape', ANY_SHAPE)
    return Objects(shape, tuple(said.items()))


@dataclass(frozen=True)
class Related:
    """Selection: members of ``source`` that have a relation to the landmark.

    Relations are 'left of', 'right of', 'above', 'below', 'next to', 'in front of',
    'behind', 'inside' and 'overlapping'.
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
class Between:
    """Selection: members between two landmarks, or between the two of one ``Count``."""

    source: 'Selection'
    landmarks: tuple['The | Count', ...]


@dataclass(frozen=True)
class Compared:
    """Selection: members 'bigger' or 'smaller' than the landmark."""

    source: 'Selection'
    key: str
    landmark: 'The'


@dataclass(frozen=True)
class Nearest:
    """Selection: the member that is nearest to the landmark."""

    source: 'Selection'
    landmark: 'The'


@dataclass(frozen=True)
class Alike:
    """Selection: members that share an attribute with the landmark, or do not."""

    source: 'Selection'
    kind: str
    same: bool
    landmark: 'The'


@dataclass(frozen=True)
class Without:
    """Selection: members that do not have a value of an attribute."""

    source: 'Selection'
    kind: str
    value: str


@dataclass(frozen=True)
class Except:
    """Selection: members that the other form does not denote."""

    source: 'Selection'
    excluded: 'The | All'


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


Selection = (Objects | Related | Ordinal | Extreme | Between | Compared | Nearest
             | Alike | Without | Except)
Form = The | All | Count | Together
_NAMES = {'objects': Objects, 'related': Related, 'ordinal': Ordinal,
          'extreme': Extreme, 'between': Between, 'compared': Compared,
          'nearest': Nearest, 'alike': Alike, 'without': Without, 'except': Except,
          'the': The, 'all': All, 'count': Count, 'union': Together}
_KEYS = {kind: name for name, kind in _NAMES.items()}
FIELDS = {kind: tuple(field.name for field in fields(kind)) for kind in _KEYS}
"""Names of the fields of every type of form."""
_INNER = ('source', 'landmark', 'landmarks', 'excluded', 'parts')
"""Fields that hold forms; all others hold words."""
PARTS = {kind: tuple(name for name in names if name in _INNER)
         for kind, names in FIELDS.items()}
"""Names of those fields of every type that hold forms."""


def to_json(form: Any) -> Any:
    """Return nested lists such as ``['the', ['objects', 'circle', []]]``."""
    if type(form) in _KEYS:
        values = (getattr(form, name) for name in FIELDS[type(form)])
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
    return nodes(form, Objects)


def with_leaves(form: Any, replacements: Iterator[Objects]) -> Any:
    """Return a copy whose ``Objects`` are taken from an iterator, left to right."""
    if isinstance(form, Objects):
        return next(replacements)
    if isinstance(form, tuple):
        return tuple(with_leaves(item, replacements) for item in form)
    if type(form) in _KEYS:
        return type(form)(*[
            with_leaves(getattr(form, name), replacements) if name in _INNER
            else getattr(form, name) for name in FIELDS[type(form)]])
    return form


def nodes(form: Any, kind: type) -> Iterator[Any]:
    """Yield every part of a form that is of a type, outer ones first."""
    found: list[Any] = []
    _collect(form, kind, found)
    return iter(found)


def _collect(form: Any, kind: type, found: list) -> None:
    own = type(form)
    if own is kind:
        found.append(form)
    if own is tuple:
        for item in form:
            _collect(item, kind, found)
    else:
        for name in PARTS.get(own, ()):
            _collect(getattr(form, name), kind, found)


def parts_by_type(form: Any) -> dict[type, list]:
    """Return all parts of a form by their types, outer ones first, itself included.

    For what asks for several types: each call of ``nodes`` looks through the form.
    """
    found: dict[type, list] = {}
    _collect_all(form, found)
    return found


def _collect_all(form: Any, found: dict[type, list]) -> None:
    own = type(form)
    if own is tuple:
        for item in form:
            _collect_all(item, found)
        return
    if own in found:
        found[own].append(form)
    else:
        found[own] = [form]
    for name in PARTS[own]:
        _collect_all(getattr(form, name), found)


def with_nodes(form: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """Return a copy in which ``change`` was called on the parts of a type."""
    if isinstance(form, kind):
        form = change(form)
    if isinstance(form, tuple):
        return tuple(with_nodes(item, kind, change) for item in form)
    if type(form) in _KEYS and not isinstance(form, Objects):
        return type(form)(*(with_nodes(getattr(form, name), kind, change)
                            for name in FIELDS[type(form)]))
    return form
