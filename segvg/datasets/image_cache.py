"""A folder of decoded images, which all processes map into memory.

An image is stored once, in a file of its own. Its name is a sum over the content of the
image file and everything else that its pixels depend on, so that an entry cannot be out
of date: a changed image is another entry. Where the first step of the pipeline that
touches pixels is a resize to a size that is not drawn at random, the resized image is
stored instead.
"""
import functools
import hashlib
import mmap
import os
import shutil
import stat
import struct
from collections import Counter
from pathlib import Path
from typing import Callable, NamedTuple, Optional, Sequence, Union

import cv2
import numpy as np
import PIL
from PIL import features

from segvg.datasets.transforms.base import Transform
from segvg.datasets.transforms.loading import LoadImageFromFile
from segvg.datasets.transforms.resize import IMAGE_FILTERS, ResizeStep
from segvg.structures.images import BrokenImageError, read_image
from segvg.utils.errors import InputError
from segvg.utils.files import write_whole

#: Counts changes of ``read_image`` and ``IMAGE_FILTERS`` that change pixels.
RULES = 1
#: Start of an entry: a mark, then H0, W0 of the image and h, w of the stored pixels.
HEADER = struct.Struct('<16s4I')
MARK = b'segvg image 1\n'.ljust(16)
START = 64  # where the pixels begin
#: A larger file is read without the cache: its content would have to be in memory.
MAX_FILE = 1 << 28
GB = 1e9


class LoadedImage(NamedTuple):
    """An image of the cache.

    Attributes:
        pixels: (h, w, 3) uint8 RGB. Changes stay in this process.
        shape: (H0, W0) of the image before it was resized.
        is_resized: whether the pixels are those after ``ResizeStep``.
    """
    pixels: np.ndarray
    shape: tuple[int, int]
    is_resized: bool


class ImageCache:
    """Reads images as ``read_image`` does, and decodes each of them once.

    Args:
        folder: of the entries; made if need be.
        resize: what is done to the pixels before they are stored, if anything.
    """

    def __init__(self, folder: Union[str, Path],
                 resize: Optional[ResizeStep] = None) -> None:
        self.folder = Path(folder)
        self.resize = resize

    def read(self, path: Union[str, Path], *, apply_orientation: bool,
             max_pixels: int) -> LoadedImage:
        """Return an image, from the cache if it is there; else store it.

        Raises:
            BrokenImageError: as in ``read_image``.
            OSError: the entry cannot be written; names it.
        """
        decode = functools.partial(read_image, path, max_pixels=max_pixels,
                                   apply_orientation=apply_orientation)
        content = _content(path)
        if content is None:
            return self._resized(decode())
        entry = self.entry(content, apply_orientation, max_pixels)
        found = _map(entry)
        if found is None:
            try:
                image = self._resized(decode(content=content))
            except BrokenImageError:
                return self._resized(decode())  # its message names the file
            self._store(entry, image)
            return image
        return LoadedImage(*found, self.resize is not None)

    def entry(self, content: bytes, apply_orientation: bool, max_pixels: int) -> Path:
        """Return the path of the entry of an image file with this content."""
        settings = (RULES, apply_orientation, max_pixels, self.resize, *_libraries())
        key = hashlib.blake2b(repr(settings).encode() + b'\0', digest_size=20)
        key.update(content)
        name = key.hexdigest()
        return self.folder / name[:2] / f'{name[2:]}.pixels'

    def stored_shape(self, shape: tuple[int, int]) -> tuple[int, int]:
        """Return the shape (h, w) in which an image of a shape (H0, W0) is stored."""
        return shape if self.resize is None else self.resize.new_shape(shape)[0]

    def sizes_of_entries(self, sizes: np.ndarray) -> Counter[int]:
        """Return how many entries of how many bytes images (N, 2) need.

        Args:
            sizes: widths and heights (N, 2) of the images.
        """
        shapes, counts = np.unique(sizes[:, ::-1], axis=0, return_counts=True)
        found: Counter[int] = Counter()
        for shape, count in zip(shapes.tolist(), counts.tolist()):
            found[START + 3 * int(np.prod(self.stored_shape(tuple(shape))))] += count
        return found

    def bytes_of(self, sizes: np.ndarray) -> int:
        """Return what images of these widths and heights (N, 2) take on the disk."""
        return _sum(self.sizes_of_entries(sizes))

    def sizes_of_held(self) -> Counter[int]:
        """Return how many entries of how many bytes the folder has now."""
        return Counter(entry.stat().st_size for entry in self.folder.glob(
            '??/*.pixels'))

    def held_bytes(self) -> int:
        """Return what the folder takes on the disk now."""
        return _sum(self.sizes_of_held())

    def plan(self, sizes: np.ndarray) -> str:
        """Return how much disk images will take, in words.

        Entries of other images, or of another resize, make no room for these: of those
        that are there only as many of a size count as are needed.

        Args:
            sizes: widths and heights (N, 2) of the images.

        Raises:
            InputError: the disk has no room for them.
        """
        needed, held = self.sizes_of_entries(sizes), self.sizes_of_held()
        there = next(folder for folder in (self.folder.absolute(),
                                           *self.folder.absolute().parents)
                     if folder.exists())
        free = shutil.disk_usage(there).free
        told = (f'{len(sizes):,} decoded images take {_sum(needed) / GB:.3g} GB; the '
                f'folder holds {_sum(held) / GB:.3g} GB, and {free / GB:.3g} GB of its '
                'disk are free')
        if _sum(needed - held) > free:  # a difference of counts has no negative ones
            raise InputError(f'image_cache {self.folder} has no room: {told}. Make '
                             'room, name a folder on another disk, or leave '
                             'image_cache out')
        resized = f', after {self.resize}' if self.resize else ''
        return f'image cache {self.folder}: {told}{resized}'

    def _resized(self, image: np.ndarray) -> LoadedImage:
        shape = image.shape[:2]
        if self.resize is None:
            return LoadedImage(image, shape, False)
        image = IMAGE_FILTERS[self.resize.backend](image, self.stored_shape(shape))
        return LoadedImage(image, shape, True)

    def _store(self, entry: Path, image: LoadedImage) -> None:
        """Write an entry; one that another process writes is the same."""
        head = HEADER.pack(MARK, *image.shape, *image.pixels.shape[:2]).ljust(START)
        try:
            write_whole(entry, head + image.pixels.tobytes())
        except OSError as error:
            raise OSError(
                error.errno, f'{error.strerror}, so the decoded image cannot be '
                'stored; make room in the folder of image_cache or leave image_cache '
                'out', str(entry)) from error


def _sum(sizes: Counter[int]) -> int:
    """Return the bytes of entries that were counted by their size."""
    return sum(size * count for size, count in sizes.items())


def _content(path: Union[str, Path]) -> Optional[bytes]:
    """Return the bytes of an image file; None: let ``read_image`` say what is wrong."""
    try:
        state = os.stat(path)
        if not stat.S_ISREG(state.st_mode) or state.st_size > MAX_FILE:
            return None
        return Path(path).read_bytes()
    except (OSError, ValueError):
        return None


def _map(entry: Path) -> Optional[tuple[np.ndarray, tuple[int, int]]]:
    """Return pixels and (H0, W0) of an entry; None if it is not there or damaged."""
    try:
        with open(entry, 'rb') as stream:
            # a change of the array copies the page that is changed
            held = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_COPY)
    except (FileNotFoundError, ValueError):  # of an empty file
        return None
    if len(held) < START:
        return None
    mark, rows, columns, height, width = HEADER.unpack_from(held)
    if mark != MARK or len(held) != START + 3 * height * width:
        return None
    pixels = np.frombuffer(held, np.uint8, offset=START).reshape(height, width, 3)
    return pixels, (rows, columns)


@functools.lru_cache(maxsize=1)
def _libraries() -> tuple[Optional[str], ...]:
    """Return the versions of what decodes and resizes."""
    return (PIL.__version__, features.version_feature('libjpeg_turbo'),
            cv2.__version__)


def use_image_cache(folder: Union[str, Path],
                    pipeline: Sequence[Callable]) -> ImageCache:
    """Make the first step of a pipeline read images through a cache.

    Raises:
        InputError: the pipeline does not begin with ``LoadImageFromFile``.
    """
    first = pipeline[0] if pipeline else None
    if not isinstance(first, LoadImageFromFile):
        raise InputError('image_cache is for a pipeline that begins with '
                         f'LoadImageFromFile, not with {first}')
    touching = next((step for step in pipeline[1:] if not _leaves_image(step)), None)
    is_known = (isinstance(touching, ResizeStep) and touching.is_fixed()
                # RULES does not count what becomes of the code of others
                and type(touching).__module__ == ResizeStep.__module__)
    first.cache = ImageCache(folder, touching if is_known else None)
    return first.cache


def _leaves_image(step: Callable) -> bool:
    """Return whether the class of a step says that it leaves pixels as they are.

    What it inherits was said of another class, whose methods it may have replaced.
    """
    return isinstance(step, Transform) and vars(type(step)).get('leaves_image', False)
