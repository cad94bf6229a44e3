"""Surface forms: the words for a logical form.

A sentence is drawn in one of three styles: plain noun phrases, telegraph style as in
RefCOCO ("red circle left") and full sentences as in RefCOCOg. ``parser.py`` reads all
of them back; it shares no code with this file.
"""
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import NamedTuple

from segvg.synthref.forms import (
    ANY_SHAPE,
    EXTENTS,
    Extreme,
    Form,
    Objects,
    The,
    Together,
)
from segvg.synthref.levels import Level
from segvg.synthref.streams import Stream

STYLES = (('plain', 0.4), ('telegraph', 0.3), ('full', 0.3))
SYNONYM_SHARE = 0.25
NOUNS = {ANY_SHAPE: ('thing', 'shape'), 'circle': ('disc',)}
ADJECTIVES = {'large': ('big',), 'small': ('little',)}

EXTREME_WORDS = {
    'left': ('leftmost',), 'right': ('rightmost',),
    'top': ('topmost', 'highest'), 'bottom': ('bottommost', 'lowest'),
    'largest': ('largest', 'biggest'), 'smallest': ('smallest',),
}
EXTREME_ENDS = {
    'left': ('furthest left', 'furthest to the left'),
    'right': ('furthest right', 'furthest to the right'),
    'top': ('furthest up', 'closest to the top'),
    'bottom': ('furthest down', 'closest to the bottom'),
}
PLACE_WORDS = {'middle': ('middle', 'center')}
PLACE_ENDS = {
    'left': ('on the left', 'on the left side', 'in the left half'),
    'right': ('on the right', 'on the right side', 'in the right half'),
    'top': ('at the top', 'in the top half', 'in the upper half'),
    'bottom': ('at the bottom', 'in the bottom half', 'in the lower half'),
    'middle': ('in the middle', 'in the center', 'in the centre'),
}
_BEFORE_VOWEL = re.compile(r'\ba (?=[aeiou])')
CORNER_ENDS = ('in the {} corner', 'at the {}', 'in the {}')

TEMPLATES: dict[tuple[str, str], tuple[str, ...]] = {
    # {np}: adjectives and noun; {noun}: without adjectives
    ('attribute', 'plain'): ('the {np}', 'a {np}', 'the {np} here'),
    ('attribute', 'telegraph'): ('{np}', 'that {np}', '{np} here'),
    ('attribute', 'full'): (
        'this is the {np}', 'the {np} in the picture', 'the {np} in this image',
        'the {np} that you can see'),
    # the same, said of the noun after a verb; needs an adjective or a shape
    ('predicate', 'full'): (
        'the {noun} that is {adjectives}', 'the {noun} which is {adjectives}'),
    ('kind', 'full'): (
        'the object that is a {noun}', 'the thing which is a {noun}',
        'the object with the shape of a {noun}'),
    # {most}: leftmost, largest; {end}: furthest to the left
    ('extreme', 'plain'): ('the {most} {np}', 'the {np} {end}'),
    ('extreme', 'telegraph'): ('{most} {np}', '{np} {end}'),
    ('extreme', 'full'): (
        'this is the {most} {np}', 'the {np} that is {end}', 'the {np} which is {end}',
        'the {most} {np} in the picture'),
    # {end}: on the left side; {where}: left, top left
    ('place', 'plain'): ('the {np} {end}', 'the {where} {np}'),
    ('place', 'telegraph'): ('{np} {where}', '{where} {np}', '{np} {end}'),
    ('place', 'full'): (
        'the {np} that is {end}', 'the {np} which is {end}', 'this is the {np} {end}'),
    ('together', 'plain'): (
        'the {first} and the {second}', 'the {first} plus the {second}',
        'the {first} as well as the {second}'),
    ('together', 'telegraph'): ('{first} and {second}', '{first} plus {second}'),
    ('together', 'full'): (
        'these are the {first} and the {second}',
        'the {first} together with the {second}',
        'both the {first} and the {second}'),
}


class Phrase(NamedTuple):
    """Words about objects: half-open span in the raw text, objects as a bit set."""

    span: tuple[int, int]
    objects: int


@dataclass(frozen=True)
class Wording:
    """A sentence as typed, its cleaned form, and the template it came from.

    ``phrases`` are None where they are not marked.
    """

    raw: str
    sent: str
    style: str
    template: str
    phrases: tuple[Phrase, ...] | None = None


def load_vocabulary() -> list[str]:
    """Return the fixed vocabulary of all levels; the position of a word is its id."""
    text = files('segvg.synthref').joinpath('vocab.txt').read_text('utf-8')
    return text.split()


def word(form: Form, level: Level, stream: Stream) -> Wording:
    """Put a form into words."""
    style = stream.weighted(STYLES)
    template, slots = _Words(level, stream).template(form, style)
    sent = _BEFORE_VOWEL.sub('an ', template.format(**slots))
    full = style == 'full' and level.punctuation
    raw = f'{sent[0].upper()}{sent[1:]}.' if full else sent
    return Wording(raw, sent, style, template)


class _Words:
    """Choices of words for one sentence."""

    def __init__(self, level: Level, stream: Stream) -> None:
        self.synonyms = level.synonyms
        self.stream = stream

    def template(self, form: Form, style: str) -> tuple[str, dict[str, str]]:
        """Choose the template of a form and fill its slots."""
        if isinstance(form, Together):
            first, second = (self.phrase(part.source) for part in form.parts)
            return (self.stream.choice(TEMPLATES['together', style]),
                    dict(first=first, second=second))
        if not isinstance(form, The):
            raise TypeError(f'there are no words for {form!r} yet')
        if isinstance(form.source, Extreme):
            return self.extreme(form.source, style)
        place = form.source.get('place')
        if place:
            return self.place(form.source, place, style)
        return self.attribute(form.source, style)

    def attribute(self, objects: Objects, style: str) -> tuple[str, dict[str, str]]:
        """Choose among what is said of attributes and shape alone."""
        templates = TEMPLATES['attribute', style]
        adjectives = self.adjectives(objects)
        if style == 'full' and adjectives:
            templates += TEMPLATES['predicate', style]
        elif style == 'full':
            templates += TEMPLATES['kind', style]
        slots = dict(np=self.phrase(objects), noun=self.noun(objects),
                     adjectives=' and '.join(adjectives))
        return self.stream.choice(templates), slots

    def extreme(self, form: Extreme, style: str) -> tuple[str, dict[str, str]]:
        """Say which object is furthest, largest or smallest."""
        most = self.stream.choice(EXTREME_WORDS[form.key])
        if form.key in EXTENTS:
            end = {'plain': 'of {} size', 'telegraph': 'of {} size',
                   'full': 'the {} one'}[style].format(most)
        else:
            end = self.stream.choice(EXTREME_ENDS[form.key])
        return (self.stream.choice(TEMPLATES['extreme', style]),
                dict(np=self.phrase(form.source), most=most, end=end))

    def place(self, objects: Objects, place: str,
              style: str) -> tuple[str, dict[str, str]]:
        """Say where in the picture the object is."""
        ends = PLACE_ENDS.get(place) or [end.format(place) for end in CORNER_ENDS]
        where = self.stream.choice(PLACE_WORDS.get(place, (place,)))
        return (self.stream.choice(TEMPLATES['place', style]),
                dict(np=self.phrase(objects), where=where,
                     end=self.stream.choice(ends)))

    def phrase(self, objects: Objects) -> str:
        """Return adjectives and noun."""
        return ' '.join([*self.adjectives(objects), self.noun(objects)])

    def adjectives(self, objects: Objects) -> list[str]:
        """Return the words for size and colour, in this order."""
        return [self.pick(value, ADJECTIVES) for kind, value in objects.filters
                if kind != 'place']

    def noun(self, objects: Objects) -> str:
        """Return the word for the shape."""
        return self.pick(objects.shape, NOUNS)

    def pick(self, name: str, synonyms: dict[str, tuple[str, ...]]) -> str:
        """Return a word, sometimes one of its synonyms."""
        others = synonyms.get(name, ())
        if self.synonyms and others and self.stream.random() < SYNONYM_SHARE:
            return self.stream.choice(others)
        return name
