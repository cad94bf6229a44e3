"""What is true of the objects of a scene, as bit sets: bit i stands for object i."""
from functools import cache
from typing import NamedTuple

import numpy as np

from segvg.synthref import predicates
from segvg.synthref.forms import ATTRIBUTES
from segvg.synthref.predicates import TRUE, UNDECIDED, Geometry
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
        # one cache for each scene, which goes when the scene goes
        self.at = cache(self._at)
        self.related = cache(self._related)
        self.before = cache(self._before)
        self.closer = cache(self._closer)
        self.between = cache(self._between)

    def having(self, kind: str, value: str) -> int:
        """Return the objects with a value of an attribute."""
        return self._attributes.get((kind, value), 0)

    def _at(self, place: str) -> Members:
        return bit_sets(predicates.at(self.geometry, place)[None])[0]

    def _related(self, relation: str) -> list[Members]:
        """Return for each landmark the objects that have the relation to it."""
        return without_self(bit_sets(predicates.related(self.geometry, relation).T))

    def _before(self, key: str) -> list[Members]:
        """Return for each object those that come after it."""
        return without_self(bit_sets(predicates.before(self.geometry, key)))

    def _closer(self, landmark: int) -> list[Members]:
        """Return for each object those that are further from the landmark."""
        return without_self(bit_sets(predicates.closer(self.geometry, landmark)))

    def _between(self) -> dict[tuple[int, int], Members]:
        """Return for each pair of landmarks the objects between them."""
        truths = predicates.between(self.geometry)
        total = len(self.scene.objects)
        found = {}
        for b in range(total):
            for c, members in enumerate(bit_sets(truths[:, b].T)):
                own = ~(1 << b | 1 << c)
                found[b, c] = Members(members.true & own, members.undecided & own)
        return found


def bit_sets(truths: np.ndarray) -> list[Members]:
    """Turn rows of truths (R, T) into bit sets."""
    weights = 1 << np.arange(truths.shape[1], dtype=np.int64)
    return [Members(true, undecided) for true, undecided in zip(
        ((truths == TRUE) @ weights).tolist(), ((truths == UNDECIDED) @ weights).tolist(
        ))]


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
