"""Images that rows of parquet files hold, written to files of their own."""
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from segvg.annotations.checks import Report
from segvg.annotations.files.parquet import column_names, iter_rows
from segvg.annotations.line_checks import is_file_name
from segvg.annotations.readers.base import Context, ReadOptions, SourceSet
from segvg.annotations.readers.field_checks import show
from segvg.annotations.readers.images import image_name, is_inside
from segvg.annotations.readers.parquet import KINDS, HfSet
from segvg.annotations.readers.parquet_rows import IMAGE, image_content
from segvg.structures.images import BrokenImageError, open_image
from segvg.utils.files import write_whole

# a file from outside gets no name that something else would open or run
SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.gif', '.webp', '.tif', '.tiff', '.ppm')


class RowImage(NamedTuple):
    """The image of a row: where the row is, the name of its file, the file's content.
    """
    place: str
    name: object
    content: object


class ExtractedImages(NamedTuple):
    """What became of the images.

    Attributes:
        written: names of the new files.
        there: names of the files that existed already, with the same content.
        refused: a sentence for each row whose image was not written.
    """
    written: set[str]
    there: set[str]
    refused: list[str]


def extract_images(sets: Iterable[SourceSet], folder: Path,
                   options: ReadOptions) -> ExtractedImages:
    """Write the images of rows to files, under the names that conversion gives them.

    The bytes are written as they are; their header must be that of an image which
    training would read. Several rows may have the same image.

    Args:
        sets: parquet sets; others have no images.
        folder: of the new files, the root of the images.
        options: of the conversion.

    Raises:
        ValueError: the rows of a set hold no images; nothing is written then.
        FileExistsError: a file exists with other content; it is not changed.
    """
    parquet_sets = [source for source in sets if isinstance(source, HfSet)]
    for source in parquet_sets:
        source.check_kind()
        for path in source.files:
            if IMAGE not in column_names(path):
                raise ValueError(f'{path} holds no images: it has no column {IMAGE!r}')
    found = ExtractedImages(set(), set(), [])
    for source in parquet_sets:
        for image in _row_images(source, options):
            try:
                name, content = _checked(image, folder)
            except BrokenImageError as error:
                found.refused.append(str(error))
                continue
            if _write(folder / name, content, image.place):
                found.written.add(name)
            elif name not in found.written:
                found.there.add(name)
    return found


def _row_images(source: HfSet, options: ReadOptions) -> Iterator[RowImage]:
    """The image of each row of a set."""
    kind = KINDS[source.kind]
    for path in source.files:
        for number, row in enumerate(options.progress(iter_rows(path), path.name)):
            # other errors of a row are reported when the set is converted
            ctx = Context(Report(), options).at_file(path, source.root)
            name = kind.read(ctx.at(f'row:{number}'), row, number).file
            yield RowImage(f'{path} row:{number}', name and image_name(name),
                           image_content(row))


def _checked(image: RowImage, folder: Path) -> tuple[str, bytes]:
    """The name below the folder and the content of an image.

    Raises:
        BrokenImageError: the image may not be written.
    """
    place, name, content = image
    if not is_file_name(name) or PurePosixPath(name).suffix.lower() not in SUFFIXES:
        raise BrokenImageError(f'{place} does not have the name of an image file: '
                               f'{show(name)}')
    try:
        stays = is_inside(name) and (folder / name).resolve().is_relative_to(
            folder.resolve())
    except (OSError, ValueError, RuntimeError):  # a name that no file can have
        stays = False
    if not stays:
        raise BrokenImageError(f'{place} names a file outside {folder}: {show(name)}')
    if not isinstance(content, bytes):
        raise BrokenImageError(f'{place} holds no image: {show(content)}')
    with open_image(place, content=content):
        return name, content


def _write(path: Path, content: bytes, place: str) -> bool:
    """Write a file unless it exists; whether it is new."""
    if not path.exists():
        write_whole(path, content)
        return True
    if not path.is_file() or path.read_bytes() != content:
        raise FileExistsError(f'{path} exists already, and is not the image of '
                              f'{place}; it is not replaced')
    return False
