"""Rows of RefTR lists: a phrase with its mask, or a caption with its phrases."""
from dataclasses import dataclass
from typing import Optional

from segvg.datasets.readers import fields

Row = object  # PhraseRow, CaptionRow, or text that says why it is neither


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


def parse_row(record: object) -> Row:
    """A row of either kind, told by its length."""
    if not isinstance(record, (list, tuple)):
        return f'{type(record).__name__}, a tuple is expected'
    if len(record) not in (4, 6):
        return f'{len(record)} values, 4 or 6 are expected'
    texts: list[Optional[str]] = []
    latin1 = [False]

    def take(value: object) -> Optional[str]:
        if isinstance(value, bytes):
            latin1[0] |= not value.isascii()
            value = value.decode('latin1')
        texts.append(value if isinstance(value, str) else None)
        return texts[-1]

    file = take(record[0])
    text = take(record[3] if len(record) == 4 else record[5])
    if not file or text is None:
        return 'image name and text are strings'
    if len(record) == 4:
        bbox = _box(record[2])
        if bbox is None:
            return f'box {fields.show(record[2])}, four numbers are expected'
        mask = record[1]
        mask = mask.decode('latin1') if isinstance(mask, bytes) else mask
        return PhraseRow(file, mask, bbox, text, latin1[0])
    starts, bboxes, phrases = (_list(value) for value in record[1:4])
    if None in (starts, bboxes, phrases) or not (
            len(starts) == len(bboxes) == len(phrases)):
        return 'starts, boxes and phrases are lists of one length'
    bboxes, phrases = list(map(_box, bboxes)), list(map(take, phrases))
    if None in bboxes or None in phrases or not all(map(fields.is_int, starts)):
        return 'starts are integers, boxes four numbers, phrases strings'
    return CaptionRow(file, starts, bboxes, phrases, text, latin1[0])


def _list(value: object) -> Optional[list]:
    """A list, tuple or tensor as a list."""
    value = value.tolist() if hasattr(value, 'tolist') else value
    return list(value) if isinstance(value, (list, tuple)) else None


def _box(value: object) -> Optional[list[float]]:
    value = _list(value)
    return list(map(float, value)) if fields.is_box(value) else None
