"""Predicates of all objects of a scene at once, with margins.

Every function returns an int8 array with ``TRUE``, ``FALSE`` or ``UNDECIDED`` for each
object (T,), pair (T, T) or triple (T, T, T); in a pair [i, j] the statement is about i
and j is the landmark. Positions and sizes are those of full masks.
"""
import math
from functools import cached_property
from typing import Protocol

import numpy as np

from segvg.synthref.forms import CORNERS, EXTENTS, PLACES, SIDES
from segvg.synthref.scene import Scene
from segvg.synthref.shapes import RING_HOLE, covered_pixels, covers, measure

MARGIN = 0.06        # of the length of the axis
SIZE_RATIO = 1.2
NEAR_GAP, FAR_GAP = 0.5, 1.5   # of the mean radius
OVERLAP = 0.1        # of the smaller full mask
BETWEEN_ALONG, BETWEEN_NEAR, BETWEEN_FAR = 0.2, 0.25, 0.5   # of the distance
TRUE, FALSE, UNDECIDED = 1, 0, -1
BESIDE = ('left of', 'right of', 'above', 'below')
# of each of SIDES: along x or y, and whether forwards or backwards
_SIDE_AXES, _SIDE_SIGNS = np.array([0, 0, 1, 1]), np.array([1, -1, 1, -1])
_CORNER_SIDES = np.array([[SIDES.index(side) for side in corner.split()]
                          for corner in CORNERS])
_SPARSE = 3          # of the points of an outline one in three is enough
_PROBES = (np.arange(9) - 4) / 4.0   # over a box, from edge to edge


def decide(true: np.ndarray, false: np.ndarray) -> np.ndarray:
    """Combine two exclusive conditions into truth values; neither gives undecided."""
    neither = ~(true | false)
    return true.view(np.int8) - neither.view(np.int8)


class Layout(Protocol):
    """Where objects are, as arrays.

    Attributes:
        centres: (T, 2) x, y of the centroids.
        radii, areas: (T,).
        boxes: (T, 4) x1, y1, x2, y2.
        size: (2,) width and height of the canvas.
    """

    centres: np.ndarray
    radii: np.ndarray
    areas: np.ndarray
    boxes: np.ndarray
    size: np.ndarray


class Geometry:
    """The ``Layout`` of a scene, and its overlaps and gaps."""

    def __init__(self, scene: Scene) -> None:
        items = scene.objects
        self.items = items
        self.centres = np.array([(item.cx, item.cy) for item in items])
        self.radii = np.array([item.radius for item in items])
        self.areas = np.array([item.area for item in items])
        self.boxes = np.array([item.box for item in items])
        self.depths = np.array([item.depth for item in items])
        self.size = np.array([scene.width, scene.height])

    @cached_property
    def overlap(self) -> np.ndarray:
        """Return the overlap (T, T) of two full masks as a share of the smaller one."""
        shares = np.zeros((len(self.items),) * 2)
        for i, j in self._close_pairs(0.0):
            shares[i, j] = shares[j, i] = self._shared(i, j) / min(
                self.areas[i], self.areas[j])
        return shares

    @cached_property
    def beside(self) -> dict[str, np.ndarray]:
        """Return the truths (T, T) of the relations ``BESIDE``.

        Centres are compared along an axis: apart by a margin, mostly along that axis.
        """
        along = self.centres.T[:, :, None] - self.centres.T[:, None]   # (2, T, T)
        reach = np.abs(along)
        low, high = self.boxes.T[1::-1], self.boxes.T[:1:-1]   # along the other axis
        level = np.minimum(high[:, :, None], high[:, None]) > np.maximum(
            low[:, :, None], low[:, None])
        beyond = (along <= -MARGIN * self.size[:, None, None]) & (
            level | (reach >= reach[::-1]))
        left, above = decide(beyond, along >= 0)
        # who is on the left of another has that one on the right
        return dict(zip(BESIDE, (left, left.T, above, above.T)))

    @cached_property
    def gaps(self) -> np.ndarray:
        """Return distances (T, T) of outlines, 0 where masks overlap, big when far."""
        gaps = np.full((len(self.items),) * 2, np.inf)
        reach = FAR_GAP * (self.radii[:, None] + self.radii) / 2
        outlines: dict[int, list[np.ndarray]] = {}   # x and y of points
        for i, j in self._close_pairs(reach):
            if self.overlap[i, j] > 0:
                gaps[i, j] = gaps[j, i] = 0.0
                continue
            for index in (i, j):
                if index not in outlines:
                    item = self.items[index]
                    points = (measure(item.figure).outline[::_SPARSE]
                              * item.radius + self.centres[index])
                    outlines[index] = list(np.ascontiguousarray(points.T))
            (x1, y1), (x2, y2) = outlines[i], outlines[j]
            across, down = x1[:, None] - x2, y1[:, None] - y2
            across *= across
            down *= down
            across += down
            gaps[i, j] = gaps[j, i] = np.sqrt(across.min())
        return gaps

    def _close_pairs(self, reach: np.ndarray | float) -> list[tuple[int, int]]:
        """List pairs i < j whose boxes are no further apart than ``reach`` per axis."""
        return [(i, j) for i, j in np.argwhere(self._apart <= reach).tolist() if i < j]

    @cached_property
    def _apart(self) -> np.ndarray:
        """Return the larger distance (T, T) of boxes along an axis, below 0 inside."""
        low, high = self.boxes[:, None, :2], self.boxes[:, None, 2:]
        return np.maximum(low - high.swapaxes(0, 1), low.swapaxes(0, 1) - high).max(-1)

    def _shared(self, i: int, j: int) -> int:
        """Count the pixel centres that two full masks both cover."""
        one, other = windows = self._windows[i], self._windows[j]
        left, top = max(one[0], other[0]), max(one[1], other[1])
        right, bottom = min(one[2], other[2]), min(one[3], other[3])
        if left >= right or top >= bottom:
            return 0
        first, second = (
            covered_pixels(item.figure, item.radius, (item.cx, item.cy), window)[
                top - window[1]:bottom - window[1], left - window[0]:right - window[0]]
            for item, window in zip((self.items[i], self.items[j]), windows))
        return int(np.count_nonzero(first & second))

    @cached_property
    def _windows(self) -> list[tuple[int, int, int, int]]:
        """Return the whole pixels x1, y1, x2, y2 that each object touches."""
        return [(math.floor(x1), math.floor(y1), math.ceil(x2), math.ceil(y2))
                for x1, y1, x2, y2 in self.boxes.tolist()]

    def covered(self, index: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Tell which points an object's full mask covers."""
        item = self.items[index]
        return covers(item.figure, (x - item.cx) / item.radius,
                      (y - item.cy) / item.radius)


def at(geometry: Layout, place: str) -> np.ndarray:
    """Tell which objects (T,) are in a part of the picture, one of ``PLACES``.

    A side means its half, with a zone of two margins before the centre line that is
    undecided, and a corner its quarter, with a zone of three; the middle reaches two
    margins from the centre, and four are too far.
    """
    return at_places(geometry)[PLACES.index(place)]


def at_places(geometry: Layout) -> np.ndarray:
    """Tell for each of ``PLACES`` which objects are there (P, T)."""
    offsets = (geometry.centres / geometry.size - 0.5).T
    # how far beyond the centre line, for each of SIDES
    across = np.stack([offsets, -offsets], axis=1).reshape(4, -1)
    beyond = across >= 0.0
    near, far = _CORNER_SIDES.T
    corners = across <= -3 * MARGIN
    away = np.abs(offsets).max(0, keepdims=True)
    return decide(
        np.concatenate([across <= -2 * MARGIN, corners[near] & corners[far],
                        away <= 2 * MARGIN]),
        np.concatenate([beyond, beyond[near] | beyond[far], away >= 4 * MARGIN]))


def related(geometry: Geometry, relation: str) -> np.ndarray:
    """Tell which objects stand in a relation to which others (T, T)."""
    if relation in BESIDE:
        return geometry.beside[relation]
    overlap = geometry.overlap
    if relation == 'next to':
        mean = (geometry.radii[:, None] + geometry.radii) / 2
        return decide(geometry.gaps <= NEAR_GAP * mean, geometry.gaps >= FAR_GAP * mean)
    if relation == 'inside':
        return _inside(geometry)
    if relation == 'overlapping':
        return decide(overlap >= OVERLAP, overlap == 0)
    if relation not in ('in front of', 'behind'):
        raise ValueError(f'{relation!r} is not a relation')
    nearer = geometry.depths[:, None] > geometry.depths
    side = nearer if relation == 'in front of' else nearer.T
    return decide((overlap >= OVERLAP) & side,
                  (overlap == 0) | ((overlap >= OVERLAP) & ~side))


def _inside(geometry: Geometry) -> np.ndarray:
    """Tell whose box is in a ring's hole or another shape; false if apart."""
    total = len(geometry.items)
    truths = np.zeros((total, total), dtype=np.int8)
    for first, second in geometry._close_pairs(0.0):
        for i, j in ((first, second), (second, first)):
            truths[i, j] = _is_inside(geometry, i, j)
    return truths


def _is_inside(geometry: Geometry, i: int, j: int) -> int:
    x1, y1, x2, y2 = geometry.boxes[i]
    x = (x1 + x2) / 2 + _PROBES * (x2 - x1) / 2
    y = ((y1 + y2) / 2 + _PROBES * (y2 - y1) / 2)[:, None]
    filled, other = geometry.covered(j, x, y), geometry.items[j]
    interior = filled
    if other.shape == 'ring':
        interior = (x - other.cx)**2 + (y - other.cy)**2 < (
            RING_HOLE * other.radius)**2
    if interior.all():
        return TRUE
    touched = geometry.overlap[i, j] > 0 or filled.any() or interior.any()
    return UNDECIDED if touched else FALSE


def before(geometry: Layout, key: str) -> np.ndarray:
    """Tell which objects come before which (T, T) in the order of a side or size.

    For sides the centres must differ by a margin and the edges must agree; for sizes
    the radii must differ by a ratio and the areas by the same ratio.
    """
    if key in EXTENTS:
        ratios = np.stack([geometry.radii[:, None] / geometry.radii,
                           geometry.areas[:, None] / geometry.areas])
        if key == 'smallest':
            ratios = 1 / ratios
        return decide(ratios.min(0) >= SIZE_RATIO, ratios.max(0) <= 1 / SIZE_RATIO)
    return _before_sides(geometry, slice(SIDES.index(key), SIDES.index(key) + 1))[0]


def before_sides(geometry: Layout) -> np.ndarray:
    """Tell the same in the order of each of ``SIDES`` (4, T, T)."""
    return _before_sides(geometry, slice(4))


def _before_sides(geometry: Layout, chosen: slice) -> np.ndarray:
    axes, signs = _SIDE_AXES[chosen], _SIDE_SIGNS[chosen]
    centres = geometry.centres.T[axes]
    edges = geometry.boxes.T[axes + (1 - signs)]
    signs = signs[:, None, None]
    lead = signs * (centres[:, None] - centres[:, :, None])
    edge_lead = signs * (edges[:, None] - edges[:, :, None])
    margins = MARGIN * geometry.size[axes][:, None, None]
    clear = (np.abs(lead) >= margins) & (lead * edge_lead > 0)
    return decide(clear & (lead > 0), clear & (lead < 0))


def closer(geometry: Geometry) -> np.ndarray:
    """Tell for each landmark which objects are nearer than which others (T, T, T)."""
    offsets = geometry.centres - geometry.centres[:, None]
    distances = np.sqrt((offsets * offsets).sum(-1))
    lead = distances[:, None] - distances[:, :, None]
    clear = np.abs(lead) >= MARGIN * geometry.size.max()
    return decide(clear & (lead > 0), clear & (lead < 0))


def between(geometry: Geometry) -> np.ndarray:
    """Tell which objects are between which two others (T, T, T)."""
    centres = geometry.centres
    line = centres[None, None] - centres[None, :, None]        # from b to c
    reach = (line * line).sum(-1)
    own = centres[:, None, None] - centres[None, :, None]      # from b to a
    with np.errstate(divide='ignore', invalid='ignore'):
        along = (own * line).sum(-1) / reach
        cross = own[..., 0] * line[..., 1] - own[..., 1] * line[..., 0]
        away = np.abs(cross) / reach   # distance to the line, by the length of bc
    true = (np.abs(along - 0.5) <= 0.5 - BETWEEN_ALONG) & (away <= BETWEEN_NEAR)
    return decide(true, (along <= 0) | (along >= 1) | (away >= BETWEEN_FAR))
