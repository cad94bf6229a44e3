"""What is true of the objects of a scene, as bit sets: bit i stands for object i."""
from functools import cached_property
from typing import NamedTuple, Sequence

import numpy as np

from segvg.synthref import predicates
from segvg.synthref.forms import ATTRIBUTES, PLACES, SIDES
from segvg.synthref.predicates import BESIDE, FALSE, TRUE, UNDECIDED, Geometry
from segvg.synthref.scene import Scene


class Members(NamedTuple):
    """Objects for which a predicate is true, and for which it is undecided."""

    true: int
    undecided: int


class Facts:
    """All predicates of a scene; each table is computed when it is first used."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.geometry = Geometry(scene)
        self.everything = (1 << len(scene.objects)) - 1
        self._attributes: dict[tuple[str, str], int] = {}
        for index, item in enumerate(scene.objects):
            for kind in ('shape', *ATTRIBUTES):
                key = kind, getattr(item, kind)
                self._attributes[key] = self._attributes.get(key, 0) | 1 << index
        self._related: dict[str, list[Members]] = {}
        self._before: dict[str, list[Members]] = {}
        self._closer: dict[int, list[Members]] = {}

    def having(self, kind: str, value: str) -> int:
        """Return the objects with a value of an attribute."""
        return self._attributes.get((kind, value), 0)

    def at(self, place: str) -> Members:
        """Return the objects in a part of the picture."""
        return self._places[place]

    @cached_property
    def _places(self) -> dict[str, Members]:
        return dict(zip(PLACES, bit_sets(predicates.at_places(self.geometry))))

    def related(self, relation: str) -> list[Members]:
        """Return for each landmark the objects that have the relation to it."""
        if relation not in self._related:
            names = BESIDE if relation in BESIDE else (relation,)
            self._related |= self._tables(names, [
                predicates.related(self.geometry, name).T for name in names])
        return self._related[relation]

    def before(self, key: str) -> list[Members]:
        """Return for each object those that come after it."""
        if key not in self._before:
            self._before |= (
                self._tables(SIDES, predicates.before_sides(self.geometry))
                if key in SIDES else
                self._tables((key,), [predicates.before(self.geometry, key)]))
        return self._before[key]

    def closer(self, landmark: int) -> list[Members]:
        """Return for each object those that are further from the landmark."""
        if not self._closer:
            self._closer = self._tables(
                range(len(self.scene.objects)), predicates.closer(self.geometry))
        return self._closer[landmark]

    def _tables(self, names: Sequence, truths: Sequence[np.ndarray]) -> dict:
        """Return rows of bit sets by names, from truths (T, T) each."""
        total = len(self.scene.objects)
        truths = np.array(truths)
        pairs = truths.reshape(len(truths), -1)
        pairs[:, ::total + 1] = FALSE   # nothing is about one object
        rows = bit_sets(truths.reshape(-1, total))
        return {name: rows[start:start + total]
                for name, start in zip(names, range(0, len(rows), total))}

    @cached_property
    def between(self) -> dict[tuple[int, int], Members]:
        """Return for each pair of landmarks the objects between them."""
        total = len(self.scene.objects)
        truths = predicates.between(self.geometry).transpose(1, 2, 0)
        found = {}
        for place, members in enumerate(bit_sets(truths.reshape(-1, total))):
            b, c = divmod(place, total)
            own = ~(1 << b | 1 << c)
            found[b, c] = Members(members.true & own, members.undecided & own)
        return found


def bit_sets(truths: np.ndarray) -> list[Members]:
    """Turn rows of truths (R, T) into bit sets."""
    weights = 1 << np.arange(truths.shape[1], dtype=np.int64)
    return list(map(Members, ((truths == TRUE) @ weights).tolist(),
                    ((truths == UNDECIDED) @ weights).tolist()))


def without_self(rows: list[Members]) -> list[Members]:
    """Leave out of row i the object i: no relation is about one object."""
    return [Members(row.true & ~(1 << index), row.undecided & ~(1 << index))
            for index, row in enumerate(rows)]


def facts_of(scene: Scene) -> Facts:
    """Return the facts of a scene, computed once and cached on it."""
    memory = vars(scene)
    if '_facts' not in memory:
        memory['_facts'] = Facts(scene)
    return memory['_facts']


def forget_facts(scene: Scene) -> None:
    """Drop the facts of a scene, which are large next to it."""
    vars(scene).pop('_facts', None)


def members_of(bits: int) -> list[int]:
    """List the objects of a bit set."""
    return [index for index in range(bits.bit_length()) if bits >> index & 1]
