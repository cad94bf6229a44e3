"""What a sentence could mean when the order of its words is lost."""
from itertools import islice, permutations, product
from operator import and_
from typing import Any, Iterator, Sequence

from segvg.synthref.facts import Facts, facts_of
from segvg.synthref.forms import (
    ANY_SHAPE,
    FIELDS,
    Form,
    Objects,
    Related,
    The,
    Without,
    leaves,
    nodes,
    with_leaves,
    with_nodes,
)
from segvg.synthref.scene import Scene
from segvg.synthref.semantics import means, try_evaluate


class Phrase:
    """Stands for the words of a phrase by the objects that they select.

    Attributes:
        members: bit set.
        is_one: whether the whole form is undefined unless it selects one object.
    """

    __slots__ = ('members', 'is_one')

    def __init__(self, is_one: bool) -> None:
        self.members, self.is_one = 0, is_one


@means(Phrase)
def _(form: Phrase, facts: Facts) -> int:
    return form.members


def readings(form: Form, scene: Scene) -> Iterator[int]:
    """Yield each bit set that forms of the same words denote, where defined.

    Those of ``rearrangements``, without making each of them: many ways to distribute
    words select the same objects.
    """
    facts, found = facts_of(scene), {None}
    for frame in _frames(form):
        parts = frame.parts
        for dealt in _members_dealt(frame.phrases, facts):
            for part, members in zip(parts, dealt):
                if part.is_one and members.bit_count() != 1:
                    break    # undefined; the same as what follows, but sooner
                part.members = members
            else:
                bits = try_evaluate(frame.form, facts)
                if bits not in found:
                    found.add(bits)
                    yield bits


class _Frame:
    """A form without the words of its phrases.

    Attributes:
        form: has a ``Phrase`` for each ``Objects``.
        phrases: the ``Objects``, from left to right.
        parts: what stands for them.
        is_simple: whether no relation and no "not" can be elsewhere.
    """

    def __init__(self, form: Form) -> None:
        self.phrases: list[Objects] = []
        self.parts: list[Phrase] = []
        self._whole, self._moving = form, 0
        self.form = self._copy(form, False)
        self.is_simple = self._moving < 2

    def _copy(self, form: Any, is_one: bool) -> Any:
        kind = type(form)
        if kind is Objects:
            part = Phrase(is_one)
            self.phrases.append(form)
            self.parts.append(part)
            return part
        if kind is tuple:
            return tuple([self._copy(item, False) for item in form])
        if kind not in FIELDS:
            return form
        # one relation has no other place, one "not" has the other words of its phrase
        self._moving += 1 if kind is Related else 2 if kind is Without else 0
        is_one = kind is The and form is not self._whole
        return kind(*[self._copy(getattr(form, name), is_one)
                      for name in FIELDS[kind]])


def _frames(form: Form) -> Iterator[_Frame]:
    """Yield the frames that relations and "not" can be distributed in."""
    frame = _Frame(form)
    if frame.is_simple:
        yield frame
        return
    yield from map(_Frame, _relations_and_negations_dealt(form))


def bag_of_words_chance(form: Form, scene: Scene) -> float:
    """Return the accuracy that is possible when the order of the words is lost."""
    return 1 / len(list(readings(form, scene)))


def count_readings(form: Form, scene: Scene, most: int | None = None) -> int:
    """Return how many readings denote none, one or several objects, as the form does.

    One divided by it is the accuracy of a guess that knows which of the three it is.
    It stops at ``most``.
    """
    kind = min(try_evaluate(form, facts_of(scene)).bit_count(), 2)
    alike = (bits for bits in readings(form, scene)
             if min(bits.bit_count(), 2) == kind)
    return len(list(islice(alike, most)))


def rearrangements(form: Form) -> set[Form]:
    """Return the forms whose phrases use the same words, distributed in any way."""
    return set().union(*map(_words_dealt, _relations_and_negations_dealt(form)))


def _members_dealt(phrases: Sequence[Objects], facts: Facts) -> set[tuple[int, ...]]:
    """Return what the phrases select, for each way to distribute their words.

    Nothing where a place is undecided: some phrase has it in every way.
    """
    said: dict[str, list[int]] = {}
    for number, phrase in enumerate(phrases):
        words = phrase.filters
        if phrase.shape != ANY_SHAPE:
            words = (('shape', phrase.shape), *words)
        for kind, value in words:
            if kind not in said:
                said[kind] = [facts.everything] * len(phrases)
            if kind != 'place':
                said[kind][number] = facts.having(kind, value)
            elif facts.at(value).undecided:
                return set()
            else:
                said[kind][number] = facts.at(value).true
    dealt = {(facts.everything,) * len(phrases)}
    for chosen in said.values():
        ways = set(permutations(chosen))
        dealt = {tuple(map(and_, one, other)) for one in dealt for other in ways}
    return dealt


def _relations_and_negations_dealt(form: Form) -> Iterator[Form]:
    """Distribute relations, and move "not" in each of the forms."""
    for base in _relations_dealt(form):
        yield from _negations_dealt(base)


def _words_dealt(form: Form) -> set[Form]:
    """Distribute shapes and attributes over the phrases."""
    phrases = list(leaves(form))
    if len(phrases) == 1:
        return {form}
    kinds = sorted({kind for phrase in phrases for kind in phrase.kinds()} - {'shape'})
    shapes = set(permutations(phrase.shape for phrase in phrases))
    deals = product(shapes, *(
        set(permutations(phrase.get(kind) for phrase in phrases)) for kind in kinds))
    forms = set()
    for names, *deal in deals:
        dealt = [Objects(name, tuple((kind, values[place]) for kind, values in zip(
            kinds, deal) if values[place])) for place, name in enumerate(names)]
        forms.add(with_leaves(form, iter(dealt)))
    return forms


def _relations_dealt(form: Form) -> Iterator[Form]:
    """Distribute the relations over the phrases when there are several."""
    related = list(nodes(form, Related))
    if len(related) < 2:
        yield form
        return
    for words in set(permutations(node.relation for node in related)):
        left = iter(words)

        def change(node: Any, left: Iterator[str] = left) -> Any:
            return Related(node.source, next(left), node.landmark)
        yield with_nodes(form, Related, change)


def _negations_dealt(form: Form) -> Iterator[Form]:
    """Move "not" to another word of the same phrase."""
    yield form
    for negated in nodes(form, Without):
        leaf = negated.source
        if not isinstance(leaf, Objects):
            continue
        for kind in leaf.kinds():
            plain = leaf.replace(kind, None).replace(negated.kind, negated.value)
            changed = Without(plain, kind, leaf.get(kind))
            yield with_nodes(form, Without, lambda _, changed=changed: changed)
