"""Labels of RefCOCO expressions that people reviewed, as Ref-L4 ships them."""
import re
from pathlib import Path
from typing import NamedTuple, Optional

from segvg.annotations.checks import Place
from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.json_values import load_json
from segvg.annotations.readers.base import Context
from segvg.annotations.readers.field_checks import (
    Fields,
    is_box,
    is_id,
    is_number,
    is_text,
    show,
)
from segvg.annotations.readers.images import image_number
from segvg.annotations.readers.objects import corners
from segvg.annotations.readers.texts import clean_text

NAME = re.compile(r'(refcoco\+|refcocog|refcoco)_(val|test[AB]?)_reviewed\.json')
BOX_TOLERANCE = 1  # px; copies round boxes
REQUIRED = Fields(caption=is_text)
# only the caption and its quality are documented; where the rest is there, it is used
OPTIONAL = Fields(image_id=is_id, file_name=is_text, bbox=is_box)


def find_reviewed(root: Path) -> list[Path]:
    """The files of reviewed labels in a folder and in those below it."""
    return [path for path in sorted(root.rglob('*_reviewed.json'))
            if NAME.fullmatch(path.name)]


def reviewed_dataset(path: Path) -> str:
    """Name of the data set that a file is about."""
    return _parse_name(path)[0].replace('+', '_plus')


def _parse_name(path: Path) -> tuple[str, str]:
    """Data set and split that the name of a file gives."""
    match = NAME.fullmatch(path.name)
    if match is None:
        raise ValueError(f'{path} is not named <dataset>_<split>_reviewed.json')
    return match[1], match[2]


class Label(NamedTuple):
    """A reviewed expression; ``bbox`` is half-open xyxy, None when not given."""

    number: int
    bbox: Optional[list[float]]
    is_right: bool


class ReviewedLabels:
    """Joins labels to expressions by image, box and caption.

    Args:
        ctx: takes what is wrong with the files.
        paths: files named ``<dataset>_<split>_reviewed.json``.
        root: of the source, for the places of findings.
    """

    def __init__(self, ctx: Context, paths: list[Path], root: Path) -> None:
        self._labels: dict[tuple, list[Label]] = {}
        self._counts: dict[str, set[int]] = {}
        self._joined: dict[str, set[int]] = {}
        for path in paths:
            inside = path.is_relative_to(root)
            self._read(ctx._replace(place=Place(
                path.relative_to(root).as_posix() if inside else path.name)), path)

    def attach(self, line: dict) -> dict:
        """Add ``reviewed_ok`` to the expressions of a line that have a label."""
        if not self._labels:
            return line
        number = line['image']['id'].rpartition(':')[2]
        for expr in line['exprs']:
            boxes = [line['instances'][i]['bbox'] for i in expr['targets']]
            for text in (expr['text'], expr.get('sent')):
                label = None if text is None else self._find(
                    (line['split'], number, clean_text(text)), boxes)
                if label is not None:
                    expr['reviewed_ok'] = label.is_right
                    self._joined[line['split']].add(label.number)
                    break
        return line

    def log_unjoined(self) -> None:
        """Say how many labels have no expression."""
        for split, numbers in self._counts.items():
            left = len(numbers - self._joined[split])
            if left:
                from mmengine.logging import print_log
                print_log(f'{left:,} of {len(numbers):,} reviewed labels of {split} '
                          'have no expression', logger='current')

    def _find(self, key: tuple, boxes: list) -> Optional[Label]:
        for label in self._labels.get(key, ()):
            if label.bbox is None or any(
                    box is not None and _is_same(label.bbox, box) for box in boxes):
                return label
        return None

    def _read(self, ctx: Context, path: Path) -> None:
        content = load_json(path)
        records = content.get('annotation') if isinstance(content, dict) else None
        if not isinstance(records, list):
            raise AnnotationFileError(path, 'expected an object with a list called '
                                            'annotation', code='missing_field')
        split = _parse_name(path)[1]
        self._joined.setdefault(split, set())
        for number, record in enumerate(records):
            self._read_label(ctx.at(f'annotation[{number}]'), number, record, split)

    def _read_label(self, ctx: Context, number: int, record: object,
                    split: str) -> None:
        label, errors = ctx.fields(record, REQUIRED, OPTIONAL)
        ctx.skip(errors, 'keep')  # the expressions stay, without a label
        quality = record.get('caption_quality') if isinstance(record, dict) else 0
        if quality is None:
            ctx.note('quality_missing')
        elif not is_number(quality) and not isinstance(quality, bool):
            ctx.at('.caption_quality').note('bad_type', show(quality))
        elif not errors:
            bbox = corners(label['bbox']) if 'bbox' in label else None
            self._counts.setdefault(split, set()).add(number)
            self._labels.setdefault(
                (split, _image_key(label), clean_text(label['caption'])), []).append(
                    Label(number, bbox, bool(quality)))


def _image_key(label: dict) -> str:
    """Number of the image as text, from its id or from its name."""
    name = label.get('image_id', label.get('file_name', ''))
    number = image_number(name) if isinstance(name, str) else name
    return str(number)


def _is_same(one: list[float], other: list[float]) -> bool:
    return all(abs(a - b) <= BOX_TOLERANCE for a, b in zip(one, other, strict=True))
