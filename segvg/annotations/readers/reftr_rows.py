"""Rows of RefTR lists: a phrase with its mask, or a caption with its phrases."""
from dataclasses import dataclass
from typing import Optional, Union

from segvg.annotations.readers import field_checks


@dataclass
class PhraseRow:
    """A phrase and its object; ``mask`` is a file name, whatever type it has."""

    file: str
    mask: object
    bbox: list[float]
    text: str
    latin1: bool


@dataclass
class CaptionRow:
    """A caption, and where its phrases start; each has one box."""

    file: str
    starts: list[int]
    bboxes: list[list[float]]
    phrases: list[str]
    text: str
    latin1: bool


# text says why a record is neither
Row = Union[PhraseRow, CaptionRow, str]


def parse_row(record: object) -> Row:
    """A row of either kind, told by its length."""
    if not isinstance(record, (list, tuple)):
        return f'{type(record).__name__}, a tuple is expected'
    if len(record) == 4:
        return _parse_phrase(*record)
    if len(record) == 6:
        file, starts, bboxes, phrases, _, text = record
        return _parse_caption(file, starts, bboxes, phrases, text)
    return f'{len(record)} values, 4 or 6 are expected'


def _parse_phrase(file: object, mask: object, bbox: object,
                  text: object) -> Union[PhraseRow, str]:
    latin1 = _has_high_bytes(file, text)
    file, text = _text(file), _text(text)
    if not file or text is None:
        return 'image name and text are strings'
    parsed = _box(bbox)
    if parsed is None:
        return f'box {field_checks.show(bbox)}, four numbers are expected'
    mask = mask if _text(mask) is None else _text(mask)
    return PhraseRow(file, mask, parsed, text, latin1)


def _parse_caption(file: object, starts: object, bboxes: object, phrases: object,
                   text: object) -> Union[CaptionRow, str]:
    starts, bboxes, phrases = map(_list, (starts, bboxes, phrases))
    if None in (starts, bboxes, phrases) or not (
            len(starts) == len(bboxes) == len(phrases)):
        return 'starts, boxes and phrases are lists of one length'
    latin1 = _has_high_bytes(file, text, *phrases)
    file, text, phrases = _text(file), _text(text), list(map(_text, phrases))
    if not file or text is None:
        return 'image name and text are strings'
    bboxes = list(map(_box, bboxes))
    if None in bboxes or None in phrases or not all(map(field_checks.is_int, starts)):
        return 'starts are integers, boxes four numbers, phrases strings'
    return CaptionRow(file, starts, bboxes, phrases, text, latin1)


def _has_high_bytes(*values: object) -> bool:
    return any(isinstance(value, bytes) and not value.isascii() for value in values)


def _text(value: object) -> Optional[str]:
    value = value.decode('latin1') if isinstance(value, bytes) else value
    return value if isinstance(value, str) else None


def _list(value: object) -> Optional[list]:
    """A list, tuple or tensor as a list."""
    value = value.tolist() if hasattr(value, 'tolist') else value
    return list(value) if isinstance(value, (list, tuple)) else None


def _box(value: object) -> Optional[list[float]]:
    value = _list(value)
    return list(map(float, value)) if field_checks.is_box(value) else None
