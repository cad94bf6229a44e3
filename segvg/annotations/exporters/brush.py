"""Masks in the code of Label Studio's brushes, see ``readers/own/brush.py``."""
import numpy as np

from segvg.annotations.readers.own.brush import (
    CHANNELS,
    COUNT_BITS,
    KIND_BITS,
    SIZE_BITS,
    WORD_BITS,
)

LENGTH_BITS = (3, 4, 8, 16)
WORD = 8             # bits of a value
SET = 255


def encode_brush(mask: np.ndarray) -> list[int]:
    """Return the code of a mask (H, W) bool, bytes as numbers from 0 to 255.

    All four channels of a pixel have its value; a run holds values that are equal.
    """
    values = mask.ravel()
    bits = [f'{CHANNELS * values.size:0{COUNT_BITS}b}', f'{WORD - 1:0{WORD_BITS}b}',
            *(f'{size - 1:0{SIZE_BITS}b}' for size in LENGTH_BITS)]
    edges = np.flatnonzero(np.diff(values)) + 1
    starts = np.concatenate([[0], edges])
    ends = np.concatenate([edges, [values.size]])
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        left = CHANNELS * (end - start)
        while left > 0:
            length = min(left, 1 << LENGTH_BITS[-1])
            kind = next(kind for kind, size in enumerate(LENGTH_BITS)
                        if length <= 1 << size)
            bits.append(f'1{kind:0{KIND_BITS}b}{length - 1:0{LENGTH_BITS[kind]}b}'
                        f'{SET if values[start] else 0:0{WORD}b}')
            left -= length
    text = ''.join(bits)
    text += '0' * (-len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8, 'big'))
