"""Surface forms of L2 and above, with the spans of the phrases for objects.

A noun phrase is marked where it is made, with a pair of private characters; when the
sentence is complete the marks become spans of its raw text. ``parser.py`` reads all
sentences back; it shares no code with this file.
"""
from functools import singledispatchmethod

from segvg.synthref.compound.spans import (
    Group,
    fix_articles,
    mark,
    misspell,
    remove_marks,
    take_marks,
)
from segvg.synthref.compound.templates import (
    ALL,
    BOTH,
    CONJUNCTION,
    COUNTED,
    EVERYTHING,
    FILLED,
    LINKS,
    NUMBERS,
    ONE,
    PARAPHRASED,
    PLURAL_NOUNS,
    RANKS,
    RELATION_PARAPHRASES,
    RELATION_WORDS,
    SHARED,
)
from segvg.synthref.facts import Facts
from segvg.synthref.forms import (
    EXTENTS,
    Alike,
    All,
    Between,
    Compared,
    Count,
    Except,
    Extreme,
    Form,
    Nearest,
    Objects,
    Ordinal,
    Related,
    Selection,
    The,
    Together,
    Without,
    nodes,
)
from segvg.synthref.grammar import (
    ADJECTIVES,
    CORNER_ENDS,
    EXTREME_ENDS,
    EXTREME_WORDS,
    NOUNS,
    PLACE_ENDS,
    PLACE_WORDS,
    STYLES,
    SYNONYM_SHARE,
    Wording,
)
from segvg.synthref.levels import Level
from segvg.synthref.semantics import evaluate
from segvg.synthref.streams import Stream

_FILLER_SHARE, _UNUSUAL_SHARE = 0.12, 0.1
_PREDICATE_SHARE = 0.3


def phrase_form(form: Form, facts: Facts, level: Level, split: str,
                stream: Stream) -> Wording:
    """Put a form into words and note which words are about which objects."""
    style = stream.weighted(STYLES)
    speaker = Speaker(facts, level, style, stream)
    template, marked = speaker.top(form)
    marked = fix_articles(marked)
    raw = f'{marked}.' if style == 'full' and level.punctuation else marked
    sent = remove_marks(marked)
    phrases, raw = take_marks(raw, speaker.objects)
    if style == 'full' and level.punctuation:
        raw = raw[0].upper() + raw[1:]
    if split == 'train' and stream.random() < level.typos:
        raw = misspell(raw, stream)
    return Wording(raw, sent, style, template, phrases)


class Speaker:
    """Chooses the words of one sentence; ``objects`` are the marked bit sets.

    ``joined`` says that more noun phrases may follow one, after an "and".
    """

    def __init__(self, facts: Facts, level: Level, style: str, stream: Stream,
                 joined: bool = False) -> None:
        self.facts, self.level, self.style = facts, level, style
        self.stream = stream
        self.objects: list[int] = []
        self._joined = joined

    def top(self, form: Form) -> tuple[str, str]:
        """Return template and text of a whole sentence."""
        self._joined = isinstance(form, Together) or any(nodes(form, Between))
        if isinstance(form, Together):
            template = self.stream.choice(CONJUNCTION[self.style])
            first, second = (self.noun_phrase(part, False) for part in form.parts)
            return template, template.format(first=first[0], second=second[0])
        templates, slots = ONE, {}
        if isinstance(form, Count):
            templates = BOTH if form.number == 2 else COUNTED
            slots = dict(number=NUMBERS[form.number])
        elif isinstance(form, All):
            templates = ALL
            if isinstance(form.source, Except) and form.source.source == Objects():
                templates = EVERYTHING
        text, pattern = self.noun_phrase(form, not isinstance(form, The),
                                         templates is EVERYTHING)
        choices = templates[self.style]
        if self.level.paraphrases and templates in (ONE, ALL):
            choices += PARAPHRASED[templates is ALL][self.style]
        template = self.stream.choice(choices)
        said = template.format(np=text, **slots)
        if self.style != 'full' and self.level.fillers and (
                self.stream.random() < _FILLER_SHARE):
            filled = self.stream.choice(FILLED[not isinstance(form, The)][self.style])
            template, said = filled.format(template), filled.format(said)
        return template.replace('{np}', pattern), said

    def noun_phrase(self, form: The | All | Count, plural: bool,
                    bare: bool = False) -> tuple[str, str]:
        """Return a phrase without its determiner, and its pattern.

        The marks go around its noun and the words before that. With ``bare``
        nothing but what follows the noun is said of it ("everything except ...").
        """
        number = len(self.objects)
        self.objects.append(evaluate(form, self.facts))
        group = self.group(form.source, plural)
        words = self.adjectives(group.leaf)
        # "the circle that is red and small and the star" could be read in two ways
        most = 1 if self._joined else 3
        move = (not group.after and not group.before and 0 < len(words) <= most
                and self.style == 'full' and self.stream.random() < _PREDICATE_SHARE)
        if move:
            link = self.stream.choice(LINKS[plural][1:])
            group.add(f'{link}{" and ".join(words)}', f'{link}{{adjectives}}')
            words = []
        head = [*group.before, *words, self.noun(group.leaf, plural)]
        text = 'everything' if bare else ' '.join(head)
        return (' '.join([mark(text, number), *group.after]),
                ' '.join(['{np}', *group.pattern]))

    def landmark(self, form: The | All | Count) -> str:
        """Return the phrase for the landmark of a relation."""
        plural = not isinstance(form, The)
        text = self.noun_phrase(form, plural)[0]
        if isinstance(form, Count):
            word = self.stream.choice(('the two', 'both'))
            return f'{word} {text}'
        return text if self.style == 'telegraph' else f'the {text}'

    def link(self, plural: bool) -> str:
        """Return the words between a noun and its condition: none, or "that is"."""
        links = LINKS[plural]
        return self.stream.choice(links) if self.style == 'full' else links[0]

    @singledispatchmethod
    def group(self, form: Selection, plural: bool) -> Group:
        """Return the parts of a noun phrase."""
        raise TypeError(f'there are no words for {form!r}')

    @group.register
    def _(self, form: Objects, plural: bool) -> Group:
        group = Group(form)
        direction, place = form.get('direction'), form.get('place')
        if direction:
            group.add(f'pointing {direction}', 'pointing {direction}')
        if place:
            self._say_place(group, place, plural)
        return group

    def _say_place(self, group: Group, place: str, plural: bool) -> None:
        ends = PLACE_ENDS.get(place) or [end.format(place) for end in CORNER_ENDS]
        where = self.stream.choice(PLACE_WORDS.get(place, (place,)))
        shape = self.stream.choice(('before', 'end', 'after'))
        if shape == 'before' and self.style != 'full':
            group.before.append(where)
            group.pattern.append('{where}')
        elif shape == 'after' and self.style == 'telegraph' and not group.after:
            group.add(where, '{where after}')
        else:
            end, link = self.stream.choice(ends), self.link(plural)
            group.add(f'{link}{end}', f'{link}{{end}}')

    @group.register
    def _(self, form: Extreme, plural: bool) -> Group:
        group = self.group(form.source, plural)
        most = self.stream.choice(EXTREME_WORDS[form.key])
        if self.stream.random() < 0.5:
            group.before.append(most)
            group.pattern.append('{most}')
        elif form.key in EXTENTS:
            link = self.link(plural)
            group.add(f'{link}of {most} size', f'{link}of {{most}} size')
        else:
            link = self.link(plural)
            group.add(link + self.stream.choice(EXTREME_ENDS[form.key]),
                      f'{link}{{end}}')
        return group

    @group.register
    def _(self, form: Ordinal, plural: bool) -> Group:
        group = self.group(form.source, plural)
        rank, end = RANKS[form.rank], f'from the {form.side}'
        if self.style == 'telegraph' and self.stream.random() < 0.5:
            end = f'from {form.side}'
        if self.stream.random() < 0.6:
            group.before.append(rank)
            group.add(end, end.replace(form.side, '{side}'))
        else:
            link = self.link(plural)
            group.add(f'{link}{rank} {end}', f'{link}{{rank}} from {{side}}')
        return group

    @group.register(Related)
    @group.register(Compared)
    @group.register(Nearest)
    def _(self, form: Related | Compared | Nearest, plural: bool) -> Group:
        name = ('nearest to' if isinstance(form, Nearest) else
                form.key if isinstance(form, Compared) else form.relation)
        choices = RELATION_WORDS[name]
        if self.level.paraphrases:
            choices += RELATION_PARAPHRASES.get(name, ())
        return self._relate(form, self.stream.choice(choices), plural)

    @group.register
    def _(self, form: Alike, plural: bool) -> Group:
        words = self.stream.choice(SHARED[form.same]).format(form.kind)
        return self._relate(form, words, plural, linked=False)

    def _relate(self, form: Selection, words: str, plural: bool,
                linked: bool = True) -> Group:
        group = self.group(form.source, plural)
        link = self.link(plural) if linked else ''
        group.add(f'{link}{words} {self.landmark(form.landmark)}',
                  f'{link}{words} {{landmark}}')
        return group

    @group.register
    def _(self, form: Between, plural: bool) -> Group:
        group, link = self.group(form.source, plural), self.link(plural)
        parts = [self.landmark(landmark) for landmark in form.landmarks]
        group.add(f'{link}between {" and ".join(parts)}',
                  f'{link}between {" and ".join(["{landmark}"] * len(parts))}')
        return group

    @group.register
    def _(self, form: Without, plural: bool) -> Group:
        group = self.group(form.source, plural)
        link = '' if self.style == 'telegraph' else self.stream.choice(
            LINKS[plural][1:])
        value = form.value
        if form.kind == 'shape':
            noun = self.noun(Objects(value), plural)
            value = noun if plural else f'a {noun}'
        else:
            value = self.pick(value, ADJECTIVES)
        group.add(f'{link}not {value}', f'{link}not {{{form.kind}}}')
        return group

    @group.register
    def _(self, form: Except, plural: bool) -> Group:
        group = self.group(form.source, plural)
        group.add(f'except {self.landmark(form.excluded)}', 'except {landmark}')
        return group

    def adjectives(self, objects: Objects) -> list[str]:
        """Return the words for size, fill and colour, most often in this order."""
        words = [self.pick(value, ADJECTIVES) for kind, value in objects.filters
                 if kind in ('size', 'fill', 'colour')]
        if self.level.fillers and self.stream.random() < _UNUSUAL_SHARE:
            return self.stream.shuffled(words)
        return words

    def noun(self, objects: Objects, plural: bool) -> str:
        """Return the word for the shape."""
        word = self.pick(objects.shape, NOUNS)
        return PLURAL_NOUNS.get(word, f'{word}s') if plural else word

    def pick(self, name: str, synonyms: dict[str, tuple[str, ...]]) -> str:
        """Return a word, sometimes one of its synonyms."""
        others = synonyms.get(name, ())
        if self.level.synonyms and others and self.stream.random() < SYNONYM_SHARE:
            return self.stream.choice(others)
        return name
