"""Noun phrases under construction, with marks that later become spans.

The mark of phrase k is a pair of private characters, which no template has.
"""
import re
from dataclasses import dataclass, field

from segvg.synthref.forms import Objects
from segvg.synthref.grammar import Phrase
from segvg.synthref.streams import Stream

_FIRST = 0xE000   # 2k opens and 2k + 1 closes phrase k
_MARKS = re.compile('[\ue000-\ue0ff]')
_ARTICLE = re.compile('\\ba (?=[\ue000-\ue0ff]*[aeiou])')


@dataclass
class Group:
    """A noun phrase under construction: words before the noun, and what follows it."""

    leaf: Objects
    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    pattern: list[str] = field(default_factory=list)

    def add(self, text: str, pattern: str) -> None:
        """Append what follows the noun."""
        self.after.append(text)
        self.pattern.append(pattern)


def mark(text: str, number: int) -> str:
    """Put the marks of a phrase around a text."""
    return f'{chr(_FIRST + 2 * number)}{text}{chr(_FIRST + 2 * number + 1)}'


def remove_marks(text: str) -> str:
    """Return the text without marks."""
    return _MARKS.sub('', text)


def fix_articles(text: str) -> str:
    """Write "an" before a vowel, even with a mark in between."""
    return _ARTICLE.sub('an ', text)


def take_marks(text: str, objects: list[int]) -> tuple[tuple[Phrase, ...], str]:
    """Turn marks into spans of the text without them."""
    edges: dict[int, int] = {}
    characters: list[str] = []
    for character in text:
        if _MARKS.match(character):
            edges[ord(character) - _FIRST] = len(characters)
        else:
            characters.append(character)
    phrases = [Phrase((edges[2 * k], edges[2 * k + 1]), bits)
               for k, bits in enumerate(objects)]
    return tuple(sorted(phrases)), ''.join(characters)


def misspell(text: str, stream: Stream) -> str:
    """Swap two neighbouring letters of one word; the length stays."""
    places = [match.start() + offset for match in re.finditer('[a-z]{4,}', text)
              for offset in range(len(match.group()) - 1)
              if text[match.start() + offset] != text[match.start() + offset + 1]]
    if not places:
        return text
    at = stream.choice(places)
    return text[:at] + text[at + 1] + text[at] + text[at + 2:]
