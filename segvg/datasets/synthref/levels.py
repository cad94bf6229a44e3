"""The constants of every level: what its scenes hold and what its sentences say.

What ``testB`` (held-out structure) means:

* L0: four objects where training has two or three, a gradient behind them, and
  sentences that join a side with shape *and* colour ("the leftmost red circle"), where
  training joins a side with at most one of them.
* L1: five or six objects where training has three or four, value noise behind them, and
  sentences with one attribute more than in training: three plain ones ("the small red
  circle") or two beside a place, a side or an extreme of size.

About a quarter (L0) or half (L1) of the sentences have the longer form, because a scene
does not allow it for every object; the manifest has the count (``long``). ``testA`` has
the structure of training, and every target carries a held-out combination.
"""
from dataclasses import dataclass

SPLITS = ('train', 'val', 'testA', 'testB')

# hue in degrees, saturation, value; the order is the order in which levels add them
COLOURS = {
    'red': (0, 0.9, 0.85), 'green': (120, 0.8, 0.65), 'blue': (222, 0.85, 0.85),
    'yellow': (57, 0.9, 0.93), 'purple': (285, 0.75, 0.7), 'orange': (30, 0.95, 0.9),
}
SIZES = {'small': (5.0, 7.0), 'medium': (9.0, 12.0), 'large': (15.0, 20.0)}
"""Range of the radius in percent of the shorter side of the canvas."""

SHAPE_COLOUR_SHARE = 0.15
"""Share of (shape, colour) pairs that training never shows."""


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
    """

    name: str
    number: int
    canvas: tuple[int, int]
    shapes: tuple[str, ...]
    colours: tuple[str, ...]
    sizes: tuple[str, ...]
    attributes: tuple[str, ...]
    types: tuple[tuple[str, float], ...]
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

    def look(self, split: str) -> Look:
        """Return the constants of a split."""
        return self.unusual if split == 'testB' else self.usual

    def held_out(self) -> tuple[tuple[str, str], ...]:
        """Return the (shape, colour) pairs that only testA shows.

        They lie on the diagonals of the shape by colour table (a Latin rule), so each
        shape and each colour loses about equally many. No (size, fill) pair is held
        out: with a single fill that would take away a whole size.
        """
        rows, columns = len(self.shapes), len(self.colours)
        wanted = int(SHAPE_COLOUR_SHARE * rows * columns + 0.5)
        cells = [(row, (row + diagonal + 1) % columns)
                 for diagonal in range(columns) for row in range(rows)]
        return tuple((self.shapes[row], self.colours[column])
                     for row, column in cells[:wanted])


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
        synonyms=False, punctuation=False, noise=0),
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


def get_level(name: str) -> Level:
    """Return a level by its name."""
    if name not in LEVELS:
        raise ValueError(f'level {name!r} does not exist yet; '
                         f'existing levels: {", ".join(LEVELS)}')
    return LEVELS[name]
