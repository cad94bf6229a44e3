"""What a result card must be before tables and pages rely on it: cards are sent around.
"""
import math
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from typing import Any

from segvg.structures.masks import MAX_PIXELS
from segvg.utils.plain_values import printable

Test = Callable[[object], bool]
MAX_COUNT = 1 << 40
MAX_BOXES = 1 << 16


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_number(value: object) -> bool:
    return type(value) in (int, float) and abs(value) < MAX_COUNT


def _is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < MAX_COUNT


def _is_scalar(value: object) -> bool:
    return value is None or _is_text(value) or _is_number(value)


def _is_name(value: object) -> bool:
    """Whether a value is the name of a file, without a folder."""
    return (isinstance(value, str) and value not in ('', '.', '..')
            and PurePosixPath(value).name == value and '\\' not in value)


def _is_dataset(value: object) -> bool:
    return isinstance(value, str) and (not value or _is_name(value))


def _optional(test: Test) -> Test:
    return lambda value: value is None or test(value)


def _list_of(test: Test) -> Test:
    return lambda value: isinstance(value, list) and all(map(test, value))


def _dict_of(test: Test) -> Test:
    return lambda value: isinstance(value, dict) and all(map(test, value.values()))


def _record(**fields: Test) -> Test:
    return lambda value: isinstance(value, dict) and all(
        key in value and test(value[key]) for key, test in fields.items())


def _is_interval(value: object) -> bool:
    return _list_of(_optional(_is_number))(value) and len(value) == 2


def _is_box(value: object) -> bool:
    return (isinstance(value, list) and len(value) == 4 and all(map(_is_number, value))
            and all(map(math.isfinite, value)))


def _is_boxes(value: object) -> bool:
    return _list_of(_is_box)(value) and len(value) <= MAX_BOXES


def _is_size(value: object) -> bool:
    return (isinstance(value, list) and len(value) == 2
            and all(type(side) is int and side > 0 for side in value)
            and value[0] * value[1] <= MAX_PIXELS)


DATA: dict[str, Test] = dict(
    files=_list_of(_record(file=_is_name, sha256=_is_text)),
    splits=_list_of(_is_text), expressions=_is_count, images=_is_count)
HEADER: dict[str, Test] = dict(
    name=_is_text, scores=_dict_of(_is_number), intervals=_dict_of(_is_interval),
    protocols=_list_of(_record(
        metric=_is_text, settings=lambda value: isinstance(value, dict),
        frame=_optional(_is_text), scores=_list_of(_is_text))),
    data=lambda value: isinstance(value, dict) and _optional(_is_text)(
        value.get('root')),
    thresholds=_list_of(_record(parameter=_is_text, source=_is_text)),
    config=_record(file=_is_text), weights=_record(sha256=_is_text),
    training=_optional(_record(seconds=_is_number, peak_memory=_optional(_is_number))),
    seed=_optional(_is_number), keys=_is_text)
ROW: dict[str, Test] = dict(
    dataset=_is_dataset, split=_is_text, expr_idx=_is_count, img_id=_is_scalar,
    expr_id=_is_scalar, ref_id=_is_scalar, text=_is_text, img_path=_is_text,
    size=_is_size, targets=_is_boxes, bboxes=_is_boxes, scores=_list_of(_is_number),
    mask=_optional(_record(size=_is_size,
                           counts=lambda value: isinstance(value, (str, list)))))


def check_record(record: object, tests: Mapping[str, Test], where: str) -> Any:
    """A header or row of a card, with control characters shown.

    Raises:
        ValueError: a field is missing or of another type.
    """
    if not isinstance(record, dict):
        raise ValueError(f'{where} is not an object')
    for key, test in tests.items():
        if key not in record:
            raise ValueError(f'{where} has no {key!r}')
        if not test(record[key]):
            raise ValueError(f'{where}: {key} is {repr(record[key])[:80]}, which is '
                             'not what a card holds there')
    return shown(record)


def check_header(header: object, where: str) -> Any:
    """A header of a card; errors are those of ``check_record``."""
    found = check_record(header, HEADER, where)
    check_record(found['data'], DATA, f'{where}: data')
    return found


def check_row(row: object, where: str) -> Any:
    """A row of a card; errors are those of ``check_record``."""
    found = check_record(row, ROW, where)
    if len(found['scores']) != len(found['bboxes']):
        raise ValueError(f'{where}: {len(found["bboxes"])} boxes with '
                         f'{len(found["scores"])} scores')
    return found


def shown(value: Any) -> Any:
    """A value in whose texts no character commands a terminal or turns a line."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, list):
        return [shown(part) for part in value]
    if isinstance(value, dict):
        return {shown(key): shown(part) for key, part in value.items()}
    return value
