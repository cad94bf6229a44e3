"""What can be said about objects: their attributes and their relations to others.

A sentence is a *leaf* (what the object is) and at most one *condition* (how it relates
to others), or a leaf and an order. With the members of both as bit sets, "denotes the
target" and "nothing can be left out" are a few operations on whole numbers.
"""
from functools import cache
from itertools import combinations
from typing import Callable, Iterator, NamedTuple

from segvg.synthref.facts import facts_of
from segvg.synthref.forms import (
    PLACES,
    Alike,
    Between,
    Compared,
    Count,
    Objects,
    Related,
    Selection,
    The,
    Without,
    objects_of,
)
from segvg.synthref.levels import Level
from segvg.synthref.scene import Scene
from segvg.synthref.streams import Stream

LANDMARK_WORDS = 2      # attributes in the phrase for a landmark
_HOPS = 3               # landmarks found by another relation that are tried
_COMPARABLE = ('shape', 'colour', 'size')


class Leaf(NamedTuple):
    """A description: its members, and its members when one word is left out."""

    objects: Objects
    members: int
    weaker: tuple[int, ...]


class Condition(NamedTuple):
    """How objects relate to others; the leaf must not name what is in ``bars``."""

    members: int
    build: Callable[[Selection], Selection]
    bars: tuple[str, ...] = ()


@cache
def _phrases(words: tuple[tuple[str, str], ...], most: int) -> list[Objects]:
    """List the objects that ``most`` of the words describe, for each choice of them.

    They are kept: the same few thousand are in all scenes.
    """
    return [objects_of(chosen) for chosen in combinations(words, most)]


@cache
def _choices(count: int, most: int) -> list[tuple[int, tuple[int, ...]]]:
    """List for each choice of ``most`` words the last one and the choices without one.

    Those are places among all choices of fewer words, in order.
    """
    fewer = [chosen for size in range(most)
             for chosen in combinations(range(count), size)]
    places = {chosen: place for place, chosen in enumerate(fewer)}
    return [(chosen[-1] if chosen else 0, tuple(
        [places[chosen[:k] + chosen[k + 1:]] for k in range(most)]))
        for chosen in combinations(range(count), most)]


class ConditionFinder:
    """Leaves, landmarks and conditions of one scene.

    ``describe`` yields the forms of a type for an object; landmarks that are found by
    a condition of their own are made with it.
    """

    def __init__(self, scene: Scene, level: Level, stream: Stream,
                 describe: Callable[[str, int], Iterator[The]]) -> None:
        self.scene, self.level, self.stream = scene, level, stream
        self.facts, self.describe = facts_of(scene), describe
        self._words = cache(self._list_words)
        self.leaves = cache(self._leaves)
        self.landmark = cache(self._landmark)
        self.conditions = cache(self._conditions)

    # phrases

    def _leaves(self, target: int, most: int) -> list[Leaf]:
        """List what can be said of an object with up to ``most`` attributes."""
        words, sets, members = self._words(target)
        found = list(self.leaves(target, most - 1)) if most else []
        for objects, (last, without) in zip(_phrases(words, most),
                                            _choices(len(words), most)):
            if most:
                members.append(members[without[-1]] & sets[last])
            found.append(Leaf(objects, members[-1],
                              tuple([members[place] for place in without])))
        return found

    def _list_words(self, target: int) -> tuple[tuple, list[int], list[int]]:
        """Return the words for an object, what each of them selects, and a list.

        It is for what several words select, in the order in which leaves are made.
        """
        item = self.scene.objects[target]
        words = tuple([(kind, getattr(item, kind)) for kind in self.level.attributes
                       if getattr(item, kind) is not None])
        sets = [self.facts.having(*word) for word in words]
        return words, sets, [self.facts.everything]

    def common(self, sets: list[int]) -> int:
        """Return the objects that are in every set."""
        members = self.facts.everything
        for one in sets:
            members &= one
        return members

    def _landmark(self, index: int) -> list[The]:
        """List phrases that single out an object and need each of their words."""
        bit = 1 << index
        return self.stream.shuffled([
            The(leaf.objects) for leaf in self.leaves(index, LANDMARK_WORDS)
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
        makers = {'attribute': self.nothing, 'place': self._places,
                  'relation': self._relations, 'depth': self._relations,
                  'between': self._between, 'comparison': self._comparisons,
                  'same': self._alike, 'negation': self._negations,
                  'two hop': self._hops, 'order hop': self._hops,
                  'between not': self._between}
        if kind in ('relation', 'depth', 'two hop', 'order hop'):
            return list(makers[kind](kind))
        return list(makers[kind]())

    def nothing(self) -> Iterator[Condition]:
        """Yield the condition that all objects meet."""
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
                                    Related(source, r, d))

    _hops = _relations

    def _far_landmarks(self, kind: str, index: int) -> list[The]:
        """List phrases for a landmark; for two hops, phrases with a condition."""
        if kind in ('relation', 'depth'):
            return self.landmark(index)[:2]
        inner = 'relation' if kind == 'two hop' else self.stream.choice(
            ('side', 'extent'))
        found = []
        for form in self.describe(inner, index):
            found.append(form)
            if len(found) == _HOPS:
                break
        return found

    def _between(self) -> Iterator[Condition]:
        groups = self.groups()
        for (b, c), found in self.facts.between.items():
            if b >= c or found.undecided or not found.true:
                continue
            both = groups.get(1 << b | 1 << c)
            pairs = [(Count(both.objects, 2),)] if both else []
            pairs += [(first, second) for first in self.landmark(b)[:1]
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
                    if phrase.source.get('size') is None:
                        yield Condition(
                            found.true, lambda source, k=key, d=phrase: Compared(
                                source, k, d), ('size',))

    def _alike(self) -> Iterator[Condition]:
        for index, item in enumerate(self.scene.objects):
            for kind in _COMPARABLE:
                alike = self.facts.having(kind, getattr(item, kind))
                for same in (True, False):
                    members = (alike if same else self.facts.everything & ~alike
                               ) & ~(1 << index)
                    for phrase in self.landmark(index)[:2]:
                        if members and phrase.source.get(kind) is None:
                            yield Condition(
                                members, lambda source, k=kind, s=same, d=phrase:
                                Alike(source, k, s, d), (kind,))

    def _negations(self) -> Iterator[Condition]:
        for kind in self.level.attributes:
            for value in self.level.values(kind):
                having = self.facts.having(kind, value)
                if having and kind != 'direction':
                    yield Condition(
                        self.facts.everything & ~having,
                        lambda source, k=kind, v=value: Without(source, k, v), (kind,))
