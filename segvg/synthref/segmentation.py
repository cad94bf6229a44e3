"""Masks as exact polygons."""
from typing import Iterator

import numpy as np

Corner = tuple[int, int]


def trace_polygons(mask: np.ndarray,
                   origin: Corner = (0, 0)) -> list[list[int]] | None:
    """Trace a (H0, W0) bool mask along pixel corners.

    Args:
        mask: of a picture, or of the part of one.
        origin: x, y of its first pixel.

    Returns:
        One flat list x, y, x, y, ... for each part (pixels that touch at an edge), or
        None when the mask has a hole, which polygons cannot express. Rasterising the
        polygons gives back the mask.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return []
    part = mask[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
    exits = _straight_edges(part, origin[0] + columns[0], origin[1] + rows[0])
    polygons = []
    while exits:
        start = min(exits)
        corners = _walk(exits, start)
        if _signed_area(corners) < 0:
            return None
        polygons.append([number for corner in corners for number in corner])
    return polygons


def _straight_edges(mask: np.ndarray, left: int,
                    top: int) -> dict[Corner, list[Corner]]:
    """Return where outlines turn, and where they turn next, mask on the right.

    Args:
        mask: (h, w) bool, the part of the picture that begins at ``left, top``.
        left: x of its first column.
        top: y of its first row.
    """
    height, width = mask.shape
    inner = np.zeros((height + 2, width + 2), dtype=np.int8)
    inner[1:-1, 1:-1] = mask
    edges = inner[:-1] ^ inner[1:]     # (h + 1, w + 2), those along a row
    touching = edges[:, :-1] & edges[:, 1:] & (inner[1:, :-1] ^ inner[1:, 1:])
    # an outline turns where an edge ends, two do where pixels touch at a corner only
    turns = (edges[:, :-1] ^ edges[:, 1:]) + 2 * touching
    exits: dict[Corner, list[Corner]] = {}
    y, x1, x2 = _pair_ends(turns)
    forward = inner[y + 1, x1 + 1] == 1     # the mask is below
    for place, start, end in _directed(y + top, x1 + left, x2 + left, forward):
        exits.setdefault((start, place), []).append((end, place))
    x, y1, y2 = _pair_ends(turns.T)
    forward = inner[y1 + 1, x] == 1         # the mask is on the left
    for place, start, end in _directed(x + left, y1 + top, y2 + top, forward):
        exits.setdefault((place, start), []).append((place, end))
    return exits


def _pair_ends(turns: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return line, start and end (K,) of the straight edges along the rows."""
    lines, places = np.nonzero(turns)
    times = turns[lines, places]
    if times.max() > 1:
        lines, places = lines.repeat(times), places.repeat(times)
    return lines[::2], places[::2], places[1::2]


def _directed(lines: np.ndarray, starts: np.ndarray, ends: np.ndarray,
              forward: np.ndarray) -> Iterator[tuple[int, int, int]]:
    """Yield line, start and end of edges, of which some go from end to start."""
    return zip(lines.tolist(), np.where(forward, starts, ends).tolist(),
               np.where(forward, ends, starts).tolist())


def _walk(exits: dict[Corner, list[Corner]], start: Corner) -> list[Corner]:
    """Follow one closed outline, using up its edges; return the corners it turns at.

    Where two pixels touch at a corner only, the right turn is taken: it stays with the
    part that the outline came along. A start, the leftmost corner, never is such a
    corner.
    """
    corners, place = [start], start
    while True:
        choices = exits[place]
        following = choices.pop()
        if choices:
            (x0, y0), (x1, y1), (x2, y2) = corners[-2], place, following
            if (x1 - x0) * (y2 - y1) < (y1 - y0) * (x2 - x1):   # a turn to the left
                choices[0], following = following, choices[0]
        else:
            del exits[place]
        if following == start:
            return corners
        corners.append(following)
        place = following


def _signed_area(corners: list[Corner]) -> int:
    """Return twice the area, positive for an outline around mask pixels."""
    area, (x1, y1) = 0, corners[-1]
    for x2, y2 in corners:
        area += x1 * y2 - y1 * x2
        x1, y1 = x2, y2
    return area
