"""What a form denotes in a scene, with margins that make the answer safe to see.

Every predicate is true, false or undecided. ``denote`` raises ``Undecided`` as soon as
one object of the scene makes a predicate undecided, and ``Undefined`` when a
presupposition fails, so what it returns can be relied on.
"""
from functools import singledispatch
from typing import Callable, Iterable

import numpy as np

from segvg.datasets.synthref.forms import (
    EXTENTS,
    OPPOSITE,
    SIDES,
    All,
    Count,
    Extreme,
    Form,
    Objects,
    Ordinal,
    Related,
    Selection,
    The,
    Together,
    leaves,
)
from segvg.datasets.synthref.scene import Scene, SceneObject
from segvg.datasets.synthref.shapes import measure

MARGIN = 0.06        # of the length of the axis
SIZE_RATIO = 1.2
NEAR_GAP, FAR_GAP = 0.5, 1.5   # of the mean radius

Truth = bool | None  # None: undecided


class Undecided(Exception):
    """Some predicate of the form is too close to call."""


class Undefined(Exception):
    """A presupposition fails: no unique object, a wrong count, nothing to compare."""


# predicates

def is_attribute(item: SceneObject, kind: str, value: str) -> Truth:
    """Compare an attribute; classes are disjoint, so it is always decided."""
    return getattr(item, kind) == value


def is_at(scene: Scene, item: SceneObject, place: str) -> Truth:
    """Tell whether an object is in a part of the picture.

    A side means its half, with a zone of two margins before the centre line that is
    undecided, and a corner its quarter, with a zone of three; the middle reaches two
    margins from the centre, and four are too far.
    """
    x, y = item.cx / scene.width - 0.5, item.cy / scene.height - 0.5
    if place == 'middle':
        return _decide(max(abs(x), abs(y)), 2 * MARGIN, 4 * MARGIN)
    across = {'left': x, 'right': -x, 'top': y, 'bottom': -y}
    zone = (2 if place in SIDES else 3) * MARGIN
    return _every(_decide(across[side], -zone, 0.0) for side in place.split())


def is_related(scene: Scene, item: SceneObject, relation: str,
               landmark: SceneObject) -> Truth:
    """Tell whether an object stands in a spatial relation to another."""
    if relation == 'next to':
        mean = (item.radius + landmark.radius) / 2
        return _decide(gap(item, landmark), NEAR_GAP * mean, FAR_GAP * mean)
    if relation not in OPPOSITE:
        raise ValueError(f'{relation!r} is not a relation')
    dx, dy = item.cx - landmark.cx, item.cy - landmark.cy
    a, b = item.box, landmark.box
    if relation in ('left of', 'right of'):
        along, across, length = dx, dy, scene.width
        shared = min(a[3], b[3]) > max(a[1], b[1])
    else:
        along, across, length = dy, dx, scene.height
        shared = min(a[2], b[2]) > max(a[0], b[0])
    along = along if relation in ('left of', 'above') else -along
    if along >= 0:
        return False
    beyond = along <= -MARGIN * length and (shared or abs(along) >= abs(across))
    return True if beyond else None


def gap(a: SceneObject, b: SceneObject) -> float:
    """Return the distance of the outlines of two full masks that do not overlap."""
    first = measure(a.shape).outline * a.radius + (a.cx, a.cy)
    second = measure(b.shape).outline * b.radius + (b.cx, b.cy)
    offsets = first[:, None] - second[None]
    return float(np.sqrt((offsets**2).sum(-1).min()))


def is_before(scene: Scene, item: SceneObject, other: SceneObject, key: str) -> Truth:
    """Tell whether an object comes before another in the order of a side or size.

    For sides the centres must differ by a margin and the edges must agree; for sizes
    the radii must differ by a ratio and the areas by the same ratio.
    """
    if key in EXTENTS:
        ratios = (item.radius / other.radius, item.area / other.area)
        if key == 'smallest':
            ratios = tuple(1 / ratio for ratio in ratios)
        if min(ratios) >= SIZE_RATIO:
            return True
        return False if max(ratios) <= 1 / SIZE_RATIO else None
    lead, edge_lead, length = _lead(scene, item, other, key)
    if abs(lead) < MARGIN * length or lead * edge_lead <= 0:
        return None
    return lead > 0


def _lead(scene: Scene, item: SceneObject, other: SceneObject,
          side: str) -> tuple[float, float, float]:
    """Return by how much centre and near edge lie further to a side; axis length."""
    edge = {'left': 0, 'top': 1, 'right': 2, 'bottom': 3}[side]
    sign = 1 if edge < 2 else -1
    centre = other.cx - item.cx if edge % 2 == 0 else other.cy - item.cy
    length = scene.width if edge % 2 == 0 else scene.height
    return sign * centre, sign * (other.box[edge] - item.box[edge]), length


def _decide(value: float, true_to: float, false_from: float) -> Truth:
    """Say true up to one bound, false from another, undecided between."""
    return True if value <= true_to else False if value >= false_from else None


def _every(truths: Iterable[Truth]) -> Truth:
    """Join truths by *and*."""
    values = list(truths)
    return False if False in values else None if None in values else True


# denotation

def denote(form: Form | Selection, scene: Scene) -> frozenset[int]:
    """Return the indices of the objects that a form is about."""
    return frozenset(_denote(form, scene))


@singledispatch
def _denote(form: Form, scene: Scene) -> set[int]:
    raise TypeError(f'{form!r} is not a form')


def _where(scene: Scene, predicate: Callable[[SceneObject], Truth],
           skip: Iterable[int] = ()) -> set[int]:
    """Return the objects of which a predicate is true, all being decided."""
    truths = {index: predicate(item) for index, item in enumerate(scene.objects)
              if index not in skip}
    if None in truths.values():
        raise Undecided
    return {index for index, truth in truths.items() if truth}


@_denote.register
def _(form: Objects, scene: Scene) -> set[int]:
    chosen = set(range(len(scene.objects)))
    for kind in form.kinds():
        value = form.get(kind)
        if kind == 'place':
            chosen &= _where(scene, lambda item, v=value: is_at(scene, item, v))
        else:
            chosen &= _where(scene, lambda item, k=kind, v=value: is_attribute(
                item, k, v))
    return chosen


@_denote.register
def _(form: Related, scene: Scene) -> set[int]:
    landmark = _denote(form.landmark, scene)
    if len(landmark) != 1:
        raise Undefined(f'{form.landmark} is no landmark')
    where = next(iter(landmark))
    related = _where(scene, lambda item: is_related(
        scene, item, form.relation, scene.objects[where]), skip=landmark)
    return _denote(form.source, scene) & related


@_denote.register
def _(form: Extreme, scene: Scene) -> set[int]:
    members = _compared(form.source, scene)
    return set(_ordered(members, scene, form.key, 1)[:1])


@_denote.register
def _(form: Ordinal, scene: Scene) -> set[int]:
    members = _compared(form.source, scene)
    if members and len(members) < form.rank:
        raise Undefined(f'number {form.rank} of {len(members)}')
    return set(_ordered(members, scene, form.side, form.rank)[form.rank - 1:form.rank])


def _compared(source: Selection, scene: Scene) -> set[int]:
    """Return a set that can be compared: empty, or two and more."""
    members = _denote(source, scene)
    if len(members) == 1:
        raise Undefined('nothing to compare with')
    return members


def _ordered(members: set[int], scene: Scene, key: str, places: int) -> list[int]:
    """Sort objects along an order whose first ``places`` are decided.

    Each of the first places must clearly come before all that follow.
    """
    rest, order = sorted(members), []
    while rest and len(order) < places:
        ahead = {index: _every(
            is_before(scene, scene.objects[index], scene.objects[other], key)
            for other in rest if other != index) for index in rest}
        first = [index for index, truth in ahead.items() if truth]
        if not first:
            raise Undecided
        order += first
        rest.remove(first[0])
    return order


@_denote.register
def _(form: The, scene: Scene) -> set[int]:
    chosen = _denote(form.source, scene)
    if len(chosen) > 1:
        raise Undefined(f'{len(chosen)} objects, not one')
    return chosen


@_denote.register
def _(form: All, scene: Scene) -> set[int]:
    chosen = _denote(form.source, scene)
    if len(chosen) == 1:
        raise Undefined('one object, not several')
    return chosen


@_denote.register
def _(form: Count, scene: Scene) -> set[int]:
    chosen = _denote(form.source, scene)
    if chosen and len(chosen) != form.number:
        raise Undefined(f'{len(chosen)} objects, not {form.number}')
    return chosen


@_denote.register
def _(form: Together, scene: Scene) -> set[int]:
    parts = [_denote(part, scene) for part in form.parts]
    together = set().union(*parts)
    if not all(parts) or len(together) < sum(map(len, parts)):
        raise Undefined('a part denotes nothing, or two parts the same object')
    return together


# what admission asks

def try_denote(form: Form, scene: Scene) -> frozenset[int] | None:
    """Return what a form denotes, or None when that is undecided or undefined."""
    try:
        return denote(form, scene)
    except (Undecided, Undefined):
        return None


def idle_words(form: Form, scene: Scene) -> list[str]:
    """Return the shape and filters that remove no object from their selection."""
    idle = []
    for leaf in leaves(form):
        chosen = _denote(leaf, scene)
        idle += [kind for kind in leaf.kinds()
                 if _denote(leaf.replace(kind, None), scene) == chosen]
    return idle
