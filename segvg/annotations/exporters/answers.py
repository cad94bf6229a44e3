"""The answers of models in files: ``predictions.json``, and those of a result card."""
import json
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Optional

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.json_values import load_json
from segvg.annotations.readers.field_checks import (
    Fields,
    is_box,
    is_finite,
    is_record,
    is_size,
    is_text,
    list_of,
    or_none,
    show,
)
from segvg.structures.images import read_header

INFERRED = Fields(text=is_text)
TARGET = Fields(bbox=or_none(is_box), mask=or_none(is_record), score=or_none(is_finite))
ROW = Fields(text=is_text, img_path=is_text, size=list_of(is_size),
             bboxes=list_of(is_box), scores=list_of(is_finite), mask=or_none(is_record))


class Found(NamedTuple):
    """One object that a model found.

    Attributes:
        bbox: xyxy, pixels.
        segm: canonical mask, or None.
        score: from 0 to 1, or None.
    """

    bbox: list[float]
    segm: Optional[dict]
    score: Optional[float]


class Answer(NamedTuple):
    """What a model found for a sentence.

    Attributes:
        image: path of the image.
        size: its width and height, upright.
        text: the sentence.
        found: objects; none where it says that there is nothing.
        place: where it stands.
    """

    image: str
    size: tuple[int, int]
    text: str
    found: list[Found]
    place: str


def read_answers(path: Path, images: Optional[Path]) -> Iterator[Answer]:
    """Yield the answers of a file.

    Args:
        path: ``predictions.json`` of ``infer.py``, or the ``.jsonl`` of a result card
            of ``test.py --card``.
        images: folder of the images of ``predictions.json``, where they are not where
            its names say.

    Raises:
        AnnotationFileError: it is neither.
        BrokenImageError: an image of ``predictions.json``, whose size is needed, cannot
            be read.
    """
    if path.suffix == '.jsonl':
        yield from _card_rows(path)
        return
    records = load_json(path)
    if not isinstance(records, list):
        raise AnnotationFileError(path, 'expected the list that infer.py writes, '
                                  f'predictions.json; got {show(records)}')
    sizes: dict[str, tuple[int, int]] = {}
    for number, record in enumerate(records):
        place = f'[{number}]'
        image = _checked(path, place, record, INFERRED).get('image')
        if not is_text(image):
            raise AnnotationFileError(path, f'{place}.image: {show(image)}; an answer '
                                      'about an array has no image to show')
        if image not in sizes:
            sizes[image] = _upright_size(images / image if images else Path(image))
        parts = record.get('targets')
        if parts is None:
            parts = [record] if record.get('bbox') is not None else []
        if not isinstance(parts, list):
            raise AnnotationFileError(path, f'{place}.targets: {show(parts)}, expected '
                                      'a list')
        found = [_found(_checked(path, f'{place}.targets[{index}]', part, TARGET))
                 for index, part in enumerate(parts)]
        yield Answer(image, sizes[image], record['text'],
                     [item for item in found if item], f'{path.name} {place}')


def split_answers(paths: list[Path]) -> tuple[list[Path], list[Path]]:
    """Return the canonical files among some, and those with answers of a model."""
    canonical = [path for path in paths if path.suffix != '.json' and not is_card(path)]
    return canonical, [path for path in paths if path not in canonical]


def is_card(path: Path) -> bool:
    """Whether a ``.jsonl`` holds the answers of a result card, not canonical lines."""
    with open(path, encoding='utf-8') as stream:
        try:
            first = json.loads(next(stream, ''))
        except ValueError:
            return False
    return isinstance(first, dict) and 'bboxes' in first and 'instances' not in first


def _card_rows(path: Path) -> Iterator[Answer]:
    with open(path, encoding='utf-8') as stream:
        for number, text in enumerate(stream, 1):
            place = f'line:{number}'
            try:
                record = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise AnnotationFileError(
                    path, f'{place}: not JSON ({error})') from None
            row = _checked(path, place, record, ROW)
            if len(row['size']) != 2 or len(row['scores']) != len(row['bboxes']):
                raise AnnotationFileError(path, f'{place}: expected a size of two '
                                          'numbers and a score for each box')
            height, width = row['size']
            # the mask of several boxes is that of all of them
            mask = row['mask'] if len(row['bboxes']) == 1 else None
            yield Answer(row['img_path'], (width, height), row['text'], [
                Found(bbox, {'rle': mask} if mask else None, score)
                for bbox, score in zip(row['bboxes'], row['scores'], strict=True)],
                f'{path.name} {place}')


def _checked(path: Path, place: str, record: object, fields: Fields) -> dict:
    if not isinstance(record, dict):
        raise AnnotationFileError(path, f'{place}: {show(record)}, expected an object '
                                  'with an answer')
    for name, test in fields.items():
        if not test(record.get(name)):
            raise AnnotationFileError(
                path, f'{place}.{name}: {show(record.get(name))} is of another type '
                'than in the answers of infer.py and of test.py --card')
    return record


def _found(part: dict) -> Optional[Found]:
    if part.get('bbox') is None:
        return None
    mask = part.get('mask')
    return Found(part['bbox'], {'rle': mask} if mask else None, part.get('score'))


def _upright_size(path: Path) -> tuple[int, int]:
    """Width and height as the inferencer and browsers show the image."""
    header = read_header(path)
    size = (header.width, header.height)
    return size[::-1] if header.orientation >= 5 else size
