"""Checks of the masks of source files, which become canonical ones."""
import os
import re
from typing import NamedTuple, Optional

import numpy as np

from segvg.structures.masks import MAX_PIXELS, decode_segmentation, encode_rle

MIN_POLYGON_NUMBERS = 6  # three points
MAX_COORDINATE = 1e6  # px; pycocotools walks along each edge, and crashes on long ones
MAX_SHIFT = 60  # bits of a run
RUN_TEXT = re.compile(r'[0-o]*')  # six bits a character


class MaskFinding(NamedTuple):
    """A problem of a mask."""

    code: str
    value: object
    part: str = ''  # place within the mask, such as ``[1]``


class CheckedMask(NamedTuple):
    """A mask after its checks."""

    segm: Optional[dict]  # canonical form; None when unusable
    findings: tuple[MaskFinding, ...] = ()
    area: Optional[int] = None  # pixels inside the image; None when not decoded
    bounds: Optional[tuple[int, int, int, int]] = None  # tight box, half-open


def check_mask(source: object, height: int, width: int, decode: bool) -> CheckedMask:
    """Check a mask as COCO stores it and return its canonical form.

    Args:
        source: polygons as a list of flat lists, a run-length code, compressed or not,
            a list that holds one, ``{'file': path of a PNG}``, an array (H, W) that is
            not 0 in the object, what an earlier check returned, or a falsy value for
            none.
        height: rows of the image.
        width: columns of the image.
        decode: whether to look at the pixels too.
    """
    if isinstance(source, CheckedMask):
        return source
    if isinstance(source, np.ndarray):
        return _check_bitmap(source, height, width)
    if height * width > MAX_PIXELS:
        return _unusable('bad_type', f'a mask of {height} x {width} pixels')
    if not source:
        return CheckedMask(None, (MaskFinding('mask_missing', source),))
    if isinstance(source, list) and len(source) == 1 and isinstance(source[0], dict):
        source = source[0]
    if isinstance(source, dict) and 'file' in source:
        return _check_file(source, height, width, decode)
    if isinstance(source, dict):
        checked = _check_rle(source, height, width)
    elif isinstance(source, list):
        checked = _check_polygons(source)
    else:
        checked = _unusable('bad_type', type(source).__name__)
    if checked.segm is None or not decode:
        return checked
    return _check_pixels(checked, decode_segmentation(checked.segm, height, width))


def _check_pixels(checked: CheckedMask, mask: np.ndarray) -> CheckedMask:
    if not mask.any():
        empty = MaskFinding('mask_empty', 'no pixel inside the image')
        return CheckedMask(None, (*checked.findings, empty))
    return checked._replace(area=int(mask.sum()), bounds=_bounds(mask))


def _check_bitmap(array: np.ndarray, height: int, width: int) -> CheckedMask:
    if array.dtype.kind not in 'biuf':
        return _unusable('bad_type', f'an array of {array.dtype}')
    if array.shape != (height, width):
        return _unusable('mask_size_mismatch',
                         f'{array.shape} for an image of {(height, width)}')
    mask = array != 0
    return _check_pixels(CheckedMask({'rle': encode_rle(mask)}), mask)


def _check_file(source: dict, height: int, width: int, decode: bool) -> CheckedMask:
    if not os.path.isfile(source['file']):
        return _unusable('mask_missing', source['file'])
    checked = CheckedMask(source)
    if not decode:
        return checked
    try:
        return _check_pixels(checked, decode_segmentation(source, height, width))
    except (OSError, ValueError) as error:
        return _unusable('mask_size_mismatch', str(error))


def _unusable(code: str, value: object) -> CheckedMask:
    return CheckedMask(None, (MaskFinding(code, value),))


def _bounds(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return (int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1)


def _is_number(value: object) -> bool:
    return (isinstance(value, (int, float)) and not isinstance(value, bool)
            and -MAX_COORDINATE <= value <= MAX_COORDINATE)


def _check_polygons(parts: list) -> CheckedMask:
    """A part with too few points is left out; an odd part makes the mask useless."""
    if all(_is_number(value) for value in parts):
        parts = [parts]  # one polygon without the outer list
    kept, findings = [], []
    for number, part in enumerate(parts):
        if not isinstance(part, (list, tuple)) or not all(map(_is_number, part)):
            return _unusable('mask_bad_polygon',
                             f'part {number} is not a list of numbers')
        if len(part) % 2:
            return _unusable('mask_bad_polygon',
                             f'part {number} has {len(part)} numbers')
        if len(part) < MIN_POLYGON_NUMBERS:
            findings.append(MaskFinding('mask_bad_polygon', f'{len(part) // 2} points',
                                        f'[{number}]'))
        else:
            kept.append(part)
    return CheckedMask({'poly': kept} if kept else None, tuple(findings))


def _check_rle(code: dict, height: int, width: int) -> CheckedMask:
    size, counts = code.get('size'), code.get('counts')
    if isinstance(counts, bytes):
        counts = counts.decode('latin1')
    if not isinstance(counts, (str, list)) or not isinstance(size, (list, tuple)):
        return _unusable('bad_type', 'a run-length code has size and counts')
    if list(size) != [height, width]:
        return _unusable('mask_size_mismatch',
                         f'{list(size)} for an image of {[height, width]}')
    runs = _decode_runs(counts) if isinstance(counts, str) else counts
    if not all(isinstance(run, int) and run >= 0 for run in runs):
        return _unusable('bad_type', 'a run-length code counts pixels')
    if sum(runs) != height * width:
        return _unusable('mask_size_mismatch',
                         f'runs of {sum(runs)} pixels for {height * width}')
    if isinstance(counts, str) and not RUN_TEXT.fullmatch(counts):
        return _unusable('bad_type', 'a compressed code has characters from 0 to o')
    if isinstance(counts, list):
        counts = _encode_runs(counts)
    return CheckedMask({'rle': {'size': [height, width], 'counts': counts}})


def _decode_runs(text: str) -> list[int]:
    """The run lengths of a compressed code.

    Six bits a character from '0' on: five of the number, lowest first, and one that
    says that more follow. From the fourth on a run is stored as the difference to the
    run two before.
    """
    runs: list[int] = []
    value = shift = 0
    for character in text:
        bits = ord(character) - 48
        value |= (bits & 0x1f) << shift
        shift += 5
        if shift > MAX_SHIFT:
            return [-1]
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = shift = 0
    return runs


def _encode_runs(runs: list[int]) -> str:
    """The compressed code of run lengths."""
    text = []
    for number, run in enumerate(runs):
        value = run - runs[number - 2] if number > 2 else run
        while True:
            bits, value = value & 0x1f, value >> 5
            more = value != (-1 if bits & 0x10 else 0)
            text.append(chr(48 + (bits | 0x20 if more else bits)))
            if not more:
                break
    return ''.join(text)
