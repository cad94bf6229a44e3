"""Pictures of scenes, and the masks of what is visible in them."""
import math
from functools import cache
from typing import Sequence

import numpy as np

from segvg.synthref.compound.backgrounds import (
    paint_ripples,
    paint_strokes,
    paint_tiles,
)
from segvg.synthref.scene import Scene, SceneObject
from segvg.synthref.shapes import FILLS, covered_pixels, covers
from segvg.synthref.streams import Stream

FINE = 4   # samples per pixel and axis
_EACH_BYTE = 0x01010101   # times this, a number of four bytes begins with their sum
_NOISE_UNIT = 1024
_COARSEST = 4   # lattice cells of the first octave of value noise
_PATTERNS = {'tiles': paint_tiles, 'ripples': paint_ripples}

Window = tuple[int, int, int, int]


def render(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Draw a scene.

    Args:
        scene: what to draw.

    Returns:
        The picture (H0, W0, 3) uint8 and the visible masks (T, H0, W0) bool: the pixels
        whose centre an object covers and no nearer one does.
    """
    return draw_picture(scene), visible_masks(scene)


def draw_picture(scene: Scene) -> np.ndarray:
    """Draw a scene without its masks."""
    # colour by colour: numpy is slow where the last axis has three entries
    ground = draw_background(scene)
    picture = ground.copy()
    windows = [_window(scene, item) for item in scene.objects]
    fine = _visible(scene, windows, FINE)
    for index, item in enumerate(scene.objects):
        x1, y1, x2, y2 = windows[index]
        colour, part = _column(item.rgb), picture[:, y1:y2, x1:x2]
        part += _shares(fine[index]) * (colour - ground[:, y1:y2, x1:x2])
        if item.tone:
            second = fine[index] & _pattern(windows[index], item)
            part += _shares(second) * (_column(item.tone) - colour)
    return _expose(_blur(picture, scene.noise), scene.noise)


def visible_masks(scene: Scene) -> np.ndarray:
    """Return the masks (T, H0, W0) of a scene without its picture."""
    windows = [_window(scene, item) for item in scene.objects]
    masks = np.zeros((len(windows), scene.height, scene.width), dtype=bool)
    for mask, (x1, y1, x2, y2), inside in zip(
            masks, windows, _visible(scene, windows, 1)):
        mask[y1:y2, x1:x2] = inside
    return masks


def full_mask(scene: Scene, index: int) -> np.ndarray:
    """Return the (H0, W0) bool mask of an object as if nothing covered it."""
    mask = np.zeros((scene.height, scene.width), dtype=bool)
    window = x1, y1, x2, y2 = _window(scene, scene.objects[index])
    mask[y1:y2, x1:x2] = _samples(window, scene.objects[index], 1)
    return mask


def _window(scene: Scene, item: SceneObject) -> Window:
    """Return the whole pixels x1, y1, x2, y2 that an object can touch."""
    x1, y1, x2, y2 = item.box
    return (max(math.floor(x1), 0), max(math.floor(y1), 0),
            min(math.ceil(x2), scene.width), min(math.ceil(y2), scene.height))


def _visible(scene: Scene, windows: list[Window], step: int) -> list[np.ndarray]:
    """Return for each object which samples of its window it covers and no nearer one.

    Each is (h * step, w * step) bool.
    """
    shown = [_samples(window, item, step)
             for window, item in zip(windows, scene.objects)]
    by_depth = sorted(range(len(shown)), key=lambda i: scene.objects[i].depth)
    for place, index in enumerate(by_depth):
        for nearer in by_depth[place + 1:]:
            x1, y1, x2, y2 = shared = _shared_window(windows[index], windows[nearer])
            if x1 < x2 and y1 < y2:
                own, other = (shown[i][_within(windows[i], shared, step)]
                              for i in (index, nearer))
                own &= ~other
    return shown


def _shared_window(one: Window, other: Window) -> Window:
    """Return the pixels of both windows; an end is before its start without any."""
    return (max(one[0], other[0]), max(one[1], other[1]),
            min(one[2], other[2]), min(one[3], other[3]))


def _within(window: Window, part: Window, step: int) -> tuple[slice, slice]:
    """Return where a part of a window is among the samples of the window."""
    left, top = window[:2]
    x1, y1, x2, y2 = part
    return (slice((y1 - top) * step, (y2 - top) * step),
            slice((x1 - left) * step, (x2 - left) * step))


def _samples(window: Window, item: SceneObject, step: int) -> np.ndarray:
    """Tell which of ``step`` samples per pixel and axis an object's full mask covers.

    Returns:
        (h * step, w * step) bool of its window.
    """
    if step == 1:
        return covered_pixels(
            item.figure, item.radius, (item.cx, item.cy), window).copy()
    return covers(item.figure, *_positions(window, item, step))


def _pattern(window: Window, item: SceneObject) -> np.ndarray:
    """Tell which fine samples of an object's window have its second tone."""
    return FILLS[item.fill](*_positions(window, item, FINE))


def _positions(window: Window, item: SceneObject,
               step: int) -> tuple[np.ndarray, np.ndarray]:
    """Return u (1, w * step) and v (h * step, 1) of samples, as shapes take them."""
    x1, y1, x2, y2 = window
    u = ((np.arange(x1 * step, x2 * step) + 0.5) / step - item.cx) / item.radius
    v = ((np.arange(y1 * step, y2 * step) + 0.5) / step - item.cy) / item.radius
    return u[None, :], v[:, None]


def _shares(own: np.ndarray) -> np.ndarray:
    """Return the share (h, w) of the samples of each pixel that are true."""
    # the samples of a pixel in one row are the four bytes of one number
    rows = np.ascontiguousarray(own).view(np.uint32)
    counts = sum(rows[place::FINE] for place in range(FINE))
    return (counts * _EACH_BYTE >> 24) / FINE**2


def _column(colour: Sequence[int]) -> np.ndarray:
    """Return a colour as (3, 1, 1) float64."""
    return np.array(colour, dtype=np.float64)[:, None, None]


def draw_background(scene: Scene) -> np.ndarray:
    """Draw the (3, H0, W0) float64 background."""
    record, shape = scene.background, (scene.height, scene.width)
    first, *others = (_column(colour) for colour in record['colours'])
    if record['kind'] == 'plain':
        return np.broadcast_to(first, (3, *shape)).copy()
    if record['kind'] == 'gradient':
        mix = _ramp(*shape, *record['direction'])
    elif record['kind'] in _PATTERNS:
        mix = _PATTERNS[record['kind']](record, *shape)
    elif 'octaves' in record:
        mix = value_noise(*shape, record['octaves'], record['seed'])
    else:
        mix = np.zeros(shape)
    ground = mix * (others[0] - first)
    ground += first
    if record['kind'].endswith('strokes'):
        paint_strokes(ground.transpose(1, 2, 0), record['seed'])
    return ground


def _ramp(height: int, width: int, dx: int, dy: int) -> np.ndarray:
    """Return (height, width) numbers that rise from 0 to 1 along a direction."""
    slope = (np.arange(width)[None, :] * dx / width
             + np.arange(height)[:, None] * dy / height)
    return (slope - slope.min()) / (slope.max() - slope.min())


def value_noise(height: int, width: int, octaves: int, seed: int) -> np.ndarray:
    """Return (height, width) smooth noise in [0, 1]."""
    stream = Stream(seed, 0, 0, 0, 'texture')
    # turned (width, height): whole rows are gathered faster than single numbers
    total, weight = np.zeros((width, height)), 1.0
    for octave in range(octaves):
        cells = _COARSEST << octave
        lattice = stream.grid(cells + 1, cells + 1).T
        rows, columns = _blend(height, cells), _blend(width, cells)
        # explicit sums instead of a matrix product: the same bits on every machine
        tall = rows[1] * lattice.take(rows[0], 1) + (1 - rows[1]) * lattice.take(
            rows[0] - 1, 1)
        share = columns[1][:, None]
        total += weight * (share * tall[columns[0]]
                           + (1 - share) * tall[columns[0] - 1])
        weight /= 2
    total = np.ascontiguousarray(total.T)
    return (total - total.min()) / (total.max() - total.min())


@cache
def _blend(size: int, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Return for each pixel its upper lattice line and that line's smooth weight."""
    position = (np.arange(size) + 0.5) * cells / size
    lower = position.astype(np.int64)
    part = position - lower
    return lower + 1, part * part * (3 - 2 * part)


def _blur(picture: np.ndarray, noise: dict) -> np.ndarray:
    """Apply the slight blur of a scene (3, H0, W0), where it has any."""
    if not noise.get('blur'):
        return picture
    rows = _edges_twice(picture, 1)
    picture = (rows[:, :-2] + 2 * picture + rows[:, 2:]) / 4
    columns = _edges_twice(picture, 2)
    return (columns[..., :-2] + 2 * picture + columns[..., 2:]) / 4


def _edges_twice(picture: np.ndarray, axis: int) -> np.ndarray:
    """Return the picture with the first and the last entry of an axis repeated."""
    return np.concatenate(
        (picture.take([0], axis), picture, picture.take([-1], axis)), axis)


def _expose(picture: np.ndarray, noise: dict) -> np.ndarray:
    """Return (H0, W0, 3) uint8 of (3, H0, W0), with brightness and sensor noise."""
    picture = picture.transpose(1, 2, 0).copy()
    if 'brightness' in noise:
        picture *= noise['brightness']
    if noise['sigma']:
        stream = Stream(noise['seed'], 0, 0, 0, 'noise')
        picture += stream.bell(*picture.shape) * (noise['sigma'] / _NOISE_UNIT)
    picture += 0.5
    return np.clip(picture, 0, 255, out=picture).astype(np.uint8)
