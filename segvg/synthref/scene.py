"""Scenes: objects with attributes and positions, drawn from random streams."""
import colorsys
import hashlib
import json
from dataclasses import asdict, dataclass, replace
from typing import Sequence

from segvg.synthref.levels import COLOURS, SIZES, SPLITS, Level
from segvg.synthref.shapes import measure
from segvg.synthref.streams import Stream

HUE_JITTER = 6.0
VALUE_JITTER = 0.1
WHITEST = 0.92       # the least value of white
GAP = 2.0            # pixels between the boxes of two objects, and to the border
_ROUNDED = 0.01      # more than two decimals change a position, in pixels
_DIRECTIONS = tuple((dx, dy) for dx in range(-2, 3) for dy in range(-2, 3) if dx or dy)
_POSITION_TRIES = 60
_LAYOUT_TRIES = 20
GROUP_SHARE = 0.6    # of scenes that begin with a group
HELD_OUT_SHARE = 0.5   # of further objects in testA
_RELATIONS = (('shape', 0.3), ('colour', 0.3), ('both', 0.15), ('neither', 0.25))


@dataclass(frozen=True)
class SceneObject:
    """One object; ``cx, cy`` is the centroid of its full mask, y points down.

    ``depth`` is the drawing order: a larger one is nearer. Only arrows have a
    ``direction``. ``tone`` is the second colour of a fill that is not plain.
    """

    shape: str
    colour: str
    size: str
    rgb: tuple[int, int, int]
    radius: float
    cx: float
    cy: float
    depth: int
    fill: str = 'plain'
    direction: str | None = None
    tone: tuple[int, int, int] | None = None

    @property
    def figure(self) -> str:
        """Return the name of its outline in ``shapes.SHAPES``."""
        return f'{self.shape} {self.direction}' if self.direction else self.shape

    @property
    def area(self) -> float:
        """Area of the full mask in pixels."""
        return measure(self.figure).area * self.radius**2

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Box of the full mask, x1, y1, x2, y2."""
        left, top, right, bottom = measure(self.figure).extent
        return (self.cx + left * self.radius, self.cy + top * self.radius,
                self.cx + right * self.radius, self.cy + bottom * self.radius)


_DEFAULTS = dict(fill='plain', direction=None, tone=None)


@dataclass(frozen=True)
class Scene:
    """A canvas, its background and the objects on it: everything needed to draw it."""

    width: int
    height: int
    background: dict
    noise: dict
    objects: tuple[SceneObject, ...]

    def to_dict(self) -> dict:
        """Return plain containers for ``scenes.jsonl``, without default values."""
        objects = [{name: value for name, value in asdict(item).items()
                    if name not in _DEFAULTS or value != _DEFAULTS[name]}
                   for item in self.objects]
        return dict(width=self.width, height=self.height, background=self.background,
                    noise=self.noise, objects=objects)

    @classmethod
    def from_dict(cls, record: dict) -> 'Scene':
        """Rebuild a scene from ``to_dict`` or from a line of ``scenes.jsonl``."""
        names = SceneObject.__dataclass_fields__
        objects = tuple(SceneObject(**{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in item.items() if name in names})
            for item in record['objects'])
        return cls(record['width'], record['height'], record['background'],
                   record['noise'], objects)

    def digest(self) -> str:
        """Return a hash of the objects; scenes with equal hashes look the same."""
        text = json.dumps(self.to_dict()['objects'], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def draw_scene(level: Level, split: str, seed: int, index: int,
               attempt: int) -> Scene | None:
    """Draw the scene of one image, or None when its objects do not fit."""
    scene = draw_bare_scene(level, split, seed, index, attempt)
    return scene and surround_scene(scene, level, split, seed, index, attempt)


def draw_bare_scene(level: Level, split: str, seed: int, index: int,
                    attempt: int) -> Scene | None:
    """Draw the same scene as yet without background and noise."""
    place = (seed, level.number, SPLITS.index(split), index)
    stream = Stream(*place, 'attributes', attempt)
    attributes = draw_attributes(level, split, stream)
    colours = [jitter_colour(colour, stream) for _, colour, _ in attributes]
    spots = draw_layout(level, attributes, Stream(*place, 'layout', attempt))
    if spots is None:
        return None
    objects = tuple([
        SceneObject(shape, colour, size, rgb, *spot, depth)
        for depth, ((shape, colour, size), rgb, spot) in enumerate(
            zip(attributes, colours, spots))])
    return Scene(*level.canvas, {}, {}, objects)


def surround_scene(scene: Scene, level: Level, split: str, seed: int, index: int,
                   attempt: int) -> Scene:
    """Add the background and noise of an attempt."""
    place = (seed, level.number, SPLITS.index(split), index)
    background = draw_background(
        level.look(split).background, Stream(*place, 'texture', attempt))
    noise = dict(sigma=level.noise,
                 seed=Stream(*place, 'noise', attempt).integer(0, 2**32 - 1))
    return replace(scene, background=background, noise=noise)


def draw_attributes(level: Level, split: str,
                    stream: Stream) -> list[tuple[str, str, str]]:
    """Draw (shape, colour, size) of every object.

    Objects share shape or colour with earlier ones more often than by chance, so that
    sentences need their words. Some scenes begin with a group that calls for two
    words: an object and one each that shares only its shape or only its colour; in
    testB its twin of another size as well, which calls for a long sentence. In testA
    the first object and some others carry a held-out pair, elsewhere none does.
    """
    count = stream.integer(*level.look(split).objects)
    held = level.held_out()
    pool = [(shape, colour) for shape in level.shapes for colour in level.colours
            if split == 'testA' or (shape, colour) not in held]
    pairs = [stream.choice(held if split == 'testA' else pool)]
    sizes: list[str] = []
    if count > 2 and stream.random() < GROUP_SHARE:
        pairs += [_related(pairs[0], relation, pool, stream)
                  for relation in ('shape', 'colour')]
        if split == 'testB':
            size = stream.choice(level.sizes)
            pairs.append(pairs[0])
            sizes = [size] * 3
            sizes.append(stream.choice([name for name in level.sizes if name != size]))
    while len(pairs) < count:
        if split == 'testA' and stream.random() < HELD_OUT_SHARE:
            pairs.append(stream.choice(held))
        else:
            relation = stream.weighted(_RELATIONS)
            pairs.append(_related(stream.choice(pairs), relation, pool, stream))
    sizes += [stream.choice(level.sizes) for _ in range(count - len(sizes))]
    return stream.shuffled([(*pair, size) for pair, size in zip(pairs, sizes)])


def _related(known: tuple[str, str], relation: str, pool: list[tuple[str, str]],
             stream: Stream) -> tuple[str, str]:
    """Draw a (shape, colour) pair that shares ``relation`` with ``known``."""
    if relation == 'both':
        return known
    if relation == 'neither':
        return stream.choice(pool)
    place = ('shape', 'colour').index(relation)
    return stream.choice([pair for pair in pool
                          if pair[place] == known[place] and pair != known])


def jitter_colour(name: str, stream: Stream,
                  factor: float = 1.0) -> tuple[int, int, int]:
    """Draw RGB near the middle of a colour class; ``factor`` widens the spread."""
    hue, saturation, value = COLOURS[name]
    hue += stream.uniform(-HUE_JITTER, HUE_JITTER) * factor
    value *= stream.uniform(1 - VALUE_JITTER * factor, 1 + VALUE_JITTER * factor)
    if name == 'white':
        value = max(value, WHITEST)
    rgb = colorsys.hsv_to_rgb(hue / 360 % 1.0, saturation, min(value, 1.0))
    return tuple(int(255 * part + 0.5) for part in rgb)


def draw_layout(level: Level, attributes: list[tuple[str, str, str]],
                stream: Stream) -> list[tuple[float, float, float]] | None:
    """Draw (radius, cx, cy) of every object so that no two boxes come close."""
    width, height = level.canvas
    for _ in range(_LAYOUT_TRIES):
        spots: list[tuple[float, float, float]] = []
        boxes: list[tuple[float, ...]] = []
        for shape, _, size in attributes:
            low, high = (part * min(width, height) / 100 for part in SIZES[size])
            radius = round(stream.uniform(low, high), 2)
            extent = tuple(side * radius for side in measure(shape).extent)
            spot = _free_spot(extent, level.canvas, boxes, stream)
            if spot is None:
                break
            spots.append((radius, *spot))
        else:
            return spots
    return None


def _free_spot(extent: tuple[float, ...], canvas: tuple[int, int],
               boxes: list[tuple[float, ...]],
               stream: Stream) -> tuple[float, float] | None:
    """Find a centre whose box keeps its distance, and append that box to ``boxes``."""
    left, top, right, bottom = extent
    for _ in range(_POSITION_TRIES):
        spot = (stream.uniform(GAP - left, canvas[0] - GAP - right),
                stream.uniform(GAP - top, canvas[1] - GAP - bottom))
        if not may_keep_apart(extent, spot, boxes):
            continue
        cx, cy = round(spot[0], 2), round(spot[1], 2)
        box = (cx + left, cy + top, cx + right, cy + bottom)
        if keeps_apart(box, boxes):
            boxes.append(box)
            return cx, cy
    return None


def may_keep_apart(extent: Sequence[float], spot: Sequence[float],
                   others: list[tuple[float, ...]]) -> bool:
    """Tell whether a box may keep its distance when its centre is rounded.

    To round takes longer than this, and most centres that are drawn are in the way.
    """
    left, top, right, bottom = extent
    cx, cy = spot
    return keeps_apart((cx + left, cy + top, cx + right, cy + bottom), others,
                       GAP - _ROUNDED)


def keeps_apart(box: tuple[float, ...], others: list[tuple[float, ...]],
                gap: float = GAP) -> bool:
    """Tell whether a box keeps its distance from all others."""
    left, top, right, bottom = box
    for other in others:
        if not (right + gap <= other[0] or other[2] + gap <= left
                or bottom + gap <= other[1] or other[3] + gap <= top):
            return False
    return True


def draw_background(kind: str, stream: Stream) -> dict:
    """Draw the parameters of a background: two greys with a faint tint."""
    bright = stream.uniform(0.6, 0.95)
    record: dict = dict(kind=kind, colours=[_tint(bright, stream)])
    if kind in ('gradient', 'noise'):
        record['colours'].append(_tint(bright - stream.uniform(0.15, 0.35), stream))
    if kind == 'gradient':
        record['direction'] = list(stream.choice(_DIRECTIONS))
    if kind == 'noise':
        record['octaves'] = stream.integer(2, 4)
        record['seed'] = stream.integer(0, 2**32 - 1)
    return record


def _tint(value: float, stream: Stream) -> list[int]:
    rgb = colorsys.hsv_to_rgb(stream.random(), stream.uniform(0, 0.1), value)
    return [int(255 * part + 0.5) for part in rgb]
