"""All forms of a type that fit a target and need every one of their words.

A sentence is a *leaf* (what the object is) and at most one *condition* (how it stands
to others), or a leaf and an order. With the members of both as bit sets, "denotes the
target" and "nothing can be left out" are a few operations on whole numbers.
"""
from functools import cache
from itertools import combinations
from typing import Callable, Iterator, NamedTuple

from segvg.datasets.synthref.facts import facts_of, members_of
from segvg.datasets.synthref.forms import (
    EXTENTS,
    PLACES,
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
    Without,
)
from segvg.datasets.synthref.levels import Level
from segvg.datasets.synthref.scene import Scene
from segvg.datasets.synthref.semantics import Undecided, pick
from segvg.datasets.synthref.streams import Stream

LANDMARK_WORDS = 2      # attributes in the phrase for a landmark
_PLAIN_PLURAL_SHARE = 0.35
_HOPS = 3               # landmarks found by another relation that are tried
_COMPARABLE = ('shape', 'colour', 'size')


class Leaf(NamedTuple):
    """What objects are: members, and members when one word is left out."""

    objects: Objects
    members: int
    weaker: tuple[int, ...]


class Condition(NamedTuple):
    """How objects stand to others; ``bars`` are kinds that the leaf must not name."""

    members: int
    build: Callable[[Selection], Selection]
    bars: tuple[str, ...] = ()


class Proposer:
    """Forms of one scene, in random order."""

    def __init__(self, scene: Scene, level: Level, stream: Stream) -> None:
        self.scene, self.level, self.stream = scene, level, stream
        self.facts = facts_of(scene)
        self.leaves = cache(self._leaves)
        self.landmark = cache(self._landmark)
        self.conditions = cache(self._conditions)

    # phrases

    def _leaves(self, target: int, most: int) -> list[Leaf]:
        """List what can be said of an object with up to ``most`` attributes."""
        item, found = self.scene.objects[target], []
        kinds = [kind for kind in self.level.attributes
                 if getattr(item, kind) is not None]
        for count in range(most + 1):
            for chosen in combinations(kinds, count):
                sets = [self.facts.having(kind, getattr(item, kind))
                        for kind in chosen]
                objects = Objects(
                    item.shape if 'shape' in chosen else 'object',
                    tuple((kind, getattr(item, kind)) for kind in chosen
                          if kind != 'shape'))
                weaker = tuple(self._common(sets[:k] + sets[k + 1:])
                               for k in range(count))
                found.append(Leaf(objects, self._common(sets), weaker))
        return found

    def _common(self, sets: list[int]) -> int:
        members = self.facts.everything
        for one in sets:
            members &= one
        return members

    def _landmark(self, index: int) -> list[Objects]:
        """List the phrases that single out an object and need each word."""
        bit = 1 << index
        return self.stream.shuffled([
            leaf.objects for leaf in self.leaves(index, LANDMARK_WORDS)
            if leaf.members == bit and bit not in leaf.weaker])

    def groups(self) -> dict[int, Leaf]:
        """Return one leaf for each set of two or more objects."""
        found: dict[int, Leaf] = {}
        for index in range(len(self.scene.objects)):
            for leaf in self.leaves(index, 2):
                if leaf.members.bit_count() > 1 and leaf.members not in leaf.weaker:
                    found.setdefault(leaf.members, leaf)
        return found

    # conditions

    def _conditions(self, kind: str) -> list[Condition]:
        """List the conditions of a type that are decided for all objects."""
        makers = {'attribute': self._nothing, 'place': self._places,
                  'relation': self._relations, 'depth': self._relations,
                  'between': self._between, 'comparison': self._comparisons,
                  'same': self._alike, 'negation': self._negations,
                  'two hop': self._hops, 'order hop': self._hops,
                  'between not': self._between}
        if kind in ('relation', 'depth', 'two hop', 'order hop'):
            return list(makers[kind](kind))
        return list(makers[kind]())

    def _nothing(self) -> Iterator[Condition]:
        yield Condition(self.facts.everything, lambda source: source)

    def _places(self) -> Iterator[Condition]:
        for place in PLACES:
            found = self.facts.at(place)
            if found.true and not found.undecided:
                yield Condition(
                    found.true, lambda source, p=place: source.replace('place', p))

    def _relations(self, kind: str) -> Iterator[Condition]:
        words = self.level.depths if kind == 'depth' else self.level.relations
        for relation in words:
            for index, found in enumerate(self.facts.related(relation)):
                if found.undecided or not found.true:
                    continue
                for phrase in self._far_landmarks(kind, index):
                    yield Condition(found.true, lambda source, r=relation, d=phrase:
                                    Related(source, r, The(d)))

    _hops = _relations

    def _far_landmarks(self, kind: str, index: int) -> list[Selection]:
        """List phrases for a landmark; for hops, with a condition of their own."""
        if kind in ('relation', 'depth'):
            return self.landmark(index)[:2]
        inner = 'relation' if kind == 'two hop' else self.stream.choice(
            ('side', 'extent'))
        found = []
        for form in self.single(inner, index):
            found.append(form.source)
            if len(found) == _HOPS:
                break
        return found

    def _between(self) -> Iterator[Condition]:
        groups = self.groups()
        for (b, c), found in self.facts.between().items():
            if b >= c or found.undecided or not found.true:
                continue
            both = groups.get(1 << b | 1 << c)
            pairs = [(Count(both.objects, 2),)] if both else []
            pairs += [(The(first), The(second)) for first in self.landmark(b)[:1]
                      for second in self.landmark(c)[:1]]
            for pair in pairs:
                yield Condition(found.true,
                                lambda source, p=pair: Between(source, p))

    def _comparisons(self) -> Iterator[Condition]:
        for key, extent in (('smaller', 'largest'), ('bigger', 'smallest')):
            for index, found in enumerate(self.facts.before(extent)):
                if found.undecided or not found.true:
                    continue
                for phrase in self.landmark(index)[:2]:
                    if phrase.get('size') is None:
                        yield Condition(
                            found.true, lambda source, k=key, d=phrase: Compared(
                                source, k, The(d)), ('size',))

    def _alike(self) -> Iterator[Condition]:
        for index, item in enumerate(self.scene.objects):
            for kind in _COMPARABLE:
                alike = self.facts.having(kind, getattr(item, kind))
                for same in (True, False):
                    members = (alike if same else self.facts.everything & ~alike
                               ) & ~(1 << index)
                    for phrase in self.landmark(index)[:2]:
                        if members and phrase.get(kind) is None:
                            yield Condition(
                                members, lambda source, k=kind, s=same, d=phrase:
                                Alike(source, k, s, The(d)), (kind,))

    def _negations(self) -> Iterator[Condition]:
        for kind in self.level.attributes:
            for value in self.level.values(kind):
                having = self.facts.having(kind, value)
                if having and kind != 'direction':
                    yield Condition(
                        self.facts.everything & ~having,
                        lambda source, k=kind, v=value: Without(source, k, v), (kind,))

    # sentences with one target

    def single(self, kind: str, target: int, redundant: bool = False) -> Iterator[The]:
        """Yield forms that denote one object; with ``redundant``, with an idle word."""
        if kind in ('side', 'extent', 'ordinal', 'fourth', 'nearest'):
            yield from self._ordered(kind, target)
            return
        bit, stream = 1 << target, self.stream
        most = 3 if kind == 'attribute' else 2
        for condition in stream.shuffled(self.conditions(kind)):
            if not condition.members & bit:
                continue
            for leaf in stream.shuffled(self.leaves(target, most)):
                if leaf.members & condition.members != bit or self._barred(
                        leaf, condition):
                    continue
                if kind != 'attribute' and leaf.members == bit:
                    continue
                idle = any(w & condition.members == bit for w in leaf.weaker)
                if idle != redundant:
                    continue
                if kind == 'between not':
                    yield from self._denied(leaf, condition, bit)
                else:
                    yield The(condition.build(leaf.objects))

    def _barred(self, leaf: Leaf, condition: Condition) -> bool:
        return any(leaf.objects.get(kind) for kind in condition.bars)

    def _denied(self, leaf: Leaf, condition: Condition, bit: int) -> Iterator[The]:
        """Replace one word of a leaf by what the object is not."""
        for word in leaf.objects.kinds():
            rest = leaf.objects.replace(word, None)
            for negation in self.stream.shuffled(self.conditions('negation')):
                if negation.bars != (word,) or not negation.members & bit:
                    continue
                members = self._common([self.facts.having(kind, rest.get(kind))
                                        for kind in rest.kinds()])
                if members & condition.members & negation.members != bit:
                    continue
                yield The(condition.build(negation.build(rest)))

    def _ordered(self, kind: str, target: int) -> Iterator[The]:
        """Yield orders in which the target wins, or has its rank."""
        bit = 1 << target
        for leaf in self.stream.shuffled(self.leaves(target, 2)):
            for build, after, rank, own in self._orders(kind):
                members = leaf.members & ~own
                if kind == 'extent' and leaf.objects.get('size') or own == bit:
                    continue
                if members.bit_count() < (2 if rank == 1 else max(3, rank)):
                    continue
                if (self._winner(members, after, rank) == bit and not any(
                        self._winner(w & ~own, after, rank) == bit
                        for w in leaf.weaker)):
                    yield The(build(leaf.objects))

    def _orders(self, kind: str) -> list[tuple]:
        """List (build, order, rank, bit of the landmark) of a type, shuffled."""
        facts, found = self.facts, []
        if kind == 'nearest':
            for index in range(len(self.scene.objects)):
                found += [(lambda source, d=phrase: Nearest(source, The(d)),
                           facts.closer(index), 1, 1 << index)
                          for phrase in self.landmark(index)[:1]]
        elif kind in ('side', 'extent'):
            keys = EXTENTS if kind == 'extent' else self.level.sides
            found = [(lambda source, k=key: Extreme(source, k), facts.before(key), 1, 0)
                     for key in keys]
        else:
            ranks = (4,) if kind == 'fourth' else (2, 3)
            found = [(lambda source, r=rank, s=side: Ordinal(source, r, s),
                      facts.before(side), rank, 0)
                     for side in self.level.sides for rank in ranks]
        return self.stream.shuffled(found)

    def _winner(self, members: int, after: list, rank: int) -> int | None:
        if members.bit_count() < max(2, rank):
            return None
        try:
            return pick(members, after, rank)
        except Undecided:
            return None

    # sentences with several targets

    def several(self, kind: str, eligible: int) -> Iterator[Form]:
        """Yield forms that denote two or more of the eligible objects."""
        if kind == 'exception':
            yield from self._exceptions(eligible)
            return
        groups = self.stream.shuffled(self._plural_leaves())
        named = {name for name, _ in self.level.types}
        extra = [name for name in ('relation', 'negation', 'comparison')
                 if name in named]
        conditions = self.stream.shuffled(
            [found for name in extra for found in self.conditions(name)])
        plain_first = self.stream.random() < _PLAIN_PLURAL_SHARE
        conditions = [*self._nothing(), *conditions] if plain_first else [
            *conditions, *self._nothing()]
        for condition in conditions:
            plain = condition.members == self.facts.everything
            for leaf in groups:
                chosen = leaf.members & condition.members
                if (chosen.bit_count() < 2 or chosen & ~eligible
                        or self._barred(leaf, condition)
                        or (not plain and chosen == leaf.members)
                        or (plain and not leaf.objects.kinds())
                        or any(w & condition.members == chosen for w in leaf.weaker)):
                    continue
                form = _quantified(kind, condition.build(leaf.objects), chosen)
                if form:
                    yield form

    def _plural_leaves(self) -> list[Leaf]:
        return list({leaf.objects: leaf for index in range(len(self.scene.objects))
                     for leaf in self.leaves(index, 2)
                     if leaf.members.bit_count() > 1}.values())

    def _exceptions(self, eligible: int) -> Iterator[Form]:
        groups = self.groups()
        for leaf in self.stream.shuffled(self._plural_leaves()):
            if any(w == leaf.members for w in leaf.weaker):
                continue
            excluded = [(1 << index, The(phrase)) for index in members_of(leaf.members)
                        for phrase in self.landmark(index)[:1]]
            excluded += [(bits, All(group.objects)) for bits, group in groups.items()]
            for bits, form in self.stream.shuffled(excluded):
                chosen = leaf.members & ~bits
                if (bits & ~leaf.members or chosen & ~eligible
                        or chosen.bit_count() < 2):
                    continue
                yield All(Except(leaf.objects, form))


def _quantified(kind: str, selection: Selection, chosen: int) -> Form | None:
    number = chosen.bit_count()
    if kind == 'plural':
        return All(selection)
    fits = number == 2 if kind == 'both' else 3 <= number <= 4
    return Count(selection, number) if fits else None
