"""Who comes first among objects of a photograph, by SynthRef's margins and some more.

A box shows where an object is less exactly than a generated shape does, and what an
object has outside the picture nobody sees. Hence two conditions besides those of
``segvg.synthref.predicates.before``: along a side the boxes must not overlap by half,
and sizes of objects that the border cuts are compared with care.
"""
from collections.abc import Sequence
from typing import Optional

import numpy as np

from segvg.synthref.facts import bit_sets, without_self
from segvg.synthref.forms import EXTENTS
from segvg.synthref.photographs.photos import Photo
from segvg.synthref.predicates import TRUE, UNDECIDED, at, before
from segvg.synthref.semantics import Undecided, pick

BESIDE = 0.5         # of the shorter extent along an axis: two objects share no more
ROW = 0.5            # of the width of a row is its height, at most
CUT_RATIO = 2.0      # of the areas, where the smaller object is cut by the border


class Arrangement:
    """Objects of one noun, compared with each other.

    A ``segvg.synthref.predicates.Layout``: ``centres`` are those of the boxes,
    ``radii`` half of their diagonals, ``areas`` those of the masks.

    Args:
        photo: the photograph.
        members: indices of two or more objects.
    """

    def __init__(self, photo: Photo, members: Sequence[int]) -> None:
        objects = [photo.objects[index] for index in members]
        self.objects = objects
        self._hidden = photo.hidden[list(members)]
        self.boxes = np.array([item.bbox for item in objects])
        self.sides = self.boxes[:, 2:] - self.boxes[:, :2]
        self.centres = (self.boxes[:, :2] + self.boxes[:, 2:]) / 2
        self.radii = np.hypot(*self.sides.T) / 2
        self.areas = np.array([item.area for item in objects])
        self.size = np.array([photo.image['width'], photo.image['height']])
        self._clear = [index for index, item in enumerate(objects)
                       if not item.is_small]

    def first(self, key: str, rank: int = 1) -> Optional[int]:
        """Return who is number ``rank`` in an order; None when it is not clear.

        The answer is the same with and without the objects that are overlooked easily.

        Args:
            key: 'left', 'right', 'top', 'bottom', 'largest' or 'smallest'.
            rank: from 1.
        """
        truths = before(self, key)
        doubt = self._size_doubt(key) if key in EXTENTS else self._side_doubt(key)
        after = without_self(bit_sets(np.where(doubt, UNDECIDED, truths)))
        everyone = (1 << len(self.objects)) - 1
        clear = sum(1 << index for index in self._clear)
        try:
            found = {pick(members, after, rank) for members in (everyone, clear)}
        except Undecided:
            return None
        return found.pop().bit_length() - 1 if len(found) == 1 else None

    @property
    def is_row(self) -> bool:
        """Whether the objects are beside each other, so that people count them."""
        across, down = np.ptp(self.centres, axis=0)
        return bool(down <= ROW * across)

    def is_at(self, index: int, side: str) -> bool:
        """Whether an object, and it alone, is clearly in a half of the picture."""
        return set(np.flatnonzero(at(self, side) != 0)) == {index} and (
            at(self, side)[index] == TRUE)

    def middle(self) -> Optional[int]:
        """Return who is in the middle of three in a row, or None."""
        if len(self.objects) != 3 or len(self._clear) != 3 or not self.is_row:
            return None
        found = self.first('left', 2)
        if found is None or found != self.first('right', 2):
            return None
        to_middle = np.abs(self.centres[:, 0] - self.size[0] / 2)
        return found if to_middle.argmin() == found else None

    def _side_doubt(self, key: str) -> np.ndarray:
        """Tell which pairs (T, T) are too much behind each other along an axis."""
        axis = 0 if key in ('left', 'right') else 1
        low, high = self.boxes[:, axis], self.boxes[:, axis + 2]
        shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
        shorter = np.minimum(self.sides[:, axis][:, None], self.sides[:, axis])
        return shared > BESIDE * shorter

    def _size_doubt(self, key: str) -> np.ndarray:
        """Tell which pairs (T, T) may differ otherwise, with their parts not seen."""
        is_cut = self._hidden | [item.is_cut for item in self.objects]
        ratios = self.areas[:, None] / self.areas
        boxes = self.sides.prod(1)
        smaller_is_cut = np.where(ratios < 1, is_cut[:, None], is_cut)
        close = np.maximum(ratios, 1 / ratios) < CUT_RATIO
        # a bigger mask in a smaller box
        contrary = (ratios - 1) * (boxes[:, None] / boxes - 1) < 0
        return (smaller_is_cut & (close | (key == 'smallest'))) | contrary
