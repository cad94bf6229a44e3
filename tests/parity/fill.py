"""Deterministic parameters for checking one implementation against another.

A full-size checkpoint is large; a rule that both sides apply is a few lines.
Every tensor is drawn from its own name, so a case file needs to hold only the
names and shapes of the checkpoint it was made with, never the values.
"""
import re
import zlib
from typing import Iterator

import numpy as np

#: Pairs tried at a time: their arrays stay in the cache of a processor.
PAIRS = 1 << 13
#: Fewer numbers are drawn by NumPy itself, which is faster then.
FEW = 1 << 11

#: What was drawn for this case, and for the one before it.
_drawn: dict[tuple, np.ndarray] = {}
_drawn_before: dict[tuple, np.ndarray] = {}


def fill(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return the float32 values of the parameter or buffer called ``name``.

    Neighbouring cases share most of their tensors, which are drawn once: whoever
    changes values copies them first.
    """
    key = (name, shape)
    if key not in _drawn:
        values = _drawn_before.pop(key, None)
        _drawn[key] = draw(name, shape) if values is None else values
    return _drawn[key]


def end_case() -> None:
    """Forget what only cases before this one needed."""
    global _drawn, _drawn_before
    _drawn_before, _drawn = _drawn, {}


def draw(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Draw the values.

    Scales keep activations of deep networks finite: matrices and convolutions
    get a standard deviation of ``1/sqrt(fan_in)``, normalisation scales stay
    near one, and biases near zero.
    """
    leaf = name.rsplit('.', 1)[-1]
    values = np.empty(shape, np.float32)
    flat, start = values.reshape(-1), 0
    for noise in normal(zlib.crc32(name.encode()) & 0x7FFFFFFF, flat.size):
        if leaf == 'running_var':
            noise = 1 + 0.1 * np.abs(noise)
        elif leaf == 'running_mean':
            noise *= 0.02
        elif len(shape) >= 2:
            noise /= np.sqrt(np.prod(shape[1:]))
        elif leaf.endswith('weight') or leaf in ('gamma', 'scale'):
            noise = 1 + 0.05 * noise
        else:
            noise *= 0.02
        flat[start:start + noise.size] = noise
        start += noise.size
    return values


def normal(seed: int, count: int) -> Iterator[np.ndarray]:
    """Give the numbers of ``RandomState(seed).standard_normal(count)`` in parts.

    NumPy draws them by Marsaglia's polar method, one pair after the other: two numbers
    in (-1, 1) are tried until they lie within the unit circle. Here many pairs are
    tried together, which takes less time.
    """
    stream = np.random.RandomState(seed)
    if count <= FEW:
        yield stream.standard_normal(count)
        return
    while count > 0:
        tried = stream.random_sample(2 * min(PAIRS, count))
        tried *= 2
        tried -= 1
        first, second = tried[::2], tried[1::2]
        squares = first * first + second * second
        inside = np.flatnonzero((squares < 1) & (squares > 0))
        squares = squares.take(inside)
        factors = np.sqrt(np.log(squares) * -2 / squares)
        pairs = tried.view(np.complex128).take(inside).view(np.float64)
        numbers = np.empty_like(pairs)
        # The second of a pair comes first, as NumPy has it.
        np.multiply(pairs[1::2], factors, out=numbers[::2])
        np.multiply(pairs[::2], factors, out=numbers[1::2])
        yield numbers[:count]
        count -= numbers.size


def image(seed: int, shape: tuple[int, ...]) -> np.ndarray:
    """Return a float32 array of standard normal noise, the input of a case."""
    return np.random.RandomState(seed).standard_normal(shape).astype(np.float32)


def images_of(text: str) -> list[np.ndarray]:
    """Return the inputs that a text of ``meta`` names, in their order.

    Each ``image(seed, shape)`` is one; ``image(seed, same)`` has the shape of the one
    before it.
    """
    inputs: list[np.ndarray] = []
    for seed, sizes in re.findall(r'image\((\d+), ?(\([\d, ]+\)|same)\)', text):
        shape = inputs[-1].shape if sizes == 'same' else tuple(
            int(size) for size in re.findall(r'\d+', sizes))
        inputs.append(image(int(seed), shape))
    return inputs
