"""Backgrounds of L2 and above: what they are made of, and how they are painted."""
import colorsys
import math

import numpy as np

from segvg.synthref.levels import Level
from segvg.synthref.scene import draw_background
from segvg.synthref.streams import Stream

ANY = ('gradient', 'noise', 'noise strokes', 'strokes', 'tiles')
"""What 'any' chooses from."""
PALE = 0.6            # share of light grey in the object colours of tiles
_LIGHT = 215
_SPARE = (90, 130, 130)   # for tiles where objects have too few colours
_STROKES = (6, 14)
_WIDTHS = (1.0, 2.5)   # of a stroke, in pixels


def choose_background(kind: str, level: Level, colours: dict[str, tuple[int, int, int]],
                      stream: Stream) -> dict:
    """Draw the parameters of a background.

    Args:
        kind: family of backgrounds; 'any' draws one of ``ANY``.
        level: grey and white objects exist where it has ten colours; backgrounds are
            then of medium brightness and tinted.
        colours: name and RGB of those of the objects, for tiles.
        stream: random numbers.
    """
    if kind == 'any':
        kind = stream.choice(ANY)
    if kind == 'tiles':
        # a pale white tile would hide white objects
        chosen = [rgb for name, rgb in sorted(colours.items()) if name != 'white']
        chosen = (stream.shuffled(chosen) + [_SPARE, _SPARE])[:2]
        record = dict(colours=[_paled(rgb) for rgb in chosen])
    elif len(level.colours) > 8:
        bright = stream.uniform(0.66, 0.78)
        record = dict(colours=[_muted(bright, stream),
                               _muted(bright - stream.uniform(0.06, 0.12), stream)])
    else:
        record = dict(colours=draw_background('noise', stream)['colours'])
    record = dict(kind=kind, **record)
    if kind == 'gradient':
        record['direction'] = [stream.choice((-2, -1, 1, 2)), stream.integer(-2, 2)]
    if kind.startswith('noise'):
        record['octaves'] = stream.integer(2, 4)
    if kind in ('tiles', 'ripples'):
        record['cell'] = stream.integer(8, 20)
    if kind == 'tiles':
        record['slant'] = stream.integer(0, 2)
    if kind == 'ripples':
        record['centre'] = [round(stream.random(), 3), round(stream.random(), 3)]
    record['seed'] = stream.integer(0, 2**32 - 1)
    return record


def _paled(colour: tuple[int, int, int]) -> list[int]:
    return [int(part * (1 - PALE) + _LIGHT * PALE + 0.5) for part in colour]


def _muted(value: float, stream: Stream) -> list[int]:
    """Draw a colour that no object has: medium bright and faintly tinted."""
    rgb = colorsys.hsv_to_rgb(stream.random(), stream.uniform(0.12, 0.24), value)
    return [int(255 * part + 0.5) for part in rgb]


def paint_tiles(record: dict, height: int, width: int) -> np.ndarray:
    """Return the (height, width) share of the second colour in a tiled pattern.

    Slant 0 is a chequerboard, 1 and 2 are rows of bricks that lean to either side.
    """
    cell, slant = record['cell'], record['slant']
    y, x = np.arange(height)[:, None], np.arange(width)[None, :]
    if slant == 0:
        return ((x // cell + y // cell) % 2).astype(np.float64)
    lean = y if slant == 1 else -y
    return (((x + lean) // cell) % 2).astype(np.float64)


def paint_ripples(record: dict, height: int, width: int) -> np.ndarray:
    """Return the (height, width) share of the second colour in rings of bands."""
    cx, cy = record['centre'][0] * width, record['centre'][1] * height
    y, x = np.arange(height)[:, None] - cy, np.arange(width)[None, :] - cx
    phase = np.sqrt(x * x + y * y) / record['cell'] % 2
    return np.abs(phase - 1)


def paint_strokes(ground: np.ndarray, seed: int) -> None:
    """Draw clutter lines, which are not objects, into a (height, width, 3) picture."""
    height, width = ground.shape[:2]
    stream = Stream(seed, 0, 0, 0, 'texture', 1)
    for _ in range(stream.integer(*_STROKES)):
        x1, x2 = (stream.uniform(0, width) for _ in range(2))
        y1, y2 = (stream.uniform(0, height) for _ in range(2))
        half = stream.uniform(*_WIDTHS) / 2
        value = stream.choice((0.4, 0.5, 0.88))
        colour = np.array(_muted(value, stream), dtype=np.float64)
        left, right = (max(int(min(x1, x2)) - 3, 0), int(max(x1, x2)) + 4)
        top, bottom = (max(int(min(y1, y2)) - 3, 0), int(max(y1, y2)) + 4)
        window = ground[top:bottom, left:right]
        y = np.arange(top, top + window.shape[0])[:, None] + 0.5 - y1
        x = np.arange(left, left + window.shape[1])[None, :] + 0.5 - x1
        dx, dy = x2 - x1, y2 - y1
        length = math.sqrt(dx * dx + dy * dy) + 1e-9
        # the stroke is within the line through it, which is found in fewer steps
        rows, columns = np.nonzero(np.abs(x * dy - y * dx) < (half + 0.51) * length)
        x, y = x[0, columns], y[rows, 0]
        along = np.clip((x * dx + y * dy) / length**2, 0, 1)
        away = np.sqrt((x - along * dx)**2 + (y - along * dy)**2)
        inked = away < half + 0.5
        rows, columns = rows[inked], columns[inked]
        share = np.clip(half + 0.5 - away[inked], 0, 1)[:, None]
        window[rows, columns] += share * (colour - window[rows, columns])
