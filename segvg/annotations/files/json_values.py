"""Read JSON of unknown origin: no key twice, no numbers of thousands of digits."""
import json
import re

from segvg.annotations.files.errors import PathLike, checked_file, guarded, json_offset
from segvg.utils.plain_values import parse_int

SIZE_LIMIT = 1 << 30  # bytes
LONG_NUMBER = re.compile(rb'[0-9]{39}')


def load_json(path: PathLike, size_limit: int = SIZE_LIMIT) -> object:
    """Read a JSON file; a key that occurs twice in an object is an error.

    ``NaN`` and ``Infinity`` are let through as floats, and integers of more digits than
    a number can have as infinite ones: the checks of the numbers say which record holds
    them.

    Raises:
        FileNotFoundError: the file does not exist.
        AnnotationFileError: it cannot be read.
    """
    path = checked_file(path, size_limit)
    data = path.read_bytes()
    return guarded(path, lambda: parse_json(data),
                   lambda error: json_offset(data, error))


def parse_json(data: bytes) -> object:
    """Parse one JSON value; ValueError when it is not one or repeats a key."""
    # a function for each integer takes time, which few files need
    integers = parse_int if LONG_NUMBER.search(data) else None
    try:
        return json.loads(data.decode('utf-8-sig'), object_pairs_hook=unique_keys,
                          parse_int=integers)
    except RecursionError:
        raise ValueError('RecursionError: values within values, too deep') from None


def unique_keys(pairs: list) -> dict:
    """The object of some keys and values; ValueError when a key is repeated."""
    record = dict(pairs)
    if len(record) != len(pairs):
        seen = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f'the key {key[:80]!r} occurs twice in one object')
            seen.add(key)
    return record
