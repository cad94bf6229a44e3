"""What a sentence could mean when the order of its words is lost."""
from itertools import permutations, product
from operator import and_
from typing import Any, Iterable, Iterator, Sequence

from segvg.synthref.facts import Facts, facts_of
from segvg.synthref.forms import (
    ANY_SHAPE,
    PARTS,
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
    """Stands for the words of a phrase by the objects that they select, a bit set."""

    __slots__ = ('members',)

    def __init__(self) -> None:
        self.members = 0


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
        for bits in frame.meanings(frame.deals(facts), facts):
            if bits not in found:
                found.add(bits)
                yield bits


class _Frame:
    """A form without the words of its phrases.

    Attributes:
        phrases: the ``Objects``, from left to right.
        is_simple: whether no relation and no "not" can be elsewhere.
    """

    def __init__(self, form: Form) -> None:
        self.phrases: list[Objects] = []
        self._single: list[int] = []   # places of those that must select one object
        self._form, self._moving = form, 0
        self._look_through(form, False)
        self.is_simple = self._moving < 2

    def _look_through(self, form: Any, is_one: bool) -> None:
        kind = type(form)
        if kind is Objects:
            if is_one:
                self._single.append(len(self.phrases))
            self.phrases.append(form)
        elif kind is tuple:
            for item in form:
                self._look_through(item, False)
        else:
            # one relation has no other place, one "not" the other words of its phrase
            self._moving += 1 if kind is Related else 2 if kind is Without else 0
            is_one = kind is The and form is not self._form
            for name in PARTS[kind]:
                self._look_through(getattr(form, name), is_one)

    def deals(self, facts: Facts, some: bool = False) -> list[tuple[int, ...]]:
        """List what the phrases select, for each way to distribute their words.

        Without those in which the form is undefined as a phrase for one object selects
        none or several, and where the form shall denote ``some`` object, without those
        in which a phrase selects nothing: then nothing meets it.
        """
        deals = _members_dealt(self.phrases, facts, some)
        return [members for members in deals if all(
            [members[place].bit_count() == 1 for place in self._single])]

    def meanings(self, deals: Iterable[tuple[int, ...]],
                 facts: Facts) -> Iterator[int | None]:
        """Yield what the form denotes for each of the deals."""
        parts = [Phrase() for _ in self.phrases]
        form = with_leaves(self._form, iter(parts))
        for members in deals:
            for part, bits in zip(parts, members):
                part.members = bits
            yield try_evaluate(form, facts)


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
    facts = facts_of(scene)
    own = try_evaluate(form, facts)
    kind, found = min(own.bit_count(), 2), {own}
    if most == 1:
        return 1
    for frame in _frames(form):
        deals = frame.deals(facts, kind > 0)
        if frame.is_simple and len(deals) == 1:
            break    # the form as it is
        for bits in frame.meanings(deals, facts):
            if bits is not None and min(bits.bit_count(), 2) == kind:
                found.add(bits)
                if len(found) == most:
                    return most
    return len(found)


def rearrangements(form: Form) -> set[Form]:
    """Return the forms whose phrases use the same words, distributed in any way."""
    return set().union(*map(_words_dealt, _relations_and_negations_dealt(form)))


def _members_dealt(phrases: Sequence[Objects], facts: Facts,
                   some: bool) -> set[tuple[int, ...]]:
    """Return what the phrases select, for each way to distribute their words.

    Nothing where a place is undecided: some phrase has it in every way. With ``some``
    only those where each phrase selects some object.
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
        if len(phrases) == 2:    # most have two
            dealt = {(one & other, two & another) for one, two in dealt
                     for other, another in ways}
        else:
            dealt = {tuple(map(and_, one, other)) for one in dealt for other in ways}
        if some:    # further words select no more objects
            dealt = {members for members in dealt if all(members)}
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
