"""Deterministic parameters for checking one implementation against another.

A full-size checkpoint is large; a rule that both sides apply is a few lines.
Every tensor is drawn from its own name, so a case file needs to hold only the
names and shapes of the checkpoint it was made with, never the values.
"""
import functools
import re
import zlib

import numpy as np

#: Numbers drawn at a time; float64 copies of whole matrices take a third of the time.
PART = 1 << 15


def fill(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return the float32 values of the parameter or buffer called ``name``.

    Neighbouring cases share most of their tensors, which are drawn once.
    """
    return draw(name, shape).copy()


@functools.lru_cache(maxsize=1600)  # two large models
def draw(name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Draw the values.

    Scales keep activations of deep networks finite: matrices and convolutions
    get a standard deviation of ``1/sqrt(fan_in)``, normalisation scales stay
    near one, and biases near zero.
    """
    stream = np.random.RandomState(zlib.crc32(name.encode()) & 0x7FFFFFFF)
    leaf = name.rsplit('.', 1)[-1]
    values = np.empty(shape, np.float32)
    flat = values.reshape(-1)
    for start in range(0, flat.size, PART):
        noise = stream.standard_normal(min(PART, flat.size - start))
        if leaf == 'running_var':
            noise = 1 + 0.1 * np.abs(noise)
        elif leaf == 'running_mean':
            noise = 0.02 * noise
        elif len(shape) >= 2:
            noise = noise / np.sqrt(np.prod(shape[1:]))
        elif leaf.endswith('weight') or leaf in ('gamma', 'scale'):
            noise = 1 + 0.05 * noise
        else:
            noise = 0.02 * noise
        flat[start:start + PART] = noise
    return values


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
