"""What a visitor of the page may send: one photograph and a few sentences."""
import re
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np

from segvg.structures.images import BrokenImageError, read_image
from segvg.utils.errors import InputError
from segvg.utils.plain_values import printable

MAX_SENTENCES = 20
#: Of a line, with its brackets.
MAX_CHARACTERS = 300
#: Bytes of a photograph.
MAX_UPLOAD = 25 * 2**20
MARKED = re.compile(r'\[([^\[\]]*)\]')


class Question(NamedTuple):
    """A line of what was typed.

    Attributes:
        text: the sentence, without brackets.
        phrases: what stood in brackets, in its order.
    """
    text: str
    phrases: tuple[str, ...] = ()


def read_questions(typed: Optional[str]) -> list[Question]:
    """Return the questions of a text, one a line; empty lines do not count.

    Raises:
        InputError: no question was typed, or too many, or one is too long or is not
            a sentence.
    """
    lines = [' '.join(line.split()) for line in str(typed or '').splitlines()]
    lines = [line for line in lines if line]
    if not lines:
        raise InputError('Type a sentence, such as: the red car on the left.')
    if len(lines) > MAX_SENTENCES:
        raise InputError(f'{len(lines)} sentences were typed; at most {MAX_SENTENCES} '
                         'are answered at a time.')
    return [read_question(line) for line in lines]


def read_question(line: str) -> Question:
    """Return the question of a line, in which ``[...]`` marks a phrase.

    Raises:
        InputError: it is too long, or its characters or brackets are wrong.
    """
    told = printable(line[:60])
    if len(line) > MAX_CHARACTERS:
        raise InputError(f'"{told}..." has {len(line)} characters; at most '
                         f'{MAX_CHARACTERS} are read.')
    if not line.isprintable():
        raise InputError(f'"{told}" has characters that cannot be shown.')
    phrases = tuple(phrase.strip() for phrase in MARKED.findall(line))
    text = ' '.join(MARKED.sub(r'\1', line).split())
    if '[' in text or ']' in text or not all(phrases) or not text:
        raise InputError(f'"{told}" has a bracket without a partner, or one inside '
                         'another, or nothing in between; [a man] marks a phrase.')
    return Question(text, phrases)


def read_photograph(path: Optional[str], folder: Path) -> np.ndarray:
    """Return a photograph that was sent, upright RGB (H0, W0, 3) uint8.

    Args:
        path: where the server put it.
        folder: the folder for what is sent; no other file is read.

    Raises:
        InputError: no photograph was sent, or it is in another folder, is too large,
            or is not an image that segvg reads.
    """
    if not path:
        raise InputError('Choose a photograph first.')
    found = Path(path).resolve()
    if not found.is_relative_to(folder.resolve()) or not found.is_file():
        raise InputError('This file was not sent to this page.')
    size = found.stat().st_size
    if size > MAX_UPLOAD:
        raise InputError(f'The photograph has {size:,} bytes; at most {MAX_UPLOAD:,} '
                         'are read.')
    try:
        return read_image(found, apply_orientation=True)
    except BrokenImageError as error:  # its message has a path of the server
        raise InputError(str(error).replace(str(found), 'The photograph')) from None
