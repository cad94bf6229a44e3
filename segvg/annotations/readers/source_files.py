"""Files of sources: those whose content has one shape, and plain text."""
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from segvg.annotations.files.errors import AnnotationFileError
from segvg.annotations.files.json_values import load_json

Content = TypeVar('Content', list, dict)
NAMES = {list: 'a list', dict: 'an object', tuple: 'a tuple'}


def load_as(kind: type[Content], path: Path, what: str = '',
            load: Callable[[Path], object] = load_json) -> Content:
    """The content of a file that is expected to be a list, or an object.

    Args:
        kind: ``list`` or ``dict``; a tuple is a list too.
        path: the file.
        what: what its parts are, such as ``refs``, for the message.
        load: reads it.

    Raises:
        AnnotationFileError: it cannot be read, or holds something else.
    """
    content = load(path)
    if kind is list and isinstance(content, tuple):
        content = list(content)
    if isinstance(content, kind):
        return content
    expected = f'{NAMES[kind]} of {what}' if what else NAMES[kind]
    raise AnnotationFileError(path, f'expected {expected}, got '
                                    f'{type(content).__name__}', code='bad_type')


def find_files(source: Path, *patterns: str) -> list[Path]:
    """The file that a source is, or the files of its folder, pattern by pattern.

    Raises:
        FileNotFoundError: the source does not exist.
    """
    if source.is_file():
        return [source]
    if not source.is_dir():
        raise FileNotFoundError(f'{source} does not exist')
    return [path for pattern in patterns for path in sorted(source.glob(pattern))]


class TextLine(NamedTuple):
    """A line that is not blank; ``latin1`` when it is not UTF-8."""

    number: int
    text: str
    latin1: bool


def read_text_lines(path: Path) -> list[TextLine]:
    """The lines of a text file that are not blank, numbered from 1."""
    lines = []
    data = path.read_bytes().removeprefix(b'\xef\xbb\xbf')
    for number, line in enumerate(data.split(b'\n'), 1):
        try:
            text, latin1 = line.decode('utf-8'), False
        except UnicodeDecodeError:
            text, latin1 = line.decode('latin1'), True
        if text.strip():
            lines.append(TextLine(number, text.removesuffix('\r'), latin1))
    return lines
