"""Image files to RGB pixels; the only place where photographs are opened to be read.

A file is somebody's data: nothing but the listed formats is tried, so that no
interpreter (Ghostscript, for PostScript) starts; nothing but a regular file is opened;
and a picture that is too large is refused by its header, before it is decoded.
"""
import io
import os
import stat
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, NamedTuple, Optional, Union

import numpy as np
from PIL import ExifTags, Image, ImageFile, TiffImagePlugin

# JPEG includes MPO, the JPEG of several pictures that some cameras write
FORMATS = ('JPEG', 'PNG', 'BMP', 'GIF', 'WEBP', 'TIFF', 'PPM')
#: Largest number of pixels that is decoded: about 7,000 x 7,000, 350 MB while it is
#: decoded. Pillow itself refuses more than about 179 million.
MAX_PIXELS = 50_000_000
#: Longest side, as in a JPEG: each row takes memory of its own.
MAX_SIDE = 65_535
#: Pixels of a tile of a TIFF, which is decoded whole however small the picture is.
MAX_TILE_PIXELS = 1 << 24
#: Pixels of a BMP of run lengths, which Pillow decodes one by one.
MAX_RUN_LENGTH_PIXELS = 1 << 22
BAND_PIXELS = 1 << 22  # that are converted at a time

#: EXIF orientations of pictures that have to be turned to be upright.
TO_BE_TURNED = range(2, 9)
#: Orientations by which width and height change places.
SIDEWAYS = (5, 6, 7, 8)
# What Pillow raises for damaged files.
DECODING_ERRORS = (OSError, SyntaxError, ValueError, TypeError, ArithmeticError,
                   LookupError, EOFError, MemoryError, struct.error, zlib.error,
                   Image.DecompressionBombError)


class BrokenImageError(ValueError):
    """A file is not an image that can be read; the message names it."""


class MissingImageError(BrokenImageError, FileNotFoundError):
    """The image file does not exist."""


class ImageHeader(NamedTuple):
    """What is known of an image file before it is decoded.

    Attributes:
        width: columns as stored, before the orientation is applied.
        height: rows as stored.
        orientation: EXIF orientation, 1 (upright) to 8; of 5 to 8 the sides change
            places when it is applied.
        mode: Pillow's name of the kind of pixels.
    """
    width: int
    height: int
    orientation: int
    mode: str


@contextmanager
def open_image(path: Union[str, Path], max_pixels: int = MAX_PIXELS,
               formats: tuple[str, ...] = FORMATS,
               content: Optional[bytes] = None) -> Iterator[Image.Image]:
    """Open an image file; errors inside the block name the file.

    Args:
        path: of the file.
        max_pixels: more are an error.
        formats: those that are tried.
        content: the bytes of an image that is not on disk; ``path`` is then only its
            name in messages.

    Raises:
        MissingImageError: the file does not exist.
        BrokenImageError: it is not a regular file, not an image of a known format,
            damaged, or too large.
    """
    if content is None:
        _check_kind(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', Image.DecompressionBombWarning)
            image = Image.open(path if content is None else io.BytesIO(content),
                               formats=formats)
        with image:
            _check_size(image, path, max_pixels)
            yield image
    except BrokenImageError:
        raise
    except Image.DecompressionBombError as error:  # before its size can be asked for
        raise BrokenImageError(
            f'{path} is too large ({error}): at most {max_pixels:,} pixels are decoded '
            '(max_pixels). Make it smaller, and scale its boxes') from error
    except DECODING_ERRORS as error:
        raise BrokenImageError(
            f'{path} cannot be read as an image (JPEG, PNG, BMP, GIF, WebP, TIFF or '
            f'PPM is expected): {error}') from error


def _check_kind(path: Union[str, Path]) -> None:
    """Refuse a path that does not exist or is not a regular file."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError as error:
        raise MissingImageError(
            f'image {path} does not exist: check the image root of the data set '
            '(`data_prefix`) and that the images are unpacked there') from error
    except (OSError, ValueError) as error:
        raise BrokenImageError(f'{path} cannot be opened: {error}') from error
    if not stat.S_ISREG(mode):
        raise BrokenImageError(f'{path} cannot be read as an image: it is not a '
                               'regular file')


def _check_size(image: Image.Image, path: Union[str, Path], max_pixels: int) -> None:
    """Refuse a picture that takes too much memory or time to decode."""
    told = f'{path} has {image.width:,} x {image.height:,} pixels (columns x rows)'
    if image.width * image.height > max_pixels:
        raise BrokenImageError(f'{told}, more than {max_pixels:,} (max_pixels): make '
                               'it smaller, and scale its boxes')
    if max(image.size) > MAX_SIDE:
        raise BrokenImageError(f'{told}, a side of more than {MAX_SIDE:,}: cut it, and '
                               'move its boxes')
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        tile = [image.tag_v2.get(tag, 1) for tag in (TiffImagePlugin.TILEWIDTH,
                                                     TiffImagePlugin.TILELENGTH)]
        if tile[0] * tile[1] > MAX_TILE_PIXELS:
            raise BrokenImageError(f'{path} has tiles of {tile[0]:,} x {tile[1]:,} '
                                   f'pixels, more than {MAX_TILE_PIXELS:,}')
    if (isinstance(image, ImageFile.ImageFile) and image.tile
            and image.tile[0][0] == 'bmp_rle'
            and image.width * image.height > MAX_RUN_LENGTH_PIXELS):
        raise BrokenImageError(f'{told} in run lengths, more than '
                               f'{MAX_RUN_LENGTH_PIXELS:,}: save it as PNG')


def _orientation(image: Image.Image) -> int:
    """Return the EXIF orientation; 1 if the image has none or a damaged one."""
    try:
        # the method of the base class does not decode a PNG
        orientation = Image.Image.getexif(image).get(ExifTags.Base.Orientation, 1)
    except DECODING_ERRORS:
        return 1
    return orientation if orientation in TO_BE_TURNED else 1


def read_header(path: Union[str, Path], max_pixels: int = MAX_PIXELS, *,
                decode: bool = False) -> ImageHeader:
    """Return what the header of an image file says.

    Args:
        path: of the file.
        max_pixels: more are an error.
        decode: whether to decode the pixels as well, to find damage.

    Raises:
        BrokenImageError: as in ``open_image``; with ``decode`` as in ``read_image``.
    """
    with open_image(path, max_pixels) as image:
        # Pillow turns TIFF upright by itself, and gives the size of the result
        orientation = 1 if image.format == 'TIFF' else _orientation(image)
        header = ImageHeader(*image.size, orientation, image.mode)
        if decode:
            _pixels(image, path, apply_orientation=False)
        return header


def read_image(path: Union[str, Path], *, apply_orientation: bool = False,
               max_pixels: int = MAX_PIXELS,
               content: Optional[bytes] = None) -> np.ndarray:
    """Return an image file as RGB (H0, W0, 3) uint8.

    Transparent pixels become white. Grey values of 16 bits are scaled by the number of
    bits that the picture uses, floating-point values from 0 to 1 by 255.

    Args:
        path: of the file.
        apply_orientation: whether to turn the picture as the orientation tag of the
            camera says. Official annotations do not apply it; most tools that people
            draw boxes with do.
        max_pixels: more are an error.
        content: the bytes of an image that is not on disk; ``path`` is then only its
            name in messages.

    Raises:
        MissingImageError: the file does not exist.
        BrokenImageError: it is damaged, too large or not an image; its values are
            neither 8 nor 16 bits nor from 0 to 1.
    """
    with open_image(path, max_pixels, content=content) as image:
        return _pixels(image, path, apply_orientation)


def picture_pixels(image: Image.Image, name: str = 'the image', *,
                   max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """Return a Pillow image as upright RGB (H0, W0, 3) uint8.

    Args:
        image: opened or made by the caller; it stays open.
        name: its name in messages.
        max_pixels: more are an error.

    Raises:
        BrokenImageError: as in ``read_image``.
    """
    try:
        _check_size(image, name, max_pixels)
        return _pixels(image, name, apply_orientation=True)
    except BrokenImageError:
        raise
    except DECODING_ERRORS as error:
        raise BrokenImageError(f'{name} cannot be decoded: {error}') from error


def _pixels(image: Image.Image, path: Union[str, Path],
            apply_orientation: bool) -> np.ndarray:
    """Return an open image as RGB (H0, W0, 3) uint8."""
    image.load()
    orientation = _orientation(image) if apply_orientation else 1
    to_rgb = _converter(image, path)
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    rows = max(BAND_PIXELS // max(image.width, 1), 1)
    for top in range(0, image.height, rows):
        band = image if rows >= image.height else image.crop(
            (0, top, image.width, min(top + rows, image.height)))
        pixels[top:top + rows] = to_rgb(band)
    return _turned(pixels, orientation)


def _converter(image: Image.Image,
               path: Union[str, Path]) -> Callable[[Image.Image], np.ndarray]:
    """Return what turns bands of an image into RGB (rows, W0, 3) uint8."""
    if image.mode == 'F' or image.mode.startswith('I'):
        to_8_bits = _scale_to_8_bits(np.asarray(image), path)
        return lambda band: to_8_bits(np.asarray(band))[..., None]
    if image.mode[-1] in 'Aa' or 'transparency' in image.info:
        return _on_white
    return lambda band: np.asarray(band if band.mode == 'RGB' else band.convert('RGB'))


def _on_white(image: Image.Image) -> np.ndarray:
    """Return an image with transparent pixels as RGB on white."""
    image = image.convert('RGBA')
    white = Image.new('RGBA', image.size, 'white')
    return np.asarray(Image.alpha_composite(white, image).convert('RGB'))


def _turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """Return pixels (H, W, 3) of an EXIF orientation turned upright."""
    if orientation > 4:  # rows are columns, and may be mirrored as well
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def _scale_to_8_bits(values: np.ndarray, path: Union[str, Path]
                     ) -> Callable[[np.ndarray], np.ndarray]:
    """Return what turns parts of grey values (H, W), integers or floats, into uint8."""
    low, high = values.min(), values.max()
    if values.dtype.kind == 'f':
        if not (low >= 0 and high <= 1):  # also true if one of them is NaN
            raise BrokenImageError(
                f'{path} has floating-point values from {low:g} to {high:g}; 0 to 1 is '
                'expected: convert it to 8 bits')
        return lambda part: np.rint(part * 255).astype(np.uint8)
    if low < 0 or high > 65535:
        raise BrokenImageError(f'{path} has values from {low} to {high}; 0 to 65,535 '
                               'is expected: convert it to 8 bits')
    # cameras store 10, 12 or 14 bits in 16
    bits = max(-(-int(high).bit_length() // 2) * 2, 8)
    return lambda part: (part >> (bits - 8)).astype(np.uint8)
