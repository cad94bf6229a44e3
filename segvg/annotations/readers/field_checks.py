"""Check the shape of a record: which fields it has, and of which type."""
import json
import math
import reprlib
from collections.abc import Callable, Container, Mapping
from typing import Optional, TypeGuard, Union

from segvg.annotations.checks import Place, Report

Test = Callable[[object], bool]
Fields = dict[str, Test]  # names of fields, and what their values must be
MAX_SIDE = 1 << 15  # px; what says more is no image, and its mask would fill memory
MAX_BITS = 1000  # of an integer that still is a float
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80


def is_int(value: object) -> TypeGuard[int]:
    """Whether a value is an integer of 64 bits; True and False are not."""
    return (isinstance(value, int) and not isinstance(value, bool)
            and abs(value) < 1 << 63)


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a number that is a float too, not a finite one necessarily."""
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


def list_of(test: Test) -> Test:
    """A test for lists whose items all pass another test."""
    return lambda value: isinstance(value, list) and all(map(test, value))


def or_none(test: Test) -> Test:
    """A test for values that pass another test or are null."""
    return lambda value: value is None or test(value)


def show(value: object) -> str:
    """A value in short, however large or deep it is."""
    return _SHORT.repr(value)[:80]


def read_fields(record: object, required: Mapping[str, Test],
                optional: Mapping[str, Test], report: Report, place: Place,
                **ids: object) -> tuple[dict, list[tuple[str, str]]]:
    """The usable fields of a record, and what is wrong with those it must have.

    A field that can be done without and has another type is reported here and left
    out. What is wrong with the others is a list of (code, value), for the caller to
    report at the record that they cost.
    """
    if not isinstance(record, dict):
        return {}, [('bad_type', f'{type(record).__name__}, an object is expected')]
    fields, errors = {}, []
    for name, test in required.items():
        if name not in record:
            errors.append(('missing_field', name))
        elif not test(record[name]):
            errors.append(('bad_type', f'{name}: {show(record[name])}'))
        else:
            fields[name] = record[name]
    for name, test in optional.items():
        if name in record and not test(record[name]):
            fields.pop(name, None)
            report.add('bad_type', place.child(f'.{name}'),
                       value=show(record[name]), **ids)
        elif name in record:
            fields[name] = record[name]
    return fields, errors


class UniqueIds:
    """Gives a repeated id a suffix: 7, ``7#1``, ``7#2``."""

    def __init__(self) -> None:
        self._seen: dict[object, int] = {}

    def take(self, key: object) -> tuple[object, bool]:
        """The id to use, and whether it was taken before."""
        times = self._seen.get(key, 0)
        self._seen[key] = times + 1
        return (f'{key}#{times}', True) if times else (key, False)


class UniqueNumbers(UniqueIds):
    """The same for millions of numbers, of which few repeat: a bit for each."""

    LIMIT = 1 << 30

    def __init__(self) -> None:
        super().__init__()
        self._bits = bytearray()

    def take(self, key: object) -> tuple[object, bool]:
        """The id to use, and whether it was taken before."""
        if not is_int(key) or not 0 <= key < self.LIMIT:
            return super().take(key)
        byte, bit = key >> 3, 1 << (key & 7)
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte + 1 + (1 << 16) - len(self._bits)))
        if not self._bits[byte] & bit:
            self._bits[byte] |= bit
            return key, False
        self._seen.setdefault(key, 1)
        return super().take(key)


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
