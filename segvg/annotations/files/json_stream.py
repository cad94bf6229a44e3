"""Read a long JSON list one item at a time."""
import codecs
import json
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NoReturn, Union

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.json_values import unique_keys
from segvg.utils.plain_values import parse_int

CHUNK = 1 << 20  # bytes
ITEM_LIMIT = 1 << 28  # characters


def iter_json_list(path: Union[str, Path]) -> Iterator[object]:
    """The items of a file that is one JSON list; only one is in memory at a time.

    Integers of more digits than a number can have become infinite.

    Raises:
        FileNotFoundError: the file does not exist.
        AnnotationFileError: it is not a list or breaks off, at the byte where that
            shows, or an object has a key twice.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f'file {path} does not exist')
    with open(path, 'rb') as stream:
        yield from _ListParser(path, stream).items()


class _ListParser:
    """State of reading one file: a window of its text."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path = path
        self._stream = stream
        self._decode = codecs.getincrementaldecoder('utf-8-sig')().decode
        self._parse = json.JSONDecoder(object_pairs_hook=unique_keys,
                                         parse_int=parse_int).raw_decode
        self._text = ''
        self._position = 0  # in the window
        self._before = 0  # bytes before the window
        self._ended = False

    def items(self) -> Iterator[object]:
        """Parse one item after the other."""
        first = self._next_character()
        if first != '[':
            self._fail('expected a list', 'bad_type' if first else 'bad_container')
        self._position += 1
        if self._next_character() != ']':
            yield self._item()
            while self._next_character() == ',':
                self._position += 1
                self._next_character()
                yield self._item()
        if self._next_character() != ']':
            self._fail('cut short or damaged: expected , or ]')
        self._position += 1
        if self._next_character():
            self._fail('something follows the list')

    def _next_character(self) -> str:
        """The next character that is not blank, or an empty string at the end."""
        while True:
            while self._position < len(self._text):
                character = self._text[self._position]
                if character not in ' \t\r\n':
                    return character
                self._position += 1
            if self._ended:
                return ''
            self._extend(CHUNK)

    def _item(self) -> object:
        chunk = CHUNK
        while True:
            try:
                item, end = self._parse(self._text, self._position)
            except json.JSONDecodeError as error:
                if self._ended or len(self._text) - self._position > ITEM_LIMIT:
                    self._position = min(error.pos, len(self._text))
                    self._fail(f'cut short or damaged ({error.msg})')
            except (ValueError, RecursionError) as error:
                self._fail(f'cannot be read ({type(error).__name__}: {error})')
            else:
                # near the end of the window it may be the first half of a number
                if len(self._text) - end > len('e+') or self._ended:
                    self._position = end
                    return item
            self._extend(chunk)
            chunk *= 2  # so that a long item is not parsed again too often

    def _extend(self, size: int) -> None:
        """Drop what was parsed from the window, and add to its end."""
        self._before += len(self._text[:self._position].encode('utf-8'))
        data = self._stream.read(size)
        try:
            text = self._decode(data, not data)
        except UnicodeDecodeError as error:
            self._fail(f'cannot be read ({error})')
        self._text = self._text[self._position:] + text
        self._position = 0
        self._ended = not data

    def _fail(self, reason: str, code: str = 'bad_container') -> NoReturn:
        inside = self._text[:self._position].encode('utf-8')
        raise AnnotationFileError(self._path, reason, code=code,
                                  offset=self._before + len(inside)) from None
