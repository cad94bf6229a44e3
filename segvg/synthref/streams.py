"""Random numbers that are equal on every machine and for any number of workers."""
from typing import Any, Sequence

import numpy as np

STAGES = ('attributes', 'layout', 'texture', 'noise', 'text', 'captions')
_BLOCK = 64


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
        self._bits = np.random.Philox(key=np.array([seed, place], dtype=np.uint64))
        self._numbers: list[float] = []

    def random(self) -> float:
        """Return a number in [0, 1)."""
        if not self._numbers:
            self._draw_block()
        return self._numbers.pop()

    def _draw_block(self) -> None:
        raw = self._bits.random_raw(_BLOCK) >> np.uint64(11)
        self._numbers = (raw * 2.0**-53).tolist()

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
        left = self.random() * sum([weight for _, weight in weights])
        for item, weight in weights:
            left -= weight
            if left < 0:
                return item
        return weights[-1][0]

    def shuffled(self, items: Sequence) -> list:
        """Return the items in a random order."""
        keys = self._several(len(items))
        return [items[place] for place in sorted(range(len(keys)),
                                                 key=keys.__getitem__)]

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
        raw = self._bits.random_raw(height * width) >> np.uint64(11)
        return (raw * 2.0**-53).reshape(height, width)

    def bell(self, *shape: int) -> np.ndarray:
        """Return integers of mean 0 and deviation 1024, close to a Gaussian.

        The sum of the four 16-bit parts of a draw, scaled: whole numbers only, so
        that no machine rounds differently.
        """
        parts = self._bits.random_raw(int(np.prod(shape))).view(np.uint16)
        centred = parts[::4].astype(np.int32) - 2 * 0xFFFF
        for place in (1, 2, 3):
            centred += parts[place::4]
        # four uniform parts of width 65536 have the deviation 65536 / sqrt(3)
        centred *= 443
        centred >>= 14
        return centred.astype(np.int64).reshape(shape)
