"""Find copies of images by their content, for images without known names. Slow."""
import logging
from pathlib import Path

import numpy as np
from PIL import Image

from segvg.structures.images import BrokenImageError, open_image

SIDE, KEPT = 32, 8        # the grey image that is transformed; low frequencies kept
NEAR_BITS = 4             # of 64 that may differ in a candidate
COMPARED_SIDE = 64        # the grey image that confirms a candidate
LEAST_CORRELATION = 0.98
RATIO_TOLERANCE = 0.02    # of width / height
ENDINGS = ('.jpg', '.jpeg', '.png', '.webp', '.bmp', '.tif', '.tiff', '.gif', '.ppm')


def _cosines() -> np.ndarray:
    """First rows (KEPT, SIDE) of the matrix of the discrete cosine transform."""
    frequency, place = np.arange(KEPT)[:, None], np.arange(SIDE)[None]
    return np.cos(np.pi * frequency * (2 * place + 1) / (2 * SIDE))


COSINES = _cosines()


def perceptual_hash(image: Image.Image) -> np.ndarray:
    """Signs (64,) bool of the low frequencies of an image, against their median."""
    grey = _grey(image, SIDE)
    low = (COSINES @ grey @ COSINES.T).ravel()
    return low > np.median(low[1:])  # the first is the mean brightness


def find_copies(protected: Path, others: Path) -> list[tuple[str, str]]:
    """Pairs of (protected image, image that is a copy of it), by paths below each.

    A copy may be re-encoded and resized as a whole, not cropped.
    """
    ours, theirs = _hash_folder(protected), _hash_folder(others)
    if not ours or not theirs:
        return []
    known = np.packbits(np.stack(list(ours.values())), axis=1)
    found = []
    for name, bits in theirs.items():
        differing = np.unpackbits(known ^ np.packbits(bits), axis=1).sum(1)
        for place in np.flatnonzero(differing <= NEAR_BITS):
            ours_name = list(ours)[place]
            if is_copy(protected / ours_name, others / name):
                found.append((ours_name, name))
    return found


def is_copy(one: Path, other: Path) -> bool:
    """Whether two images have the same shape and nearly the same content."""
    with open_image(one) as first, open_image(other) as second:
        ratios = [image.width / image.height for image in (first, second)]
        greys = [_grey(image, COMPARED_SIDE).ravel() for image in (first, second)]
    if abs(ratios[0] / ratios[1] - 1) > RATIO_TOLERANCE:
        return False
    spread = [grey.std() for grey in greys]
    if min(spread) == 0:
        return max(spread) == 0 and bool(greys[0][0] == greys[1][0])
    return float(np.corrcoef(*greys)[0, 1]) > LEAST_CORRELATION


def _grey(image: Image.Image, side: int) -> np.ndarray:
    small = image.convert('L').resize((side, side), Image.Resampling.BILINEAR)
    return np.asarray(small, dtype=np.float64)


def _hash_folder(folder: Path) -> dict[str, np.ndarray]:
    """The hashes of all images below a folder; broken ones are named and left out."""
    hashes = {}
    for path in sorted(folder.rglob('*')):
        if path.suffix.lower() in ENDINGS:
            try:
                with open_image(path) as image:
                    hashes[path.relative_to(folder).as_posix()] = perceptual_hash(image)
            except BrokenImageError as error:
                from mmengine.logging import print_log
                print_log(f'not compared: {error}', logger='current',
                          level=logging.WARNING)
    return hashes
