"""Masks as exact polygons."""
import numpy as np


def trace_polygons(mask: np.ndarray) -> list[list[int]] | None:
    """Trace a (H0, W0) bool mask along pixel corners.

    Returns:
        One flat list x, y, x, y, ... for each part (pixels that touch at an edge), or
        None when the mask has a hole, which polygons cannot express. Rasterising the
        polygons gives back the mask.
    """
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if not len(rows):
        return []
    left, top = int(columns[0]), int(rows[0])
    exits = _boundary_edges(mask[top:rows[-1] + 1, left:columns[-1] + 1], left, top)
    polygons = []
    while exits:
        start = min(exits)
        corners = _walk(exits, start)
        if _signed_area(corners) < 0:
            return None
        polygons.append([number for corner in corners for number in corner])
    return polygons


def _boundary_edges(mask: np.ndarray, left: int,
                    top: int) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Return the steps (dx, dy) that leave each pixel corner, mask on the right.

    Args:
        mask: (h, w) bool, the part of the picture that begins at ``left, top``.
        left: x of its first column.
        top: y of its first row.
    """
    inner = np.pad(mask, 1).astype(np.int8)
    down = np.diff(inner, axis=0)[:, 1:-1]    # (H0 + 1, W0), row edges
    across = np.diff(inner, axis=1)[1:-1]     # (H0, W0 + 1), column edges
    exits: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for steps, value, offset, step in (
            (down, 1, (0, 0), (1, 0)), (down, -1, (1, 0), (-1, 0)),
            (across, 1, (0, 1), (0, -1)), (across, -1, (0, 0), (0, 1))):
        x0, y0 = left + offset[0], top + offset[1]
        for y, x in np.argwhere(steps == value).tolist():
            exits.setdefault((x + x0, y + y0), []).append(step)
    return exits


def _walk(exits: dict[tuple[int, int], list[tuple[int, int]]],
          start: tuple[int, int]) -> list[tuple[int, int]]:
    """Follow one closed outline, using up its edges; return the corners it turns at.

    Where two pixels touch at a corner only, the right turn is taken: it stays with the
    part that the outline came along. A start, the leftmost corner, never is such a
    corner.
    """
    corners, place, step = [], start, (0, 0)
    while not corners or place != start:
        choices = exits[place]
        right = (-step[1], step[0])
        chosen = right if right in choices else choices[0]
        choices.remove(chosen)
        if not choices:
            del exits[place]
        if chosen != step:
            corners.append(place)
        place, step = (place[0] + chosen[0], place[1] + chosen[1]), chosen
    return corners


def _signed_area(corners: list[tuple[int, int]]) -> int:
    """Return twice the area, positive for an outline around mask pixels."""
    following = corners[1:] + corners[:1]
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(corners, following))
