"""Sentences of Flickr30k Entities: words, and phrases in brackets."""
import re
from dataclasses import dataclass, field
from typing import Optional

OPENING = '[/EN#'
TAG = re.compile(r'\[/EN#(?P<chain>[^/]+)(?P<types>(?:/[^/]+)*)')
WORD = re.compile(r'[^ \t\r\n\f\v]+')


@dataclass
class Phrase:
    """Words in brackets; ``span`` is None while there are none."""

    chain: str
    types: list[str]
    span: Optional[list[int]] = None


@dataclass
class Sentence:
    """A caption without its brackets.

    Attributes:
        text: words joined by single blanks.
        phrases: in the order of the text.
        notes: codes of what is odd, with values.
        error: code and value of what makes the sentence useless.
    """

    text: str = ''
    phrases: list[Phrase] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    error: Optional[tuple[str, str]] = None


def parse_sentence(line: str) -> Sentence:
    """Take the brackets out of a line, and note what they hold."""
    sentence, phrase = Sentence(), None
    for word in WORD.findall(line):
        tagged = OPENING in word
        if tagged:
            tag, closing, rest = word.partition(']')
            match = TAG.fullmatch(tag)
            if phrase is not None or not word.startswith(OPENING):
                sentence.error = ('sentence_unclosed_bracket', line)
                return sentence
            if not match:
                sentence.error = ('bad_type', f'{tag} is no phrase')
                return sentence
            phrase = Phrase(match['chain'], match['types'].split('/')[1:])
            if not phrase.types:
                sentence.notes.append(('bad_type', f'{tag} has no type'))
            word = closing + rest
        if phrase is None or ']' not in word:
            _add_word(sentence, word, phrase)
            continue
        last, _, rest = word.partition(']')
        if not last and not tagged:
            sentence.notes.append(('sentence_space_before_bracket', line))
        _add_word(sentence, last, phrase)
        if phrase.span is None:
            sentence.notes.append(('span_empty', phrase.chain))
        else:
            sentence.phrases.append(phrase)
        phrase = None
        if last or tagged:
            sentence.text += rest
        else:
            _add_word(sentence, rest, None)
    if phrase is not None:
        sentence.error = ('sentence_unclosed_bracket', line)
    return sentence


def _add_word(sentence: Sentence, word: str, phrase: Optional[Phrase]) -> None:
    if not word:
        return
    if sentence.text:
        sentence.text += ' '
    start = len(sentence.text)
    sentence.text += word
    if phrase is not None:
        first = start if phrase.span is None else phrase.span[0]
        phrase.span = [first, len(sentence.text)]
