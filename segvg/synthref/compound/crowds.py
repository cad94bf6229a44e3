"""Scenes of L2 and above: attributes shared in a grid, objects that may overlap."""
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np

from segvg.synthref.compound.backgrounds import choose_background
from segvg.synthref.levels import SIZES, SPLITS, Level, Weights
from segvg.synthref.scene import (
    GAP,
    Scene,
    SceneObject,
    jitter_colour,
    keeps_apart,
    may_keep_apart,
)
from segvg.synthref.shapes import DIRECTIONS, covered_pixels, measure
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
Box = tuple[float, float, float, float]
Pair = tuple[str, str]
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
    scene = draw_bare_crowd(level, split, seed, index, attempt)
    return scene and surround_crowd(scene, level, split, seed, index, attempt)


def draw_bare_crowd(level: Level, split: str, seed: int, index: int,
                    attempt: int) -> Scene | None:
    """Draw the same scene as yet without background and noise."""
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
    objects = tuple([
        _make_object(item, spot, depth, level, stream)
        for depth, (item, spot) in enumerate(zip(traits, spots))])
    return Scene(*canvas, {}, {}, objects)


def surround_crowd(scene: Scene, level: Level, split: str, seed: int, index: int,
                   attempt: int) -> Scene:
    """Add the background and noise of an attempt."""
    place = (seed, level.number, SPLITS.index(split), index)
    background = choose_background(
        level.look(split).background, level,
        {item.colour: item.rgb for item in scene.objects},
        Stream(*place, 'texture', attempt))
    noise = _draw_noise(level, Stream(*place, 'noise', attempt))
    return replace(scene, background=background, noise=noise)


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
    pool = _pairs(level.shapes, level.colours, () if split == 'testA' else held)
    pairs = [stream.choice(held if split == 'testA' else pool)]
    sizes: list[str] = []
    if stream.random() < GRID_SHARE:
        opposite = held if split == 'testA' else pool
        pairs += _complete_grid(pairs[0], stream.shuffled(opposite), pool)
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


@cache
def _pairs(shapes: tuple[str, ...], colours: tuple[str, ...],
           held: tuple[Pair, ...]) -> tuple[Pair, ...]:
    """Return the pairs of a shape and a colour that are not held out."""
    return tuple((shape, colour) for shape in shapes for colour in colours
                 if (shape, colour) not in held)


def _complete_grid(first: Pair, opposite: list[Pair],
                   pool: tuple[Pair, ...]) -> list[Pair]:
    """Return the other three pairs of two shapes and two colours, if they exist.

    The pair that shares neither with the first one is the first that fits.
    """
    shape, colour = first
    for other_shape, other_colour in opposite:
        if other_shape == shape or other_colour == colour:
            continue
        others = [(shape, other_colour), (other_shape, colour),
                  (other_shape, other_colour)]
        if all(pair in pool for pair in others):
            return others
    return []


def _related(known: Pair, relation: str, pool: tuple[Pair, ...],
             stream: Stream) -> Pair:
    if relation == 'both':
        return known
    if relation == 'neither':
        return stream.choice(pool)
    return stream.choice(_sharing(known, ('shape', 'colour').index(relation), pool))


@cache
def _sharing(known: Pair, place: int, pool: tuple[Pair, ...]) -> tuple[Pair, ...]:
    """Return the other pairs that have the shape (place 0) or the colour (place 1)."""
    return tuple(pair for pair in pool if pair[place] == known[place] and pair != known)


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
        if not crowd.place(item, radius, level.placements, stream):
            return None
    return crowd.spots


class Placed(NamedTuple):
    """An object in the crowd.

    Attributes:
        figure, colour: of its traits.
        radius: px.
        centre: x, y of its centroid.
        box: x1, y1, x2, y2 of its full mask.
    """

    figure: str
    colour: str
    radius: float
    centre: tuple[float, float]
    box: Box


class Crowd:
    """Objects placed so far, and what is still visible of them.

    An object is drawn when another one may overlap it: most keep apart.
    """

    def __init__(self, canvas: tuple[int, int], visible: float) -> None:
        self.width, self.height = canvas
        self.share = visible
        self._region = [(0.0, 1.0), (0.0, 1.0)]
        self.spots: list[tuple[float, float, float]] = []
        self._placed: list[Placed] = []
        self._boxes: list[Box] = []
        # of those that are drawn: the pixels that an object owns, background -1
        self._owner = np.full((self.height, self.width), -1, dtype=np.int8)
        self._areas: dict[int, int] = {}      # of their full masks
        self._visible: dict[int, int] = {}

    def narrow(self, axis: int, part: float, stream: Stream) -> None:
        """Keep free objects in a band, so that more relations along it are clear."""
        start = stream.uniform(0, 1 - part)
        self._region[axis] = (start, start + part)

    def place(self, item: Traits, radius: float, modes: Weights,
              stream: Stream) -> bool:
        """Place an object in front of all others, if there is a spot for it.

        From the middle of the tries on, free objects may be placed anywhere.
        """
        left, top, right, bottom = extent = [
            side * radius for side in measure(item.figure).extent]
        low = (GAP - left, GAP - top)
        high = (self.width - GAP - right, self.height - GAP - bottom)
        for tries in (_BAND_TRIES, _TRIES - _BAND_TRIES):
            spans = [(a + (b - a) * start, a + (b - a) * end)
                     for a, b, (start, end) in zip(low, high, self._region)]
            for _ in range(tries):
                mode = stream.weighted(modes) if self.spots else 'free'
                apart = mode in ('free', 'near')
                spot = ([stream.uniform(*span) for span in spans] if mode == 'free'
                        else self._suggest(radius, mode, stream))
                if not spot or apart and not may_keep_apart(
                        extent, spot, self._boxes):
                    continue
                cx, cy = [round(part, 2) for part in spot]
                if mode != 'free' and not (
                        low[0] <= cx <= high[0] and low[1] <= cy <= high[1]):
                    continue
                box = (cx + left, cy + top, cx + right, cy + bottom)
                if apart and not keeps_apart(box, self._boxes):
                    continue
                new = Placed(item.figure, item.colour, radius, (cx, cy), box)
                if apart or self._draw_over(new):
                    self._placed.append(new)
                    self._boxes.append(box)
                    self.spots.append((radius, cx, cy))
                    return True
            self._region = [(0.0, 1.0), (0.0, 1.0)]
        return False

    def _suggest(self, radius: float, mode: str,
                 stream: Stream) -> list[float] | None:
        """Draw a centre relative to an existing object, unless that is too small."""
        other, *centre = stream.choice(self.spots)
        if mode == 'inside' and other < 1.6 * radius:
            return None
        reach = {'near': 1.35 * (radius + other), 'over': 0.9 * (radius + other),
                 'inside': 0.1 * other}[mode]
        return [stream.uniform(part - reach, part + reach) for part in centre]

    def _draw_over(self, new: Placed) -> bool:
        """Draw an object in front of all others, if that hides none too much.

        Objects of one colour may not overlap: their edges would not show.
        """
        near = [number for number, known in enumerate(self._placed)
                if _may_touch(new.box, known.box)]
        for number in near:
            if number not in self._areas:
                self._draw(number, *self._mask(self._placed[number]))
        window, inside = self._mask(new)
        area, hidden = np.count_nonzero(inside), {}
        for number in near:
            lost = np.count_nonzero((window == number) & inside)
            if lost and not self._may_hide(number, lost, area, new.colour):
                return False
            hidden[number] = lost
        for number, lost in hidden.items():
            self._visible[number] -= lost
        self._draw(len(self._placed), window, inside)
        return True

    def _mask(self, item: Placed) -> tuple[np.ndarray, np.ndarray]:
        """Return the owners of the pixels around an object, and which it covers."""
        x1, y1, x2, y2 = item.box
        left, top, right, bottom = window = int(x1), int(y1), int(x2) + 1, int(y2) + 1
        return self._owner[top:bottom, left:right], covered_pixels(
            item.figure, item.radius, item.centre, window)

    def _draw(self, number: int, window: np.ndarray, inside: np.ndarray) -> None:
        """Give the pixels that an object covers to it."""
        np.copyto(window, number, where=inside)
        self._areas[number] = self._visible[number] = np.count_nonzero(inside)

    def _may_hide(self, other: int, hidden: int, area: int, colour: str) -> bool:
        """Tell whether an object may lose these pixels: some, but not too many."""
        full = self._areas[other]
        return (colour != self._placed[other].colour
                and hidden >= CLEAR_OVERLAP * min(area, full)
                and self._visible[other] - hidden >= self.share * full)


def _may_touch(one: Box, other: Box) -> bool:
    """Tell whether two boxes have a point in common."""
    return (one[0] <= other[2] and other[0] <= one[2]
            and one[1] <= other[3] and other[1] <= one[3])
