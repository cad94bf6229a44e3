"""Plain text files of lists and sentences."""
from pathlib import Path
from typing import NamedTuple


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
