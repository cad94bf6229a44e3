"""The run-length code in which Label Studio stores brush strokes.

Bits, the highest first: the number of values (32), the bits of a value less one (5),
and the bits of four kinds of lengths, each less one (4 each). Then runs: one bit says
whether all values of the run are equal, two which kind its length is, then the length
less one, then one value, or all of them. The values are those of a picture of four
channels, of which the last one is the brush.
"""
from collections.abc import Sequence

import numpy as np

from segvg.structures.masks import MAX_PIXELS

CHANNELS = 4
COUNT_BITS, WORD_BITS, SIZE_BITS, KIND_BITS, KINDS = 32, 5, 4, 2, 4


def decode_brush(code: Sequence[int], width: int, height: int) -> np.ndarray:
    """The mask (H, W) bool of a brush.

    Args:
        code: bytes as numbers from 0 to 255.
        width, height: of the image.

    Raises:
        ValueError: it is not the code of a picture of this size.
    """
    pixels = width * height
    if pixels > MAX_PIXELS:
        raise ValueError(f'a brush in an image of {width} x {height} pixels')
    try:
        bits = _Bits(bytes(code))
    except (TypeError, ValueError):
        raise ValueError('a brush is a list of numbers from 0 to 255') from None
    count = bits.read(COUNT_BITS)
    if count != CHANNELS * pixels:
        raise ValueError(f'a brush of {count} values, expected {CHANNELS} for each of '
                         f'{width} x {height} pixels')
    word = bits.read(WORD_BITS) + 1
    sizes = [bits.read(SIZE_BITS) + 1 for _ in range(KINDS)]
    mask = np.zeros(pixels, dtype=bool)
    place = 0
    while place < count:
        is_equal = bits.read(1)
        end = place + bits.read(sizes[bits.read(KIND_BITS)]) + 1
        if end > count:
            raise ValueError('a brush with more values than its header says')
        first, last = place // CHANNELS, end // CHANNELS  # pixels that get a value
        if is_equal:
            mask[first:last] = bits.read(word) > 0
        else:
            start = CHANNELS - 1 - place % CHANNELS
            mask[first:last] = bits.read_words(end - place, word)[start::CHANNELS]
        place = end
    return mask.reshape(height, width)


class _Bits:
    """Reads numbers of any number of bits."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._place = 0

    def read(self, size: int) -> int:
        """The next number of ``size`` bits."""
        end = self._place + size
        if end > 8 * len(self._data):
            raise ValueError('a brush that ends too early')
        part = int.from_bytes(self._data[self._place // 8:-(-end // 8)], 'big')
        self._place = end
        return part >> (-end % 8) & ((1 << size) - 1)

    def read_words(self, count: int, size: int) -> np.ndarray:
        """Whether the next ``count`` numbers (count,) of ``size`` bits are not 0."""
        end = self._place + count * size
        if end > 8 * len(self._data):
            raise ValueError('a brush that ends too early')
        first = self._place // 8
        part = np.frombuffer(self._data[first:-(-end // 8)], dtype=np.uint8)
        start = self._place - 8 * first
        bits = np.unpackbits(part)[start:start + count * size]
        self._place = end
        return bits.reshape(count, size).max(1) > 0
