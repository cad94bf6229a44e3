"""All forms of a type that fit a target and in which every word is needed."""
from functools import cache
from typing import Iterator

from segvg.synthref.compound.conditions import Condition, ConditionFinder, Leaf
from segvg.synthref.facts import facts_of, members_of
from segvg.synthref.forms import (
    EXTENTS,
    All,
    Count,
    Except,
    Extreme,
    Form,
    Nearest,
    Ordinal,
    Selection,
    The,
)
from segvg.synthref.levels import Level
from segvg.synthref.scene import Scene
from segvg.synthref.semantics import Undecided, pick
from segvg.synthref.streams import Stream

_PLAIN_PLURAL_SHARE = 0.35


class Proposer:
    """Forms of one scene, in random order."""

    def __init__(self, scene: Scene, level: Level, stream: Stream) -> None:
        self.scene, self.level, self.stream = scene, level, stream
        self.facts = facts_of(scene)
        self.finder = ConditionFinder(scene, level, stream, self.single)
        self.orders = cache(self._orders)
        self.plural_leaves = cache(self._plural_leaves)

    # sentences with one target

    def single(self, kind: str, target: int, redundant: bool = False) -> Iterator[The]:
        """Yield forms that denote one object; ``redundant``: with a needless word."""
        if kind in ('side', 'extent', 'ordinal', 'fourth', 'nearest'):
            yield from self._ordered(kind, target)
            return
        bit, stream = 1 << target, self.stream
        leaves = self.finder.leaves(target, 3 if kind == 'attribute' else 2)
        usable = [(place, leaf) for place, leaf in enumerate(leaves)
                  if kind == 'attribute' or leaf.members != bit]
        conditions = self.finder.conditions(kind)
        # by what makes a difference, which many conditions have in common
        known: dict[tuple, list[int]] = {}
        for condition in stream.shuffled(conditions, [
                place for place, condition in enumerate(conditions)
                if condition.members & bit]):
            members, bars = condition.members, condition.bars
            fitting = known.get((members, bars))
            if fitting is None:
                fitting = known[members, bars] = [place for place, leaf in usable if (
                    leaf.members & members == bit and not _is_barred(leaf, condition)
                    and any([w & members == bit for w in leaf.weaker]) == redundant)]
            for leaf in stream.shuffled(leaves, fitting):
                if kind == 'between not':
                    yield from self._denied(leaf, condition, bit)
                else:
                    yield The(condition.build(leaf.objects))

    def _denied(self, leaf: Leaf, condition: Condition, bit: int) -> Iterator[The]:
        """Replace one word of a leaf by the denial of another value ("not red")."""
        negations = self.finder.conditions('negation')
        for word in leaf.objects.kinds():
            rest = leaf.objects.replace(word, None)
            members = condition.members & self.finder.common(
                [self.facts.having(kind, rest.get(kind)) for kind in rest.kinds()])
            fitting = [place for place, negation in enumerate(negations)
                       if negation.bars == (word,) and negation.members & bit
                       and members & negation.members == bit]
            for negation in self.stream.shuffled(negations, fitting):
                yield The(condition.build(negation.build(rest)))

    def _ordered(self, kind: str, target: int) -> Iterator[The]:
        """Yield orders in which the target wins, or has its rank."""
        bit = 1 << target
        for leaf in self.stream.shuffled(self.finder.leaves(target, 2)):
            orders = self.orders(kind)
            fitting = [place for place, (_, _, rank, own) in enumerate(orders)
                       if own != bit and (leaf.members & ~own).bit_count() >= (
                           2 if rank == 1 else max(3, rank))]
            if kind == 'extent' and leaf.objects.get('size'):
                fitting = []
            for build, after, rank, own in self.stream.shuffled(orders, fitting):
                if (self._winner(leaf.members & ~own, after, rank) == bit and not any(
                        self._winner(w & ~own, after, rank) == bit
                        for w in leaf.weaker)):
                    yield The(build(leaf.objects))

    def _orders(self, kind: str) -> list[tuple]:
        """List (build, order, rank, bit of the landmark) of a type."""
        facts, found = self.facts, []
        if kind == 'nearest':
            for index in range(len(self.scene.objects)):
                found += [(lambda source, d=phrase: Nearest(source, d),
                           facts.closer(index), 1, 1 << index)
                          for phrase in self.finder.landmark(index)[:1]]
        elif kind in ('side', 'extent'):
            keys = EXTENTS if kind == 'extent' else self.level.sides
            found = [(lambda source, k=key: Extreme(source, k), facts.before(key), 1, 0)
                     for key in keys]
        else:
            ranks = (4,) if kind == 'fourth' else (2, 3)
            found = [(lambda source, r=rank, s=side: Ordinal(source, r, s),
                      facts.before(side), rank, 0)
                     for side in self.level.sides for rank in ranks]
        return found

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
        groups = self.stream.shuffled(self.plural_leaves())
        named = {name for name, _ in self.level.types}
        extra = [name for name in ('relation', 'negation', 'comparison')
                 if name in named]
        conditions = self.stream.shuffled(
            [found for name in extra for found in self.finder.conditions(name)])
        plain_first = self.stream.random() < _PLAIN_PLURAL_SHARE
        conditions = [*self.finder.nothing(), *conditions] if plain_first else [
            *conditions, *self.finder.nothing()]
        everything = self.facts.everything
        others = everything & ~eligible
        for condition in conditions:
            members = condition.members
            plain = members == everything
            for leaf in groups:
                chosen = leaf.members & members
                if (chosen & others or chosen.bit_count() < 2
                        or (not plain and chosen == leaf.members)
                        or (plain and not leaf.objects.kinds())
                        or _is_barred(leaf, condition)
                        or any(w & members == chosen for w in leaf.weaker)):
                    continue
                form = _quantified(kind, condition.build(leaf.objects), chosen)
                if form:
                    yield form

    def _plural_leaves(self) -> list[Leaf]:
        return list({leaf.objects: leaf for index in range(len(self.scene.objects))
                     for leaf in self.finder.leaves(index, 2)
                     if leaf.members.bit_count() > 1}.values())

    def _exceptions(self, eligible: int) -> Iterator[Form]:
        several = [(bits, All(group.objects))
                   for bits, group in self.finder.groups().items()]
        for leaf in self.stream.shuffled(self.plural_leaves()):
            if any(w == leaf.members for w in leaf.weaker):
                continue
            excluded = [(1 << index, phrase) for index in members_of(leaf.members)
                        for phrase in self.finder.landmark(index)[:1]]
            excluded += several
            fitting = []
            for place, (bits, _) in enumerate(excluded):
                chosen = leaf.members & ~bits
                if not (bits & ~leaf.members or chosen & ~eligible
                        or chosen.bit_count() < 2):
                    fitting.append(place)
            for _, form in self.stream.shuffled(excluded, fitting):
                yield All(Except(leaf.objects, form))


def _is_barred(leaf: Leaf, condition: Condition) -> bool:
    return bool(condition.bars) and any(
        leaf.objects.get(kind) for kind in condition.bars)


def _quantified(kind: str, selection: Selection, chosen: int) -> Form | None:
    number = chosen.bit_count()
    if kind == 'plural':
        return All(selection)
    fits = number == 2 if kind == 'both' else 3 <= number <= 4
    return Count(selection, number) if fits else None
