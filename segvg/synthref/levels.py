"""The constants of every level: what its scenes hold and what its sentences say.

What ``testB`` (held-out structure) means:

* L0: four objects where training has two or three, a gradient behind them, and
  sentences that join a side with shape *and* colour ("the leftmost red circle"), where
  training joins a side with at most one of them.
* L1: five or six objects where training has three or four, value noise behind them, and
  sentences with one attribute more than in training: three plain ones ("the small red
  circle") or two beside a place, a side or an extreme of size.

* L2 and above: one to three objects more than in training, a family of backgrounds
  that training lacks, the ordinal "fourth", and sentence types that training lacks
  (``long_types``): two hops, a relation to a landmark that is itself found by an order
  ("left of the largest square"), between with a negation.

About a quarter (L0) or half (L1, L2) of the sentences have the longer form, because a
scene does not allow it for every object; the manifest has the count (``long``).
``testA`` has the structure of training, and every target carries a held-out
combination.

L1 and L2 are calibrated with ``tools/analysis_tools/calibrate_synthref.py``, one thread
of a shared machine, boxes at IoU 0.5 on val. A model without text reached 29.0 % on L1
and 22.8 % on L2 (any object: 29.1 and 23.3), one that cannot see the order of words
(82,000 parameters) 96.6 and 39.6, one that can (444,000) 97.8 and 81.3. The ceiling of
a bag of words on val of L2, from 250 images, is 58.3 % of all sentences and 52.7 % of
those with one target. These constants are fixed: a change needs a new ``version``.
Those of L3 to L5 are design targets, no model has been trained on them yet.
"""
from dataclasses import dataclass, replace
from functools import cache

from segvg.synthref.shapes import DIRECTIONS

SPLITS = ('train', 'val', 'testA', 'testB')

# hue in degrees, saturation, value; the order is the order in which levels add them
COLOURS = {
    'red': (0, 0.9, 0.85), 'green': (120, 0.8, 0.65), 'blue': (222, 0.85, 0.85),
    'yellow': (57, 0.9, 0.93), 'purple': (285, 0.75, 0.7), 'orange': (30, 0.95, 0.9),
    'brown': (25, 0.7, 0.42), 'black': (0, 0.0, 0.1), 'white': (0, 0.0, 1.0),
    'grey': (0, 0.0, 0.42),
}
FILLS = ('plain', 'striped', 'dotted', 'checked')
SIZES = {'small': (5.0, 7.0), 'medium': (9.0, 12.0), 'large': (15.0, 20.0)}
"""Range of the radius in percent of the shorter side of the canvas."""

SHAPE_COLOUR_SHARE = 0.15
"""Share of (shape, colour) pairs that training never shows."""
SIZE_FILL_SHARE = 0.1
"""The same of (size, fill) pairs, in levels with several fills."""

IDS_OF_LEVEL = 10**8

Weights = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Look:
    """What testB changes: number of objects, background, attributes in a sentence."""

    objects: tuple[int, int]
    background: str
    plain_filters: int
    joined_filters: int


@dataclass(frozen=True)
class Level:
    """One level of difficulty.

    ``types`` are sentence types with weights, ``sides`` those that a superlative may
    ask for ("leftmost"), ``attributes`` what a sentence may name. ``usual`` holds for
    train, val and testA, ``unusual`` for testB. ``filters`` there count the
    attributes of plain sentences and of those joined with a place or a superlative.

    Fields below ``noise`` are for L2 and above: ``several`` are types with more
    than one target, ``relations`` and ``depths`` what relation and depth sentences may
    say, ``visible`` the smallest visible share of an object, ``placements`` how objects
    are placed, ``jitter`` a factor on the spread of colours, ``brightness`` the largest
    change of the whole picture, ``typos`` the share of training sentences with one,
    ``patience`` the attempts at a scene before a sentence may be of another type.

    ``version`` is the version of the generator in which the level last changed.
    """

    name: str
    number: int
    canvas: tuple[int, int]
    shapes: tuple[str, ...]
    colours: tuple[str, ...]
    sizes: tuple[str, ...]
    attributes: tuple[str, ...]
    types: Weights
    sides: tuple[str, ...]
    usual: Look
    unusual: Look
    sentences: int
    images: tuple[int, int, int, int]
    none_share: float
    multi_share: float
    synonyms: bool
    punctuation: bool
    noise: int
    fills: tuple[str, ...] = ('plain',)
    several: Weights = ()
    long_types: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    depths: tuple[str, ...] = ()
    visible: float = 1.0
    placements: Weights = ()
    alternatives: tuple[tuple[int, int], ...] = ()
    same_shape: int = 2
    jitter: float = 1.0
    blur: bool = False
    brightness: float = 0.0
    fillers: bool = False
    paraphrases: bool = False
    typos: float = 0.0
    patience: int = 6
    version: str = '1.1'

    @property
    def first_image_id(self) -> int:
        """Return the id of the first image; no two levels share an id."""
        return self.number * IDS_OF_LEVEL + 1

    @property
    def compound(self) -> bool:
        """Whether sentences may relate objects to each other."""
        return bool(self.several)

    def values(self, kind: str) -> tuple[str, ...]:
        """Return the values of an attribute."""
        return {'shape': self.shapes, 'colour': self.colours, 'size': self.sizes,
                'fill': self.fills, 'direction': DIRECTIONS}[kind]

    def look(self, split: str) -> Look:
        """Return the constants of a split."""
        return self.unusual if split == 'testB' else self.usual

    def held_out(self) -> tuple[tuple[str, str], ...]:
        """Return the (shape, colour) pairs that only testA shows.

        They lie on the diagonals of the shape by colour table (a Latin rule), so each
        shape and each colour loses about equally many.
        """
        return _latin(self.shapes, self.colours, SHAPE_COLOUR_SHARE)

    def held_out_fills(self) -> tuple[tuple[str, str], ...]:
        """Return the (size, fill) pairs that only testA shows.

        There are none with a single fill: that would take away a whole size.
        """
        return _latin(self.sizes, self.fills, SIZE_FILL_SHARE) if self.fills[
            1:] else ()


@cache
def _latin(rows: tuple[str, ...], columns: tuple[str, ...],
           share: float) -> tuple[tuple[str, str], ...]:
    """Choose a share of the pairs along the diagonals of their table."""
    wanted = int(share * len(rows) * len(columns) + 0.5)
    cells = [(row, (row + diagonal + 1) % len(columns))
             for diagonal in range(len(columns)) for row in range(len(rows))]
    return tuple((rows[row], columns[column]) for row, column in cells[:wanted])


LEVELS = {
    'L0': Level(
        name='L0', number=0, canvas=(64, 64),
        shapes=('square', 'circle', 'triangle'),
        colours=('red', 'green', 'blue', 'yellow'),
        sizes=('medium', 'large'), attributes=('shape', 'colour'),
        types=(('attribute', 2.0), ('side', 1.0)), sides=('left', 'right'),
        usual=Look(objects=(2, 3), background='plain',
                   plain_filters=2, joined_filters=1),
        unusual=Look(objects=(4, 4), background='gradient',
                     plain_filters=2, joined_filters=2),
        sentences=3, images=(2000, 500, 500, 500), none_share=0.0, multi_share=0.0,
        synonyms=False, punctuation=False, noise=0, version='1.0'),
    'L1': Level(
        name='L1', number=1, canvas=(96, 96),
        shapes=('square', 'circle', 'triangle', 'star', 'ring'),
        colours=('red', 'green', 'blue', 'yellow', 'purple', 'orange'),
        sizes=('small', 'medium', 'large'), attributes=('shape', 'colour', 'size'),
        types=(('attribute', 2.0), ('side', 1.0), ('place', 1.0), ('extent', 1.0)),
        sides=('left', 'right', 'top', 'bottom'),
        usual=Look(objects=(3, 4), background='gradient',
                   plain_filters=2, joined_filters=1),
        unusual=Look(objects=(5, 6), background='noise',
                     plain_filters=3, joined_filters=2),
        sentences=4, images=(10000, 1000, 1000, 1000), none_share=0.1,
        multi_share=0.1, synonyms=True, punctuation=True, noise=3),
}

_ALL_SHAPES = ('square', 'circle', 'triangle', 'star', 'ring', 'cross', 'heart',
               'arrow', 'cup', 'pair')
_SPATIAL = ('left of', 'right of', 'above', 'below', 'next to')
_DEPTHS = ('in front of', 'behind', 'inside', 'overlapping')

LEVELS['L2'] = Level(
    name='L2', number=2, canvas=(128, 128), shapes=_ALL_SHAPES[:7],
    colours=tuple(COLOURS)[:8], sizes=('small', 'medium', 'large'),
    attributes=('shape', 'colour', 'size'),
    types=(('attribute', 0.015), ('place', 0.01), ('side', 0.01), ('extent', 0.01),
           ('relation', 0.93), ('ordinal', 0.025)), patience=14,
    sides=('left', 'right', 'top', 'bottom'),
    usual=Look(objects=(4, 6), background='noise', plain_filters=3, joined_filters=2),
    unusual=Look(objects=(7, 7), background='strokes', plain_filters=3,
                 joined_filters=2),
    sentences=4, images=(10000, 1000, 1000, 1000), none_share=0.15, multi_share=0.25,
    synonyms=True, punctuation=True, noise=4,
    several=(('plural', 0.2), ('together', 0.8)), long_types=('two hop', 'fourth'),
    relations=_SPATIAL, visible=0.7,
    placements=(('free', 0.75), ('near', 0.15), ('over', 0.1)))

LEVELS['L3'] = replace(
    LEVELS['L2'], name='L3', number=3, canvas=(192, 192), shapes=_ALL_SHAPES,
    colours=tuple(COLOURS), fills=FILLS, patience=6,
    attributes=('shape', 'colour', 'size', 'fill', 'direction'),
    types=(('attribute', 0.08), ('place', 0.04), ('side', 0.04), ('extent', 0.04),
           ('relation', 0.25), ('depth', 0.08), ('between', 0.1), ('ordinal', 0.09),
           ('nearest', 0.06), ('comparison', 0.08), ('same', 0.08), ('negation', 0.06)),
    usual=Look(objects=(5, 8), background='noise strokes', plain_filters=3,
               joined_filters=2),
    unusual=Look(objects=(9, 10), background='tiles', plain_filters=3,
                 joined_filters=2),
    none_share=0.2, multi_share=0.3, visible=0.5,
    several=(('plural', 0.25), ('counted', 0.15), ('both', 0.15), ('together', 0.3),
             ('exception', 0.15)),
    long_types=('two hop', 'between not', 'fourth'), depths=_DEPTHS,
    placements=(('free', 0.6), ('near', 0.15), ('over', 0.17), ('inside', 0.08)))

LEVELS['L4'] = replace(
    LEVELS['L3'], name='L4', number=4, canvas=(256, 256), same_shape=3,
    types=(*LEVELS['L3'].types, ('two hop', 0.15)),
    usual=Look(objects=(6, 10), background='tiles', plain_filters=3, joined_filters=2),
    unusual=Look(objects=(11, 12), background='strokes', plain_filters=3,
                 joined_filters=2),
    images=(20000, 2000, 2000, 2000), sentences=6, none_share=0.25, multi_share=0.35,
    visible=0.4, long_types=('order hop', 'between not', 'fourth'), fillers=True,
    placements=(('free', 0.5), ('near', 0.15), ('over', 0.25), ('inside', 0.1)))

LEVELS['L5'] = replace(
    LEVELS['L4'], name='L5', number=5, canvas=(320, 240),
    alternatives=((320, 240), (480, 320)),
    usual=Look(objects=(8, 14), background='any', plain_filters=3, joined_filters=2),
    unusual=Look(objects=(15, 16), background='ripples', plain_filters=3,
                 joined_filters=2),
    jitter=2.0, noise=12, blur=True, brightness=0.15, paraphrases=True, typos=0.1)


def get_level(name: str) -> Level:
    """Return a level by its name."""
    if name not in LEVELS:
        raise ValueError(f'level {name!r} does not exist; '
                         f'existing levels: {", ".join(LEVELS)}')
    return LEVELS[name]
