"""Tests of values, and tables of them: which fields a record has, of which type."""
import json
import math
import re
import reprlib
from collections.abc import Callable, Container
from typing import Optional, TypeGuard, Union

Test = Callable[[object], bool]
Fields = dict[str, Test]  # names of fields, and what their values must be
MAX_SIDE = 1 << 15  # px; a larger image is not real, and its mask would fill memory
MAX_WHOLE = 1 << 53  # up to here every whole number is one of 64-bit floats
MAX_BITS = 1000  # of an integer that can be a float
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80


def is_int(value: object) -> TypeGuard[int]:
    """Whether a value is an integer of 64 bits; True and False are not."""
    return (isinstance(value, int) and not isinstance(value, bool)
            and abs(value) < 1 << 63)


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a number that fits a float; it may be infinite or NaN."""
    return isinstance(value, float) or (
        is_int(value) and value.bit_length() < MAX_BITS)


def is_finite(value: object) -> TypeGuard[float]:
    """Whether a value is a finite number."""
    return is_number(value) and math.isfinite(value)


def is_size(value: object) -> TypeGuard[int]:
    """Whether a value is a number of pixels."""
    return is_int(value) and 0 < value <= MAX_SIDE


def is_id(value: object) -> TypeGuard[Union[int, str]]:
    """Whether a value can be an id."""
    return is_int(value) or isinstance(value, str)


def is_anything(value: object) -> bool:
    """True: the field must only be there."""
    return True


def is_text(value: object) -> TypeGuard[str]:
    """Whether a value is a string."""
    return isinstance(value, str)


def is_list(value: object) -> TypeGuard[list]:
    """Whether a value is a list."""
    return isinstance(value, list)


def is_record(value: object) -> TypeGuard[dict]:
    """Whether a value is an object with fields."""
    return isinstance(value, dict)


def is_bool(value: object) -> TypeGuard[bool]:
    """Whether a value is True or False."""
    return isinstance(value, bool)


def is_flag(value: object) -> TypeGuard[int]:
    """Whether a value is 0 or 1, or a boolean."""
    return isinstance(value, int) and value in (0, 1)


def is_box(value: object) -> TypeGuard[list]:
    """Whether a value is a list of four numbers."""
    return (isinstance(value, (list, tuple)) and len(value) == 4
            and all(map(is_number, value)))


def with_plain_numbers(record: object, *names: str) -> object:
    """A record in which what says a whole number is one, in the fields named.

    ``'7'`` and ``7.0`` say 7; so do the items of lists. What is not a record, or has no
    such value, is returned as it is.
    """
    if not isinstance(record, dict):
        return record
    changed = {name: _whole_numbers(record[name]) for name in names
               if isinstance(record.get(name), (str, float, list))}
    return {**record, **changed} if changed else record


def _whole_numbers(value: object) -> object:
    if isinstance(value, list):
        return [_whole_number(item) for item in value]
    return _whole_number(value)


def _whole_number(value: object) -> object:
    if isinstance(value, str) and re.fullmatch('-?[0-9]{1,18}', value):
        return int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < MAX_WHOLE:
        return int(value)
    return value


def as_said(value: object, test: Test) -> object:
    """A value, or the number that it says where only that may pass a test.

    ``'7'`` and ``7.0`` say 7, ``'2.5'`` says 2.5; so do the items of a list.
    """
    if test(value):
        return value
    if isinstance(value, list):
        return [_said_number(item) for item in value]
    return _said_number(value)


def _said_number(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r'-?[0-9]{1,18}\.[0-9]{1,18}', value):
        value = float(value)
    return _whole_number(value)


def list_of(test: Test) -> Test:
    """A test for lists whose items all pass another test."""
    return lambda value: isinstance(value, list) and all(map(test, value))


def or_none(test: Test) -> Test:
    """A test for values that pass another test or are null."""
    return lambda value: value is None or test(value)


def show(value: object) -> str:
    """A value as short text, however large or deep it is."""
    return _SHORT.repr(value)[:80]


def plain_extra(record: dict, known: Container[str]) -> Optional[dict]:
    """Fields of a record that the reader does not know, when they are simple values."""
    extra = {name: value for name, value in record.items()
             if name not in known and isinstance(name, str)
             and (value is None or isinstance(value, (str, bool)) or is_finite(value))}
    return extra or None


def other_fields(record: dict, *known: Container[str]) -> dict:
    """Fields of a record that the reader does not know and JSON can say."""
    return {name: value for name, value in record.items()
            if not any(name in names for names in known) and _is_json(value)}


def _is_json(value: object) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return False
    return True
