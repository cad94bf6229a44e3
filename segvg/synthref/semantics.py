"""What a form denotes in a scene, with margins so that the answer is visually clear.

Every predicate is true, false or undecided. ``denote`` raises ``Undecided`` as soon as
one object of the scene makes a predicate undecided, and ``Undefined`` when a
presupposition fails, so what it returns can be relied on.
"""
from typing import Any, Callable, Iterator

from segvg.synthref.facts import Facts, Members, facts_of, members_of
from segvg.synthref.forms import (
    ANY_SHAPE,
    EXTENTS,
    Alike,
    All,
    Between,
    Compared,
    Count,
    Except,
    Extreme,
    Form,
    Nearest,
    Objects,
    Ordinal,
    Related,
    Selection,
    The,
    Together,
    Without,
    leaves,
)
from segvg.synthref.scene import Scene


class Undecided(Exception):
    """Some predicate of the form is too close to call."""


class Undefined(Exception):
    """A presupposition fails: no unique object, a wrong count, nothing to compare."""


def denote(form: Form | Selection, scene: Scene) -> frozenset[int]:
    """Return the indices of the objects that a form is about."""
    return frozenset(members_of(evaluate(form, facts_of(scene))))


def try_denote(form: Form, scene: Scene) -> frozenset[int] | None:
    """Return what a form denotes, or None when that is undecided or undefined."""
    bits = try_evaluate(form, facts_of(scene))
    return None if bits is None else frozenset(members_of(bits))


def try_evaluate(form: Form | Selection, facts: Facts) -> int | None:
    """Return the bit set of a form, or None when it is undecided or undefined."""
    try:
        return evaluate(form, facts)
    except (Undecided, Undefined):
        return None


Meaning = Callable[[Any, Facts], int]
# by the type itself: functools.singledispatch takes longer than most meanings
_MEANINGS: dict[type, Meaning] = {}


def means(kind: type) -> Callable[[Meaning], Meaning]:
    """Say what forms of a type denote; for functions as ``evaluate``."""
    def register(meaning: Meaning) -> Meaning:
        _MEANINGS[kind] = meaning
        return meaning
    return register


def evaluate(form: Form | Selection, facts: Facts) -> int:
    """Return the objects that a form is about as a bit set."""
    try:
        meaning = _MEANINGS[type(form)]
    except KeyError:
        raise TypeError(f'{form!r} is not a form') from None
    return meaning(form, facts)


def _decided(members: Members) -> int:
    """Return the objects for which a predicate is true, if it is decided for all."""
    if members.undecided:
        raise Undecided
    return members.true


@means(Objects)
def _(form: Objects, facts: Facts) -> int:
    chosen = facts.everything
    if form.shape != ANY_SHAPE:
        chosen &= facts.having('shape', form.shape)
    for kind, value in form.filters:
        if kind == 'place':
            chosen &= _decided(facts.at(value))
        else:
            chosen &= facts.having(kind, value)
    return chosen


def _landmark(form: The, facts: Facts) -> int:
    """Return the index of the one object that a landmark denotes."""
    bits = evaluate(form, facts)
    if bits.bit_count() != 1:
        raise Undefined('no object, so no landmark')
    return bits.bit_length() - 1


@means(Related)
def _(form: Related, facts: Facts) -> int:
    where = _landmark(form.landmark, facts)
    related = _decided(facts.related(form.relation)[where])
    return evaluate(form.source, facts) & related


@means(Between)
def _(form: Between, facts: Facts) -> int:
    if len(form.landmarks) == 1:
        pair = members_of(evaluate(form.landmarks[0], facts))
    else:
        pair = [_landmark(landmark, facts) for landmark in form.landmarks]
    if len(pair) != 2 or pair[0] == pair[1]:
        raise Undefined('not two landmarks')
    return evaluate(form.source, facts) & _decided(facts.between[tuple(pair)])


@means(Compared)
def _(form: Compared, facts: Facts) -> int:
    where = _landmark(form.landmark, facts)
    # who is smaller comes after the landmark in the order of 'largest'
    key = EXTENTS[('smaller', 'bigger').index(form.key)]
    return evaluate(form.source, facts) & _decided(facts.before(key)[where])


@means(Alike)
def _(form: Alike, facts: Facts) -> int:
    where = _landmark(form.landmark, facts)
    value = getattr(facts.scene.objects[where], form.kind)
    alike = facts.having(form.kind, value)
    chosen = alike if form.same else facts.everything & ~alike
    return evaluate(form.source, facts) & chosen & ~(1 << where)


@means(Without)
def _(form: Without, facts: Facts) -> int:
    return evaluate(form.source, facts) & ~facts.having(form.kind, form.value)


@means(Except)
def _(form: Except, facts: Facts) -> int:
    members, excluded = evaluate(form.source, facts), evaluate(form.excluded, facts)
    if not excluded or excluded & ~members:
        raise Undefined('what is excepted is not among the rest')
    return members & ~excluded


@means(Extreme)
def _(form: Extreme, facts: Facts) -> int:
    return pick(_compared(form.source, facts), facts.before(form.key), 1)


@means(Nearest)
def _(form: Nearest, facts: Facts) -> int:
    where = _landmark(form.landmark, facts)
    members = evaluate(form.source, facts) & ~(1 << where)
    if members.bit_count() == 1:
        raise Undefined('nothing to compare with')
    return pick(members, facts.closer(where), 1)


@means(Ordinal)
def _(form: Ordinal, facts: Facts) -> int:
    members = _compared(form.source, facts)
    if members and members.bit_count() < form.rank:
        raise Undefined(f'number {form.rank} of {members.bit_count()}')
    return pick(members, facts.before(form.side), form.rank)


def _compared(source: Selection, facts: Facts) -> int:
    """Return a set whose members can be compared: empty, or two or more."""
    members = evaluate(source, facts)
    if members.bit_count() == 1:
        raise Undefined('nothing to compare with')
    return members


def pick(members: int, after: list[Members], rank: int) -> int:
    """Return the object with a rank; all before it must clearly precede it."""
    first = 0
    for _ in range(rank if members else 0):
        for index in members_of(members):
            first = 1 << index
            if not members & ~first & ~after[index].true:
                break
        else:
            raise Undecided
        members &= ~first
    return first


@means(The)
def _(form: The, facts: Facts) -> int:
    chosen = evaluate(form.source, facts)
    if chosen.bit_count() > 1:
        raise Undefined(f'{chosen.bit_count()} objects, not one')
    return chosen


@means(All)
def _(form: All, facts: Facts) -> int:
    chosen = evaluate(form.source, facts)
    if chosen.bit_count() == 1:
        raise Undefined('one object, not several')
    return chosen


@means(Count)
def _(form: Count, facts: Facts) -> int:
    chosen = evaluate(form.source, facts)
    if chosen and chosen.bit_count() != form.number:
        raise Undefined(f'{chosen.bit_count()} objects, not {form.number}')
    return chosen


@means(Together)
def _(form: Together, facts: Facts) -> int:
    parts = [evaluate(part, facts) for part in form.parts]
    together = 0
    for part in parts:
        together |= part
    if not all(parts) or together.bit_count() < sum(map(int.bit_count, parts)):
        raise Undefined('a part denotes nothing, or two parts the same object')
    return together


# what admission asks

def idle_words(form: Form, scene: Scene) -> list[str]:
    """Return the shape and filters that exclude no object from their selection."""
    idle, facts = [], facts_of(scene)
    for leaf in leaves(form):
        chosen = evaluate(leaf, facts)
        idle += [kind for kind in leaf.kinds()
                 if evaluate(leaf.replace(kind, None), facts) == chosen]
    return idle


def weaker(selection: Selection) -> Iterator[Selection]:
    """Yield the selection with one thing left out: a word, or a whole condition.

    Landmarks stay as they are; they have weaker selections of their own.
    """
    if isinstance(selection, Objects):
        for kind in selection.kinds():
            yield selection.replace(kind, None)
        return
    yield selection.source
    for source in weaker(selection.source):
        yield type(selection)(source, *(
            getattr(selection, name) for name in list(vars(selection))[1:]))


def landmarks(form: Form | Selection) -> Iterator[The | All | Count]:
    """Yield the forms of the landmarks inside a selection."""
    for name, value in vars(form).items():
        for inner in value if isinstance(value, tuple) else (value,):
            if isinstance(inner, (The, All, Count)):
                yield inner
            elif name == 'source':
                yield from landmarks(inner)


def idle_parts(form: Form, scene: Scene) -> list[Selection]:
    """Return the selections with something left out that denote the same.

    None means: for each word and each condition of the sentence there is an object
    that fails only that one. For an order it means that another object would win.
    """
    facts = facts_of(scene)
    if isinstance(form, Together):
        return [idle for part in form.parts for idle in idle_parts(part, scene)]
    chosen = try_evaluate(form.source, facts)
    idle = [other for other in weaker(form.source)
            if try_evaluate(other, facts) == chosen]
    for landmark in landmarks(form.source):
        idle += idle_parts(landmark, scene)
    return idle
