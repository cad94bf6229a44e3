"""Shapes as functions of the plane, with their measured area, centre and extent."""
import math
from functools import cache, lru_cache
from typing import Callable, NamedTuple

import numpy as np

_REACH = 1.4   # every shape lies within this distance of its origin, per axis
_CELLS = 560
_COARSE = 5      # cells between points of an outline
RING_HOLE = 0.55   # of the radius


def _square(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return np.maximum(np.abs(u), np.abs(v)) <= 0.9


def _circle(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return u * u + v * v <= 1.0


def _triangle(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    return (v <= 0.6) & (math.sqrt(3) * np.abs(u) - v <= 1.2)


def _star(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Five points: inside at least four of the five lines that draw a pentagram."""
    inner = 1.3 * math.cos(math.radians(72))
    lines = (-v <= inner).view(np.int8)   # the level one
    for k in range(1, 5):
        angle = math.radians(72 * k)
        line = math.sin(angle) * u - math.cos(angle) * v <= inner
        lines = lines + line.view(np.int8)
    return lines >= 4


def _ring(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    distance = u * u + v * v
    return (distance <= 1.1**2) & (distance >= RING_HOLE**2)


def _cross(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    wide, narrow = 1.1, 0.38
    across = (np.abs(u) <= wide) & (np.abs(v) <= narrow)
    return across | ((np.abs(u) <= narrow) & (np.abs(v) <= wide))


def _heart(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A diamond with a round lobe on each of its upper sides."""
    half = 0.85
    lobes = (np.abs(u) - half / 2)**2 + (v + half / 2)**2 <= half**2 / 2
    return lobes | (np.abs(u) + np.abs(v) <= half)


def _arrow(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A shaft and a triangular head that points right."""
    shaft = (np.abs(v) <= 0.3) & (u >= -1.15) & (u <= 0.25)
    return shaft | ((u >= 0.15) & (np.abs(v) <= 0.85 * (1.15 - u)))


def _cup(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """A body that narrows downwards, and a handle with a hole on its right."""
    body = (np.abs(v) <= 0.85) & (np.abs(u + 0.25) <= 0.75 - 0.1 * v)
    distance = (u - 0.5)**2 + (v + 0.1)**2
    return body | ((distance <= 0.6**2) & (distance >= 0.32**2) & (u >= 0.4))


def _pair(u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Two round discs side by side that do not touch."""
    return (np.abs(u) - 0.7)**2 + v * v <= 0.55**2


Figure = Callable[[np.ndarray, np.ndarray], np.ndarray]
SHAPES: dict[str, Figure] = {
    'square': _square, 'circle': _circle, 'triangle': _triangle, 'star': _star,
    'ring': _ring, 'cross': _cross, 'heart': _heart, 'cup': _cup, 'pair': _pair,
    # a shape with a direction has one figure for each
    'arrow right': _arrow, 'arrow left': lambda u, v: _arrow(-u, v),
    'arrow down': lambda u, v: _arrow(v, u), 'arrow up': lambda u, v: _arrow(-v, u),
}
FILLS: dict[str, Figure] = {
    # where the second tone is; always less than half
    'striped': lambda u, v: (v * 2.2 + 0.2) % 1 + 0 * u < 0.42,
    'dotted': lambda u, v: ((u * 2.0 + 0.5) % 1 - 0.5)**2 + (
        (v * 2.0 + 0.5) % 1 - 0.5)**2 < 0.27**2,
    'checked': lambda u, v: ((u * 1.4 + 0.1) % 1 < 0.35) ^ ((v * 1.4 + 0.1) % 1 < 0.35),
}
DIRECTIONS = ('up', 'down', 'left', 'right')


class Measure(NamedTuple):
    """A shape of radius 1: area, centroid, extent around it, points of its outline."""

    area: float
    centre: tuple[float, float]
    extent: tuple[float, float, float, float]  # left, top, right, bottom
    outline: np.ndarray  # (K, 2)


@cache
def measure(shape: str) -> Measure:
    """Measure a shape of radius 1 on a fine grid."""
    ticks = (np.arange(_CELLS) + 0.5) * (2 * _REACH / _CELLS) - _REACH
    u, v = np.meshgrid(ticks, ticks)
    inside = SHAPES[shape](u, v)
    rows, columns = np.nonzero(inside)
    centre_u, centre_v = round(u[inside].mean(), 3), round(v[inside].mean(), 3)
    half = _REACH / _CELLS
    left, right = ticks[columns.min()] - half, ticks[columns.max()] + half
    top, bottom = ticks[rows.min()] - half, ticks[rows.max()] + half
    extent = (left - centre_u, top - centre_v, right - centre_u, bottom - centre_v)
    coarse = np.pad(inside[::_COARSE, ::_COARSE], 1)
    core = (coarse[:-2, 1:-1] & coarse[2:, 1:-1]
            & coarse[1:-1, :-2] & coarse[1:-1, 2:])
    rows, columns = np.nonzero(coarse[1:-1, 1:-1] & ~core)
    outline = np.stack([ticks[::_COARSE][columns] - centre_u,
                        ticks[::_COARSE][rows] - centre_v], axis=1)
    area = float(inside.sum()) * (2 * half)**2
    return Measure(area, (centre_u, centre_v), tuple(map(float, extent)), outline)


def covers(shape: str, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Tell which points, relative to the centroid at radius 1, the shape covers."""
    centre_u, centre_v = measure(shape).centre
    return SHAPES[shape](u + centre_u, v + centre_v)


@lru_cache(maxsize=128)
def covered_pixels(shape: str, radius: float, centre: tuple[float, float],
                   window: tuple[int, int, int, int]) -> np.ndarray:
    """Tell which pixels of a window x1, y1, x2, y2 the shape covers, by their centres.

    Returns:
        (h, w) bool, not to be written to: those of the last scene are kept, for it is
        looked at more than once.
    """
    x1, y1, x2, y2 = window
    inside = covers(shape, ((np.arange(x1, x2) + 0.5) - centre[0])[None, :] / radius,
                    ((np.arange(y1, y2) + 0.5) - centre[1])[:, None] / radius)
    inside.flags.writeable = False
    return inside
