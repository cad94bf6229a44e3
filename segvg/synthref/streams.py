"""Random numbers that are equal on every machine and for any number of workers."""
import math
from operator import itemgetter
from threading import Lock
from typing import Any, Sequence

import numpy as np

STAGES = ('attributes', 'layout', 'texture', 'noise', 'text', 'captions')
_BLOCK = 64              # numbers, of which the last one is used first
_AT_ONCE = (1, 4)        # blocks that are drawn, at first and later
_WEIGHT = itemgetter(1)
_COUNTER_BLOCK = 4   # numbers that Philox makes from one value of its counter
# One generator for all streams, whose place is set before each use: to make another
# one takes longer than the numbers that most streams need.
_PHILOX = np.random.Philox(key=0)
_LOCK = Lock()   # its place and what is drawn there belong together


class Stream:
    """Numbers of one (seed, level, split, image index, stage, attempt).

    Every combination has its own counter-based generator. Only its raw 64-bit output is
    used, which NumPy promises never to change; the distributions are computed here,
    because NumPy may change its own between versions.
    """

    def __init__(self, seed: int, level: int, split: int, index: int, stage: str,
                 attempt: int = 0) -> None:
        place = (level << 56 | split << 48 | STAGES.index(stage) << 40
                 | attempt << 32 | index)
        self._key = (seed, place)
        self._drawn = 0
        self._numbers: list[float] = []

    def random(self) -> float:
        """Return a number in [0, 1)."""
        if not self._numbers:
            self._draw_block()
        return self._numbers.pop()

    def _raw(self, count: int) -> np.ndarray:
        """Return the next (count,) uint64 numbers of the generator."""
        counter, skipped = divmod(self._drawn, _COUNTER_BLOCK)
        place = dict(
            bit_generator='Philox', state=dict(counter=(counter, 0, 0, 0),
                                               key=self._key),
            buffer=(0,) * _COUNTER_BLOCK, buffer_pos=_COUNTER_BLOCK, has_uint32=0,
            uinteger=0)
        self._drawn += count
        with _LOCK:
            _PHILOX.state = place
            return _PHILOX.random_raw(skipped + count)[skipped:]

    def _draw_block(self) -> None:
        raw = self._raw(_BLOCK * _AT_ONCE[self._drawn > 0]).reshape(-1, _BLOCK)
        self._numbers = ((raw[::-1] >> np.uint64(11)) * 2.0**-53).ravel().tolist()

    def _several(self, count: int) -> list[float]:
        """Return what ``count`` calls of ``random`` would."""
        found: list[float] = []
        while len(found) < count:
            if not self._numbers:
                self._draw_block()
            left = count - len(found)
            found += self._numbers[:-left - 1:-1]
            del self._numbers[-left:]
        return found

    def _skip(self, count: int) -> None:
        """Leave out the next numbers."""
        if count > len(self._numbers):
            self._several(count)
        elif count:
            del self._numbers[-count:]

    def uniform(self, low: float, high: float) -> float:
        """Return a number in [low, high)."""
        return low + (high - low) * self.random()

    def integer(self, low: int, high: int) -> int:
        """Return a whole number from low to high, both included."""
        return low + int(self.random() * (high - low + 1))

    def choice(self, items: Sequence) -> Any:
        """Return one of the items."""
        return items[int(self.random() * len(items))]

    def weighted(self, weights: Sequence[tuple[Any, float]]) -> Any:
        """Return one item of (item, weight) pairs."""
        left = self.random() * sum(map(_WEIGHT, weights))
        for item, weight in weights:
            left -= weight
            if left < 0:
                return item
        return weights[-1][0]

    def shuffled(self, items: Sequence, wanted: Sequence[int] | None = None) -> list:
        """Return the items in a random order, or in that order those at some places."""
        if wanted is not None and len(wanted) < 2:
            self._skip(len(items))
            return [items[place] for place in wanted]
        keys = self._several(len(items))
        places = range(len(keys)) if wanted is None else wanted
        return [items[place] for place in sorted(places, key=keys.__getitem__)]

    def weighted_order(self, weights: Sequence[tuple[Any, float]]) -> list:
        """Return all items of (item, weight) pairs, shuffled, heavy ones earlier."""
        rest, order = list(weights), []
        while rest:
            item = self.weighted(rest)
            order.append(item)
            rest = [pair for pair in rest if pair[0] != item]
        return order

    def grid(self, height: int, width: int) -> np.ndarray:
        """Return (height, width) numbers in [0, 1)."""
        raw = self._raw(height * width) >> np.uint64(11)
        return (raw * 2.0**-53).reshape(height, width)

    def bell(self, *shape: int) -> np.ndarray:
        """Return integers of mean 0 and deviation 1024, close to a Gaussian.

        The sum of the four 16-bit parts of a draw, scaled: whole numbers only, so
        that no machine rounds differently.
        """
        parts = self._raw(math.prod(shape)).view(np.uint16)
        centred = np.add(parts[::4], parts[1::4], dtype=np.int32)
        centred += parts[2::4]
        centred += parts[3::4]
        centred -= 2 * 0xFFFF
        # four uniform parts of width 65536 have the deviation 65536 / sqrt(3)
        centred *= 443
        centred >>= 14
        return centred.astype(np.int64).reshape(shape)
