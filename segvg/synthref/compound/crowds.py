"""Scenes of L2 and above: attributes shared in a grid, objects that may overlap."""
from typing import NamedTuple

import numpy as np

from segvg.synthref.compound.backgrounds import choose_background
from segvg.synthref.levels import SIZES, SPLITS, Level
from segvg.synthref.scene import GAP, Scene, SceneObject, jitter_colour, keeps_apart
from segvg.synthref.shapes import DIRECTIONS, covers, measure
from segvg.synthref.streams import Stream

GRID_SHARE = 0.92        # of scenes that hold two shapes in two colours each
HELD_OUT_SHARE = 0.5     # of further objects in testA
HELD_OUT_FILL_SHARE = 0.25   # of objects in testA
PLAIN_SHARE = 0.4
CLEAR_OVERLAP = 0.13     # of the smaller mask: more than predicates ask for
_RELATIONS = (('both', 0.3), ('shape', 0.25), ('colour', 0.25), ('neither', 0.2))
_SIZE_WEIGHTS = (('small', 1.0), ('medium', 0.8), ('large', 0.5))
_TRIES, _BAND_TRIES = 80, 40   # for one object: in all, and within a band
_ALONE_SHARE = 0.35      # of grids have one more object, the only one of its size
_BAND_SHARE, _BAND = 0.8, (0.2, 0.5)   # of scenes; of the height or width
_TONES = {'black': (100, 55), 'grey': (155, 0), 'white': (62, 0), 'yellow': (45, 0)}


class Traits(NamedTuple):
    """Attributes of an object before it is placed."""

    shape: str
    colour: str
    size: str
    fill: str
    direction: str | None

    @property
    def figure(self) -> str:
        """Return the name of its outline in ``shapes.SHAPES``."""
        return f'{self.shape} {self.direction}' if self.direction else self.shape


def draw_crowd(level: Level, split: str, seed: int, index: int,
               attempt: int) -> Scene | None:
    """Draw the scene of one image, or None when its objects do not fit."""
    place = (seed, level.number, SPLITS.index(split), index)
    # attempt 0 of a stage is for what does not change between attempts
    canvas = level.canvas
    if level.alternatives:
        canvas = Stream(*place, 'attributes').choice(level.alternatives)
    stream = Stream(*place, 'attributes', attempt)
    traits = draw_traits(level, split, stream)
    layout = Stream(*place, 'layout', attempt)
    traits = _big_ones_first(traits, layout)
    spots = place_all(level, canvas, traits, layout)
    if spots is None:
        return None
    objects = tuple(
        _make_object(item, spot, depth, level, stream)
        for depth, (item, spot) in enumerate(zip(traits, spots)))
    texture = Stream(*place, 'texture', attempt)
    background = choose_background(
        level.look(split).background, level,
        {item.colour: item.rgb for item in objects}, texture)
    return Scene(*canvas, background, _draw_noise(
        level, Stream(*place, 'noise', attempt)), objects)


def is_held_out(item: SceneObject | Traits, level: Level) -> bool:
    """Tell whether an object has a combination that training never shows."""
    return ((item.shape, item.colour) in level.held_out()
            or (item.size, item.fill) in level.held_out_fills())


def draw_traits(level: Level, split: str, stream: Stream) -> list[Traits]:
    """Draw what every object is.

    Most scenes begin with two shapes in two colours each, all four pairs, where those
    of the first shape and colour and of neither have one size and the others another:
    no word singles one of them out, every two words do, so that words can be dealt out
    in many ways. Others share shape or colour with an earlier object. In testA the
    first pair and some others are held-out ones, elsewhere none is.
    """
    count = stream.integer(*level.look(split).objects)
    held = level.held_out()
    pool = [(shape, colour) for shape in level.shapes for colour in level.colours
            if split == 'testA' or (shape, colour) not in held]
    pairs = [stream.choice(held if split == 'testA' else pool)]
    sizes: list[str] = []
    if stream.random() < GRID_SHARE:
        opposite = held if split == 'testA' else pool
        pairs += _complete_grid(pairs[0], stream.shuffled(opposite), set(pool))
        sizes = stream.shuffled(level.sizes)[:2]
        sizes = [sizes[0], sizes[1], sizes[1], sizes[0]][:len(pairs)]
    while len(pairs) < count:
        if split == 'testA' and stream.random() < HELD_OUT_SHARE:
            pairs.append(stream.choice(held))
            continue
        shared = sum(shape == pairs[0][0] for shape, _ in pairs)
        relation = ('shape' if shared < level.same_shape and len(pairs) > 3
                    else stream.weighted(_RELATIONS))
        known = pairs[0] if relation == 'shape' else stream.choice(pairs)
        pairs.append(_related(known, relation, pool, stream))
    alone = bool(sizes) and stream.random() < _ALONE_SHARE
    usual = [pair for pair in _SIZE_WEIGHTS if not alone or pair[0] in sizes]
    more = [stream.weighted(usual) for _ in pairs[len(sizes):]]
    if alone and more:
        more[0] = next(name for name in level.sizes if name not in sizes)
    sizes += more
    return [_complete(pair, size, level, split, stream)
            for pair, size in zip(pairs[:count], sizes)]


def _complete_grid(first: tuple[str, str], opposite: list[tuple[str, str]],
                   pool: set[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the other three pairs of two shapes and two colours, if they exist.

    The pair that shares neither with the first one is the first that fits.
    """
    shape, colour = first
    for other_shape, other_colour in opposite:
        others = [(shape, other_colour), (other_shape, colour),
                  (other_shape, other_colour)]
        if (other_shape != shape and other_colour != colour
                and pool.issuperset(others)):
            return others
    return []


def _related(known: tuple[str, str], relation: str, pool: list[tuple[str, str]],
             stream: Stream) -> tuple[str, str]:
    if relation == 'both':
        return known
    if relation == 'neither':
        return stream.choice(pool)
    place = ('shape', 'colour').index(relation)
    return stream.choice([pair for pair in pool
                          if pair[place] == known[place] and pair != known])


def _complete(pair: tuple[str, str], size: str, level: Level, split: str,
              stream: Stream) -> Traits:
    """Add fill and direction to a shape, colour and size."""
    held = level.held_out_fills()
    if split == 'testA' and held and stream.random() < HELD_OUT_FILL_SHARE:
        size, fill = stream.choice(held)
    else:
        fill = level.fills[0]
        if len(level.fills) > 1 and stream.random() > PLAIN_SHARE:
            fill = stream.choice(level.fills[1:])
        if split != 'testA' and (size, fill) in held:
            fill = stream.choice([name for name in level.fills
                                  if (size, name) not in held])
    direction = stream.choice(DIRECTIONS) if pair[0] == 'arrow' else None
    return Traits(*pair, size, fill, direction)


def _big_ones_first(traits: list[Traits], stream: Stream) -> list[Traits]:
    """Order objects so that large ones tend to be placed first, behind others."""
    ranks = {'small': 1.0, 'medium': 1.6, 'large': 2.4}
    return [item for _, item in sorted(
        ((-ranks[item.size] * stream.uniform(0.4, 1.6), item) for item in traits),
        key=lambda pair: pair[0])]


def _make_object(item: Traits, spot: tuple[float, float, float], depth: int,
                 level: Level, stream: Stream) -> SceneObject:
    rgb = jitter_colour(item.colour, stream, level.jitter)
    tone = None if item.fill == 'plain' else _second_tone(item.colour, rgb)
    return SceneObject(item.shape, item.colour, item.size, rgb, *spot, depth, item.fill,
                       item.direction, tone)


def _second_tone(colour: str, rgb: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return the other colour of a fill: of the same hue, and no other class."""
    if colour in _TONES:
        factor, offset = _TONES[colour]
        return tuple(part * factor // 100 + offset for part in rgb)
    return tuple((2 * part + 3 * 255) // 5 for part in rgb)


def _draw_noise(level: Level, stream: Stream) -> dict:
    noise = dict(sigma=level.noise, seed=stream.integer(0, 2**32 - 1))
    if level.blur:
        noise['blur'] = stream.integer(0, 1)
    if level.brightness:
        noise['brightness'] = round(
            stream.uniform(1 - level.brightness, 1 + level.brightness), 3)
    return noise


def place_all(level: Level, canvas: tuple[int, int], traits: list[Traits],
              stream: Stream) -> list[tuple[float, float, float]] | None:
    """Draw (radius, cx, cy) of every object; later ones are nearer."""
    crowd = Crowd(canvas, level.visible)
    if stream.random() < _BAND_SHARE:
        crowd.narrow(stream.integer(0, 1), stream.uniform(*_BAND), stream)
    for item in traits:
        low, high = (part * min(canvas) / 100 for part in SIZES[item.size])
        radius = round(stream.uniform(low, high), 2)
        extent = tuple(side * radius for side in measure(item.figure).extent)
        for number in range(_TRIES):
            if number == _BAND_TRIES:
                crowd.widen()
            mode = stream.weighted(level.placements) if crowd.spots else 'free'
            spot = crowd.suggest(extent, radius, mode, stream)
            if spot and crowd.add(item, extent, radius, spot, mode):
                break
        else:
            return None
    return crowd.spots


class Crowd:
    """Objects placed so far, and what is still visible of them."""

    def __init__(self, canvas: tuple[int, int], visible: float) -> None:
        self.width, self.height = canvas
        self.share = visible
        self._region = [(0.0, 1.0), (0.0, 1.0)]
        self.spots: list[tuple[float, float, float]] = []
        self._boxes: list[tuple[float, float, float, float]] = []
        self._owner = np.zeros((self.height, self.width), dtype=np.int64)
        self._areas = [0]      # of full masks; entry 0 is the background
        self._visible = [0]
        self._colours = ['']

    def narrow(self, axis: int, part: float, stream: Stream) -> None:
        """Keep free objects in a band, so that more relations along it are clear."""
        start = stream.uniform(0, 1 - part)
        self._region[axis] = (start, start + part)

    def widen(self) -> None:
        """Let free objects be placed anywhere."""
        self._region = [(0.0, 1.0), (0.0, 1.0)]

    def suggest(self, extent: tuple[float, ...], radius: float, mode: str,
                stream: Stream) -> tuple[float, float] | None:
        """Draw a centre: anywhere, or relative to an existing object."""
        left, top, right, bottom = extent
        low = (GAP - left, GAP - top)
        high = (self.width - GAP - right, self.height - GAP - bottom)
        if mode == 'free':
            return tuple([
                round(stream.uniform(a + (b - a) * start, a + (b - a) * end), 2)
                for a, b, (start, end) in zip(low, high, self._region)])
        other, *centre = stream.choice(self.spots)
        if mode == 'inside' and other < 1.6 * radius:
            return None
        reach = {'near': 1.35 * (radius + other), 'over': 0.9 * (radius + other),
                 'inside': 0.1 * other}[mode]
        cx, cy = [round(stream.uniform(part - reach, part + reach), 2)
                  for part in centre]
        inside = low[0] <= cx <= high[0] and low[1] <= cy <= high[1]
        return (cx, cy) if inside else None

    def add(self, item: Traits, extent: tuple[float, ...], radius: float,
            centre: tuple[float, float], mode: str) -> bool:
        """Place an object in front of all others if that hides none too much.

        Objects of one colour may not overlap: their edges would not show.
        """
        (left, top, right, bottom), (cx, cy) = extent, centre
        box = (cx + left, cy + top, cx + right, cy + bottom)
        if mode in ('free', 'near') and not keeps_apart(box, self._boxes):
            return False
        rows = slice(int(box[1]), int(box[3]) + 1)
        columns = slice(int(box[0]), int(box[2]) + 1)
        x = np.arange(columns.start, columns.stop) + 0.5
        y = np.arange(rows.start, rows.stop) + 0.5
        inside = covers(item.figure, (x[None, :] - cx) / radius,
                        (y[:, None] - cy) / radius)
        number, window = len(self._areas), self._owner[rows, columns]
        covered = window[inside]
        area, hidden = len(covered), np.bincount(covered, minlength=number).tolist()
        if not all(self._may_hide(other, hidden[other], area, item.colour)
                   for other in range(1, number)):
            return False
        window[inside] = number
        self._visible = [known - lost for known, lost in zip(self._visible, hidden)]
        self._visible.append(area)
        self._areas.append(area)
        self._colours.append(item.colour)
        self._boxes.append(box)
        self.spots.append((radius, cx, cy))
        return True

    def _may_hide(self, other: int, hidden: int, area: int, colour: str) -> bool:
        """Tell whether other objects may lose these pixels: some, but not too many."""
        if not hidden:
            return True
        full = self._areas[other]
        return (colour != self._colours[other]
                and hidden >= CLEAR_OVERLAP * min(area, full)
                and self._visible[other] - hidden >= self.share * full)
