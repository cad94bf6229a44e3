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
    parts_by_type,
    with_leaves,
    with_nodes,
)
from segvg.synthref.scene import Scene
from segvg.synthref.semantics import means, try_evaluate


class Phrase:
    """Stands for the words of a phrase by the objects that they select.

    Attributes:
        members: bit set.
        is_one: whether it is in the form ``The``, which several objects do not fit.
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
    for other in _relations_and_negations_dealt(form):
        phrases: list[Objects] = []
        parts: list[Phrase] = []
        frame = _with_phrases(other, phrases, parts, False)
        for dealt in _members_dealt(phrases, facts):
            for part, members in zip(parts, dealt):
                if part.is_one and members & (members - 1):
                    break    # "the" of several; the same as what follows, but sooner
                part.members = members
            else:
                bits = try_evaluate(frame, facts)
                if bits not in found:
                    found.add(bits)
                    yield bits


def _with_phrases(form: Any, phrases: list[Objects], parts: list[Phrase],
                  is_one: bool) -> Any:
    """Return a copy whose ``Objects`` are phrases; list both, from left to right."""
    kind = type(form)
    if kind is Objects:
        phrases.append(form)
        parts.append(Phrase(is_one))
        return parts[-1]
    if kind is tuple:
        return tuple([_with_phrases(item, phrases, parts, False) for item in form])
    if kind not in FIELDS:
        return form
    is_one = kind is The
    return kind(*[_with_phrases(getattr(form, name), phrases, parts, is_one)
                  for name in FIELDS[kind]])


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
    found = parts_by_type(form)
    if Without not in found and len(found.get(Related, ())) < 2:
        yield form
        return
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
