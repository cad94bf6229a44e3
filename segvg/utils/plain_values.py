"""Values out of files of unknown origin: bounded in size along every path, and numbers.
"""
import unicodedata
from typing import Optional, Union

VISIT_FLOOR, VISIT_FACTOR = 1 << 22, 8  # values and characters met along every path
DEPTH_LIMIT = 64  # containers within containers
ITEM_BYTES = 72  # of a container, at most
WITHOUT_SIZE = (int, bool, float, type(None))  # the most frequent of those
INT_DIGITS = 38  # integers of more become infinite, for the checks of the numbers


class PickleRefusedError(ValueError):
    """A file that is damaged, too large in memory, or asks for what is not admitted.

    Args:
        reason: what is wrong.
        offset: where, in bytes.
        name: the class or function that was asked for and not admitted, if that is it.
    """

    def __init__(self, reason: str, offset: Optional[int] = None,
                 name: Optional[str] = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset
        self.name = name


def parse_int(text: str) -> Union[int, float]:
    """An integer; infinite when it has more digits than a number of a file can have."""
    digits = text.strip().lstrip('+-')
    if len(digits) <= INT_DIGITS:
        return int(text)
    if not digits.isdecimal():
        raise ValueError(f'not a number: {text[:40]!r}')
    return float('-inf' if text.strip().startswith('-') else 'inf')


def check_paths(value: object, limit: int) -> None:
    """Refuse a value that is endless, deep, or much larger when its parts are repeated.

    A list that holds another list twice is walked twice: so would every reader.

    Args:
        value: what was read.
        limit: how many values and characters may be met.
    """
    level = [value]
    for _ in range(DEPTH_LIMIT):
        below: list[object] = []
        for item in level:
            if isinstance(item, (str, bytes)):
                limit -= len(item)
            elif isinstance(item, (list, tuple, set, frozenset)):
                limit -= len(item)
                below.extend(item)
            elif isinstance(item, dict):
                limit -= 2 * len(item)
                below.extend(item)
                below.extend(item.values())
            if limit < 0:
                raise PickleRefusedError(
                    'repeats its parts, and becomes too large for a file of its size')
        if not below:
            return
        level = below
    raise PickleRefusedError(f'lists within lists, deeper than {DEPTH_LIMIT}')


def copied_bytes(value: object) -> int:
    """Bytes that a copy of a value takes, without what is deeper than its items."""
    size = _own_bytes(value)
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple)):
        return size
    for item in value:
        if type(item) not in WITHOUT_SIZE:
            size += _own_bytes(item)
    return size


def _own_bytes(value: object) -> int:
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, str):
        return len(value) * (1 if value.isascii() else 4)
    if isinstance(value, (list, tuple, dict, set, frozenset)):
        return ITEM_BYTES * len(value)
    return 0


def printable(text: str, keep: str = '') -> str:
    """A text in which no character commands a terminal; such ones are written out.

    Args:
        text: of unknown origin.
        keep: control characters that are wanted.
    """
    if text.isprintable():
        return text
    return ''.join(
        character if character.isprintable() or character in keep
        or unicodedata.category(character) == 'Zs'  # spaces of other widths
        else character.encode('unicode_escape').decode('ascii') for character in text)
