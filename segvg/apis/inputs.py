"""Inputs of the inferencer: files, folders, patterns, addresses, images in memory."""
import glob
import json
import re
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Optional, Sequence, Union
from urllib.parse import unquote, urlsplit

import numpy as np
from PIL import Image

from segvg.structures.images import (
    BrokenImageError,
    picture_pixels,
    read_header,
    read_image,
)
from segvg.utils.errors import InputError
from segvg.utils.fetch import fetch, is_url

ImageInput = Union[str, Path, np.ndarray, Image.Image]
Texts = Union[str, Sequence[str], Sequence[Sequence[str]]]

#: Suffixes of the files in a folder that count as images.
SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.gif', '.webp', '.tif', '.tiff', '.ppm',
            '.pgm', '.mpo')
LISTS = '.jsonl'  # suffix of a file of images and sentences
CHANNEL_ORDERS = ('rgb', 'bgr')
ARRAY = 'an image is an (H, W, 3) uint8 array'


class Question(NamedTuple):
    """An image and its expressions."""
    image: ImageInput
    texts: list[str]


def list_questions(inputs: Union[ImageInput, Sequence[ImageInput]],
                   texts: Optional[Texts] = None) -> list[Question]:
    """Return every image with its expressions.

    Args:
        inputs: one or many, each a path, a folder, a pattern (``*.jpg``, ``**``), an
            address of http or https, an image of Pillow, an array, or a file of lines
            ``{"image": ..., "text": ...}`` (``.jsonl``), see ``read_list``.
        texts: expressions for every image, or a list of them for each image. They are
            for the images that have no text of their own in a file.

    Raises:
        FileNotFoundError: a pattern matches nothing.
        ValueError: the list of images is empty, a line cannot be read, or the number
            of lists of texts is not the number of images.
    """
    single = isinstance(inputs, (str, Path, np.ndarray, Image.Image))
    found: list[tuple[ImageInput, Optional[list[str]]]] = []
    for item in [inputs] if single else inputs:
        if isinstance(item, (str, Path)) and str(item).lower().endswith(LISTS):
            found += read_list(item)
        else:
            found += [(image, None) for image in expand(item)]
    if not found:
        raise ValueError('no image was given')
    missing = sum(own is None for _, own in found)
    if texts is not None and not missing:
        raise ValueError('expressions were given, but every image has its own in '
                         f'{inputs}')
    groups = iter(texts_per_image(texts, missing) if missing else ())
    return [Question(image, next(groups) if own is None else own)
            for image, own in found]


def expand(item: ImageInput) -> list[ImageInput]:
    """Return the images of a path, folder or pattern; any other input as it is.

    Raises:
        FileNotFoundError: a pattern matches nothing.
        InputError: a folder has no image.
    """
    if not isinstance(item, (str, Path)) or is_url(item) or Path(item).is_file():
        return [item]
    if Path(item).is_dir():
        files = sorted(path for path in Path(item).iterdir()
                       if path.suffix.lower() in SUFFIXES and path.is_file())
        if not files:
            raise InputError(f'folder {item} has no image ({", ".join(SUFFIXES)})')
        return [str(path) for path in files]
    if glob.has_magic(str(item)):
        files = sorted(path for path in glob.glob(str(item), recursive=True)
                       if Path(path).is_file())
        if not files:
            raise FileNotFoundError(f'no file matches {item}')
        return list(files)
    return [item]


def read_list(path: Union[str, Path]
              ) -> list[tuple[ImageInput, Optional[list[str]]]]:
    """Return images and expressions of a file of JSON lines.

    Each line is ``{"image": PATH OR ADDRESS, "text": EXPRESSION}``, where ``text`` may
    be a list, or missing; other keys and empty lines are ignored. Paths are relative to
    the folder of the file.

    Raises:
        FileNotFoundError: the file does not exist.
        InputError: a line has another form; the message names it.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'{path} does not exist')
    with open(path, encoding='utf-8') as stream:
        try:
            return [_read_line(line, path, f'{path}, line {number}')
                    for number, line in enumerate(stream, 1) if line.strip()]
        except UnicodeDecodeError as error:
            raise InputError(f'{path} is not UTF-8 text: {error}') from None


def _read_line(line: str, path: Path,
               where: str) -> tuple[ImageInput, Optional[list[str]]]:
    """Return image and expressions of a line."""
    wanted = '{"image": "street.jpg", "text": "left man"} is expected'
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f'{where} is not JSON ({error}): {wanted}') from None
    if not isinstance(found, dict):
        raise InputError(f'{where} is not an object: {wanted}')
    image, texts = found.get('image'), found.get('text')
    if not isinstance(image, str) or not image:
        raise InputError(f'{where} has no image, the path or address of one: {wanted}')
    if texts is not None:
        texts = [texts] if isinstance(texts, str) else texts
        if not _are_texts(texts):
            raise InputError(f'{where}: text is {str(found["text"])[:80]!r}, an '
                             'expression or a list of them is expected')
    return (image if is_url(image) else str(path.parent / image)), texts


def _are_texts(texts: Any) -> bool:
    """Return whether a value is a list of expressions, none of them empty."""
    return isinstance(texts, list) and bool(texts) and all(
        isinstance(text, str) and bool(text.strip()) for text in texts)


def texts_per_image(texts: Optional[Texts], count: int) -> list[list[str]]:
    """Return a list of expressions for each of ``count`` images.

    Raises:
        ValueError: an image has no expression or an empty one, or the number of lists
            is not ``count``.
    """
    texts = [texts] if isinstance(texts, str) else texts
    if texts is None:
        raise ValueError(f'no expression was given for {count} of the images')
    if all(isinstance(text, str) for text in texts):
        groups = [list(texts)] * count
    elif len(texts) == count and not any(isinstance(text, str) for text in texts):
        groups = [list(group) for group in texts]
    else:
        raise ValueError('texts are expressions, or one list of expressions for each '
                         f'of the {count} images; got {texts!r}')
    for group in groups:
        if not _are_texts(group):
            raise ValueError('an image needs one or more expressions that are not '
                             f'empty, got {group!r}')
    return groups


def check_images(images: Sequence[ImageInput], *, missing_too: bool = True) -> None:
    """Check every image before the model runs.

    Args:
        images: paths, addresses, images of Pillow or arrays.
        missing_too: whether a path that does not exist is an error.

    Raises:
        FileNotFoundError: a file does not exist.
        ValueError: an array is not an image.
    """
    for image in images:
        if isinstance(image, np.ndarray):
            if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
                raise ValueError(f'{ARRAY} in RGB order, or BGR with '
                                 f"channel_order='bgr', not {image.shape} "
                                 f'{image.dtype}')
        elif missing_too and isinstance(image, (str, Path)) and not is_url(
                image) and not Path(image).is_file():
            raise FileNotFoundError(f'image {image} does not exist')


def check_any_readable(images: Sequence[ImageInput]) -> None:
    """Check that at least one of the images can be read, before a model is loaded.

    Raises:
        InputError: no file has the header of an image; the message has the reasons.
    """
    reasons = []
    for image in images:
        if not isinstance(image, (str, Path)) or is_url(image):
            return
        try:
            read_header(image)
            return
        except BrokenImageError as error:
            reasons.append(str(error))
    raise InputError(f'{len(reasons)} of {len(reasons)} images have no answer: '
                     f'{"; ".join(reasons)}')


def read_input(image: ImageInput, channel_order: str = 'rgb') -> np.ndarray:
    """Return an image as upright RGB (H0, W0, 3) uint8.

    Args:
        image: path, address, image of Pillow, or an array (H0, W0, 3) uint8.
        channel_order: of arrays, ``'rgb'``, or ``'bgr'`` as of OpenCV and mmcv.

    Raises:
        BrokenImageError: the image cannot be fetched or read; the message names it.
    """
    if isinstance(image, np.ndarray):
        return image if channel_order == 'rgb' else np.ascontiguousarray(
            image[..., ::-1])
    if isinstance(image, Image.Image):
        return picture_pixels(image)
    if is_url(image):
        try:
            content = fetch(image)
        except InputError as error:
            raise BrokenImageError(str(error)) from error
        return read_image(image, apply_orientation=True, content=content)
    if not Path(image).exists():
        raise BrokenImageError(f'image {image} does not exist')
    return read_image(image, apply_orientation=True)


def path_of(image: ImageInput) -> Optional[str]:
    """Return the path or address of an image; None for one in memory."""
    return str(image) if isinstance(image, (str, Path)) else None


def stem_of(image: ImageInput) -> str:
    """Return the stem of the names of files about an image."""
    path = path_of(image)
    if is_url(path):
        name = Path(unquote(urlsplit(path).path)).stem
        return re.sub(r'[^\w.-]', '_', name)[:80] or 'image'
    return Path(path).stem if path else 'image'


def picture_names(image: ImageInput, number: int, count: int, *,
                  together: bool) -> Iterator[str]:
    """Yield the names of the pictures of an image with ``count`` answers."""
    stem = stem_of(image)
    if together:
        yield f'{number:04d}_{stem}.jpg'
        return
    for index in range(count):
        yield f'{number:04d}_{index}_{stem}.jpg'
