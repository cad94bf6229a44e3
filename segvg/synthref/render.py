"""Pictures of scenes, and the masks of what is visible in them."""
import math
from functools import cache

import numpy as np

from segvg.synthref.compound.backgrounds import (
    paint_ripples,
    paint_strokes,
    paint_tiles,
)
from segvg.synthref.scene import Scene, SceneObject
from segvg.synthref.shapes import FILLS, covers
from segvg.synthref.streams import Stream

FINE = 4   # samples per pixel and axis
_NOISE_UNIT = 1024
_COARSEST = 4   # lattice cells of the first octave of value noise
_PATTERNS = {'tiles': paint_tiles, 'ripples': paint_ripples}


def render(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Draw a scene.

    Args:
        scene: what to draw.

    Returns:
        The picture (H0, W0, 3) uint8 and the visible masks (T, H0, W0) bool: the pixels
        whose centre an object covers and no nearer one does.
    """
    ground = draw_background(scene)
    picture = ground.copy()
    masks = np.zeros((len(scene.objects), scene.height, scene.width), dtype=bool)
    # who owns each fine sample, and who owns each pixel centre; 0 is the background
    fine = np.zeros((scene.height * FINE, scene.width * FINE), dtype=np.int8)
    coarse = np.zeros((scene.height, scene.width), dtype=np.int8)
    by_depth = sorted(range(len(scene.objects)), key=lambda i: scene.objects[i].depth)
    for index in by_depth:
        item = scene.objects[index]
        for owner, step in ((fine, FINE), (coarse, 1)):
            rows, columns, inside = _samples(scene, item, step)
            owner[rows, columns][inside] = index + 1
    for index, item in enumerate(scene.objects):
        masks[index] = coarse == index + 1
        window = _window(scene, item)
        x1, y1, x2, y2 = window
        difference = np.array(item.rgb) - ground[y1:y2, x1:x2]
        picture[y1:y2, x1:x2] += _shares(fine, window, index + 1) * difference
        if item.tone:
            difference = np.array(item.tone, dtype=np.float64) - item.rgb
            picture[y1:y2, x1:x2] += _shares(
                fine, window, index + 1, _pattern(scene, item)) * difference
    picture = _camera(picture, scene.noise)
    picture += _sensor_noise(scene)
    return np.clip(picture + 0.5, 0, 255).astype(np.uint8), masks


def full_mask(scene: Scene, index: int) -> np.ndarray:
    """Return the (H0, W0) bool mask of an object as if nothing covered it."""
    mask = np.zeros((scene.height, scene.width), dtype=bool)
    rows, columns, inside = _samples(scene, scene.objects[index], 1)
    mask[rows, columns] = inside
    return mask


def _window(scene: Scene, item: SceneObject) -> tuple[int, int, int, int]:
    """Return the whole pixels x1, y1, x2, y2 that an object can touch."""
    x1, y1, x2, y2 = item.box
    return (max(math.floor(x1), 0), max(math.floor(y1), 0),
            min(math.ceil(x2), scene.width), min(math.ceil(y2), scene.height))


def _samples(scene: Scene, item: SceneObject,
             step: int) -> tuple[slice, slice, np.ndarray]:
    """Return an object's window at ``step`` samples per pixel, and its coverage."""
    x1, y1, x2, y2 = _window(scene, item)
    u = ((np.arange(x1 * step, x2 * step) + 0.5) / step - item.cx) / item.radius
    v = ((np.arange(y1 * step, y2 * step) + 0.5) / step - item.cy) / item.radius
    inside = covers(item.figure, u[None, :], v[:, None])
    return slice(y1 * step, y2 * step), slice(x1 * step, x2 * step), inside


def _pattern(scene: Scene, item: SceneObject) -> np.ndarray:
    """Tell which fine samples of an object's window have its second tone."""
    x1, y1, x2, y2 = _window(scene, item)
    u = ((np.arange(x1 * FINE, x2 * FINE) + 0.5) / FINE - item.cx) / item.radius
    v = ((np.arange(y1 * FINE, y2 * FINE) + 0.5) / FINE - item.cy) / item.radius
    return FILLS[item.fill](u[None, :], v[:, None])


def _shares(fine: np.ndarray, window: tuple[int, int, int, int],
            owner: int, chosen: np.ndarray | None = None) -> np.ndarray:
    """Return the share (h, w, 1) of the samples of each window pixel that is owned.

    With ``chosen``, (h * FINE, w * FINE) bool, only of those.
    """
    x1, y1, x2, y2 = window
    own = fine[y1 * FINE:y2 * FINE, x1 * FINE:x2 * FINE] == owner
    own = own if chosen is None else own & chosen
    rows = own.view(np.uint8).reshape(y2 - y1, FINE, -1).sum(1, dtype=np.uint8)
    counts = sum(rows[:, place::FINE] for place in range(FINE))
    return counts[:, :, None] / FINE**2


def draw_background(scene: Scene) -> np.ndarray:
    """Draw the (H0, W0, 3) float64 background."""
    record, shape = scene.background, (scene.height, scene.width)
    colours = np.array(record['colours'], dtype=np.float64)
    if record['kind'] == 'plain':
        return np.broadcast_to(colours[0], (*shape, 3)).copy()
    if record['kind'] == 'gradient':
        mix = _ramp(*shape, *record['direction'])
    elif record['kind'] in _PATTERNS:
        mix = _PATTERNS[record['kind']](record, *shape)
    elif 'octaves' in record:
        mix = value_noise(*shape, record['octaves'], record['seed'])
    else:
        mix = np.zeros(shape)
    ground = colours[0] + mix[:, :, None] * (colours[1] - colours[0])
    if record['kind'].endswith('strokes'):
        paint_strokes(ground, record['seed'])
    return ground


def _ramp(height: int, width: int, dx: int, dy: int) -> np.ndarray:
    """Return (height, width) numbers that rise from 0 to 1 along a direction."""
    slope = (np.arange(width)[None, :] * dx / width
             + np.arange(height)[:, None] * dy / height)
    return (slope - slope.min()) / (slope.max() - slope.min())


def value_noise(height: int, width: int, octaves: int, seed: int) -> np.ndarray:
    """Return (height, width) smooth noise in [0, 1]."""
    stream = Stream(seed, 0, 0, 0, 'texture')
    total, weight = np.zeros((height, width)), 1.0
    for octave in range(octaves):
        cells = _COARSEST << octave
        lattice = stream.grid(cells + 1, cells + 1)
        rows, columns = _blend(height, cells), _blend(width, cells)
        # explicit sums instead of a matrix product: the same bits on every machine
        tall = (rows[1] * lattice[rows[0]].T + (1 - rows[1]) * lattice[rows[0] - 1].T).T
        total += weight * (columns[1] * tall[:, columns[0]]
                           + (1 - columns[1]) * tall[:, columns[0] - 1])
        weight /= 2
    return (total - total.min()) / (total.max() - total.min())


@cache
def _blend(size: int, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Return for each pixel its upper lattice line and that line's smooth weight."""
    position = (np.arange(size) + 0.5) * cells / size
    lower = position.astype(np.int64)
    part = position - lower
    return lower + 1, part * part * (3 - 2 * part)


def _camera(picture: np.ndarray, noise: dict) -> np.ndarray:
    """Apply the slight blur and the brightness of a scene, where it has any."""
    if noise.get('blur'):
        for axis in (0, 1):
            before, after = (np.take(picture, _shifted(picture.shape[axis], step),
                                     axis) for step in (-1, 1))
            picture = (before + 2 * picture + after) / 4
    return picture * noise['brightness'] if 'brightness' in noise else picture


def _shifted(size: int, step: int) -> np.ndarray:
    return np.clip(np.arange(size) + step, 0, size - 1)


def _sensor_noise(scene: Scene) -> np.ndarray | float:
    """Return (H0, W0, 3) noise of the scene's deviation."""
    sigma = scene.noise['sigma']
    if not sigma:
        return 0.0
    stream = Stream(scene.noise['seed'], 0, 0, 0, 'noise')
    return stream.bell(scene.height, scene.width, 3) * (sigma / _NOISE_UNIT)
