"""What a sentence could mean when the order of its words is lost."""
from itertools import permutations, product
from typing import Any, Iterator

from segvg.synthref.facts import facts_of
from segvg.synthref.forms import (
    Form,
    Objects,
    Related,
    Without,
    leaves,
    nodes,
    with_leaves,
    with_nodes,
)
from segvg.synthref.scene import Scene
from segvg.synthref.semantics import try_evaluate


def readings(form: Form, scene: Scene) -> set[int]:
    """Return the bit sets that forms of the same words denote, where defined."""
    facts = facts_of(scene)
    return {try_evaluate(variant, facts) for variant in rearrangements(form)} - {None}


def bag_of_words_chance(form: Form, scene: Scene) -> float:
    """Return the accuracy that is possible when the order of the words is lost."""
    return 1 / len(readings(form, scene))


def count_readings(form: Form, scene: Scene) -> int:
    """Return how many readings denote none, one or several objects, as the form does.

    One divided by it is the accuracy of a guess that knows which of the three it is.
    """
    kind = min(try_evaluate(form, facts_of(scene)).bit_count(), 2)
    return sum(min(bits.bit_count(), 2) == kind for bits in readings(form, scene))


def rearrangements(form: Form) -> set[Form]:
    """Return the forms whose phrases use the same words, distributed in any way."""
    found = set()
    for base in _relations_dealt(form):
        for other in _negations_dealt(base):
            found |= _words_dealt(other)
    return found


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
