"""Boxes read from the words of a model. All rules are written down and have a version.

A parser takes the words and returns boxes (x1, y1, x2, y2) in [0, 1] of the image, in
the order of the words, and whether the words are an answer at all. Rules of both
parsers:

1. Corners in the wrong order are put in order: any two opposite corners are a box.
2. Boxes are cut at the border of the image. A box without an area does not count.
3. Words without a box are unreadable, unless they say in the agreed form that nothing
   fits. Nothing is guessed from ordinary sentences.
4. At most 100 boxes count.
"""
import json
import math
import re
from typing import Any, Callable, Iterator, NamedTuple, Optional, Sequence

from segvg.utils.errors import InputError

Box = tuple[float, float, float, float]
MAX_BOXES = 100
#: Characters of an answer that are read; a model that writes more repeats itself.
MAX_TEXT = 20_000
#: Nested brackets in an answer; more are not an answer and exceed Python's recursion.
MAX_DEPTH = 20


class Parsed(NamedTuple):
    """What was read: boxes in [0, 1] of the image; whether the words are an answer."""
    boxes: list[Box]
    readable: bool


class Parser(NamedTuple):
    """A way to read answers.

    Attributes:
        name: with the version of its rules, as the result card has it.
        read: from the words and the size (width, height) of the image in the unit of
            the coordinates.
    """
    name: str
    read: Callable[[str, tuple[float, float]], Parsed]


def box_of(values: Sequence[float], size: tuple[float, float]) -> Optional[Box]:
    """Return four coordinates as a box in [0, 1], or None (rules 1 and 2)."""
    x1, y1, x2, y2 = (min(max(value / side, 0.0), 1.0)
                      for value, side in zip(values, (*size, *size)))
    box = (min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
    return box if box[2] > box[0] and box[3] > box[1] else None


def read_json_boxes(text: str, size: tuple[float, float]) -> Parsed:
    """Return the boxes of an answer in JSON.

    Qwen3-VL writes coordinates from 0 to 1000, relative to width and height; Qwen2.5-VL
    writes pixels of the resized image. ``size`` is (1000, 1000) or the size of the
    resized image.

    1. If the text has a code fence, its content is read, otherwise the whole text.
       Words around the JSON do not count, nor do thoughts, which end in ``</think>``.
    2. An object with ``bbox_2d``, ``bbox`` or ``box_2d`` of four finite numbers is a
       box, and so is a list of four numbers. Objects may be in a list or follow each
       other.
    3. If JSON breaks off (the limit of tokens was reached), complete objects count and
       the broken one does not.
    4. An empty list is the answer "none", but only if the text has no box.
    """
    content = text[-MAX_TEXT:].rpartition('</think>')[2]
    fence = re.search(r'```[a-zA-Z]*\s*(.*?)(?:```|$)', content, re.DOTALL)
    if fence is not None:
        content = fence[1]
    boxes: list[Box] = []
    said_none = False
    for value in _json_values(content):
        said_none = said_none or value == []
        for coordinates in _coordinates(value):
            box = box_of(coordinates, size)
            if box is not None:
                boxes.append(box)
    return Parsed(boxes[:MAX_BOXES], bool(boxes) or said_none)


def _json_values(text: str) -> Iterator[Any]:
    """Yield the outermost JSON values of a text; of a broken one, complete parts."""
    decoder, place = json.JSONDecoder(), 0
    starts = [match.start() for match in re.finditer(r'[\[{]', text)]
    for start in starts:
        if start < place or _depth(text[start:start + MAX_DEPTH + 1]) > MAX_DEPTH:
            continue
        try:
            value, place = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            continue  # the bracket of a broken list: its parts follow
        yield value


def _depth(text: str) -> int:
    """Return with how many opening brackets in a row a text begins."""
    return len(text) - len(text.lstrip('[{'))


def _coordinates(value: Any) -> Iterator[Sequence[float]]:
    """Yield the four numbers of every box in a JSON value."""
    if isinstance(value, dict):
        for key in ('bbox_2d', 'bbox', 'box_2d'):
            if key in value:
                yield from _coordinates(value[key])
                return
        for part in value.values():
            if isinstance(part, (dict, list)):
                yield from _coordinates(part)
    elif isinstance(value, list):
        if len(value) == 4 and all(_is_number(part) for part in value):
            yield value
            return
        for part in value:
            if isinstance(part, (dict, list)):
                yield from _coordinates(part)


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) < 1e9 and math.isfinite(value)


def read_location_tokens(text: str, size: tuple[float, float]) -> Parsed:
    """Return the boxes of an answer of Florence-2, which are tokens ``<loc_N>``.

    N is a bin from 0 to 999, of the width and the height in turn, and means the center
    of the bin; ``size`` is the number of bins, (1000, 1000).

    1. Location tokens that follow each other directly are a run. Every four tokens of
       a run are a box.
    2. If the number of tokens is not a multiple of four, the last one to three do not
       count in a run at the end of the text (the limit of tokens was reached);
       anywhere else the run is not read.
    3. A run after ``<poly>`` is a list of points; the box around them counts.
    4. A run with a token beyond the bins is not read.
    5. The model has no word for "none": without a box an answer is unreadable.
    """
    content = re.sub(r'(?:</s>|<pad>|<s>|\s)+$', '', text[:MAX_TEXT])
    boxes: list[Box] = []
    for run in re.finditer(r'(<poly>)?((?:<loc_\d+>)+)', content):
        bins = [float(number[:9]) for number in re.findall(r'\d+', run[2])]
        if max(bins) >= size[0]:
            continue
        if run[1]:
            rows: list[list[float]] = [_around(bins)] if len(bins) >= 4 else []
        elif len(bins) % 4 and run.end() < len(content):
            rows = []
        else:
            rows = [bins[i:i + 4] for i in range(0, len(bins) - 3, 4)]
        for row in rows:
            # Two corners in the same bin of an axis enclose no area.
            box = box_of(row, size) and box_of([value + 0.5 for value in row], size)
            if box is not None:
                boxes.append(box)
    return Parsed(boxes[:MAX_BOXES], bool(boxes))


def _around(points: Sequence[float]) -> list[float]:
    """Return the box around points x, y, x, y, ...; an odd last number is left out."""
    pairs = len(points) // 2
    x, y = points[0:2 * pairs:2], points[1:2 * pairs:2]
    return [min(x), min(y), max(x), max(y)]


PARSERS = dict(json_boxes=Parser('json_boxes 1.0', read_json_boxes),
               location_tokens=Parser('location_tokens 1.0', read_location_tokens))


def find_parser(name: str) -> Parser:
    """Return a parser by its name.

    Raises:
        InputError: no parser has this name.
    """
    if name not in PARSERS:
        raise InputError(f'parser is one of {", ".join(PARSERS)}, not {name!r}')
    return PARSERS[name]
