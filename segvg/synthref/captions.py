"""Captions of a scene: two to four phrases, each about different objects.

"a red circle, the small square and the leftmost star": every phrase denotes its objects
by itself, so the phrases of a caption can be localized one by one or all in one pass.
The span of a phrase covers everything that is said about its objects, with the article.
"""
from typing import Iterator

from segvg.synthref.compound.composer import Composer
from segvg.synthref.compound.crowds import is_held_out
from segvg.synthref.compound.phrasing import Speaker
from segvg.synthref.compound.proposals import Proposer
from segvg.synthref.compound.spans import fix_articles, mark, remove_marks, take_marks
from segvg.synthref.compound.templates import CAPTION, COMMAS, NUMBERS, PAIRS
from segvg.synthref.facts import facts_of, members_of
from segvg.synthref.forms import (
    EXTENTS,
    All,
    Count,
    Extreme,
    Form,
    Objects,
    Ordinal,
    The,
    Together,
)
from segvg.synthref.grammar import STYLES, Wording
from segvg.synthref.levels import Level
from segvg.synthref.scene import Scene
from segvg.synthref.semantics import evaluate
from segvg.synthref.sentences import Sentence, SentenceWriter
from segvg.synthref.streams import Stream

CAPTIONS = 2             # of an image
MOST_PHRASES = 4
TYPES = ('attribute', 'place', 'side', 'extent', 'ordinal')
"""Sentence types that name one thing only: no landmark, whose words would be nested."""
SEVERAL = ('plural', 'counted', 'both')
PLURAL_SHARE = 0.3       # of captions of L2 and above have a phrase for several objects
ARTICLE_SHARE = 0.5      # of phrases of attributes alone begin with "a"
_WORDINGS = 8


class CaptionWriter:
    """Finds the captions of one scene.

    Objects are taken in random order; an object that no phrase can single out is left
    out. In testA at least one phrase is of an object with a held-out combination.
    """

    def __init__(self, scene: Scene, level: Level, split: str, stream: Stream) -> None:
        self.scene, self.level, self.split, self.stream = scene, level, split, stream
        writer = Composer if level.compound else SentenceWriter
        self.writer = writer(scene, level, split, stream)
        self.types = [pair for pair in level.types if pair[0] in TYPES]

    def write(self) -> list[Sentence]:
        """Return the captions that the scene allows, at most ``CAPTIONS``."""
        found: list[Sentence] = []
        for _ in range(CAPTIONS):
            parts = self._parts()
            known = {caption.wording.sent for caption in found}
            for _ in range(_WORDINGS if parts else 0):
                caption = self._say(parts)
                if caption.wording.sent not in known:
                    found.append(caption)
                    break
        return found

    def _parts(self) -> list[tuple[str, Form]]:
        """Draw types and forms of the phrases, in random order; None if only one."""
        order = self.stream.shuffled(range(len(self.scene.objects)))
        if self.split == 'testA':   # sorting keeps the order among the others
            order.sort(key=lambda i: not is_held_out(self.scene.objects[i], self.level))
        wanted = self.stream.integer(2, min(MOST_PHRASES, len(order)))
        parts, taken = [], 0
        for kind, form in self._proposals(order):
            bits = evaluate(form, facts_of(self.scene))
            if not bits & taken:
                parts.append((kind, form))
                taken |= bits
            if len(parts) == wanted:
                break
        if self.split == 'testA' and not any(
                is_held_out(self.scene.objects[i], self.level)
                for i in members_of(taken)):
            return []
        return self.stream.shuffled(parts) if len(parts) > 1 else []

    def _proposals(self, order: list[int]) -> Iterator[tuple[str, Form]]:
        """Sometimes yield a phrase for several objects, then one for each object."""
        if self.level.compound and self.stream.random() < PLURAL_SHARE:
            yield from self._plural()
        for target in order:
            found = self.writer.describe(target, self.stream.weighted_order(self.types))
            if found:
                yield found.type, found.form

    def _plural(self) -> Iterator[tuple[str, Form]]:
        """Yield one phrase about several objects, unless it is about all of them."""
        everything = (1 << len(self.scene.objects)) - 1
        kinds = [kind for kind, _ in self.level.several if kind in SEVERAL]
        proposer = Proposer(self.scene, self.level, self.stream)
        for kind in self.stream.shuffled(kinds):
            for form in proposer.several(kind, everything):
                if isinstance(form.source, Objects) and (
                        evaluate(form, facts_of(self.scene)) != everything):
                    yield kind, form
                    return

    def _say(self, parts: list[tuple[str, Form]]) -> Sentence:
        """Put phrases into the words of a caption, with their spans."""
        style = self.stream.weighted(STYLES)
        facts = facts_of(self.scene)
        speaker = Speaker(facts, self.level, style, self.stream, joined=True)
        forms = tuple(form for _, form in parts)
        said = [mark(self._noun_phrase(form, speaker), number)
                for number, form in enumerate(forms)]
        links = PAIRS[style] if len(said) == 2 else COMMAS[style]
        link = self.stream.choice(links)
        template = self.stream.choice(CAPTION[style])
        text = template.format(f'{", ".join(said[:-1])}{link}{said[-1]}')
        marked = fix_articles(text)
        raw = f'{marked}.' if style == 'full' and self.level.punctuation else marked
        members = [evaluate(form, facts) for form in forms]
        phrases, raw = take_marks(raw, members)
        if style == 'full' and self.level.punctuation:
            raw = raw[0].upper() + raw[1:]
        wording = Wording(raw, remove_marks(marked), style, template, phrases)
        return Sentence(Together(forms), 'caption', tuple(members_of(sum(members))),
                        wording)

    def _noun_phrase(self, form: The | All | Count, speaker: Speaker) -> str:
        """Return a phrase with its article or number."""
        text = remove_marks(speaker.noun_phrase(form, not isinstance(form, The))[0])
        if isinstance(form, Count):
            word = 'both' if form.number == 2 else f'the {NUMBERS[form.number]}'
            return f'{word} {text}'
        if isinstance(form, All):
            return f'all {text}'
        if speaker.style == 'telegraph':
            return text
        plain = isinstance(form.source, Objects) and not form.source.get('place')
        article = 'a' if plain and self.stream.random() < ARTICLE_SHARE else 'the'
        return f'{article} {text}'


def phrase_types(caption: Sentence, scene: Scene) -> list[str]:
    """Return the type of each phrase of a caption, in the order of the text."""
    facts = facts_of(scene)
    types = {evaluate(part, facts): _type_of(part) for part in caption.form.parts}
    return [types[phrase.objects] for phrase in caption.wording.phrases]


def _type_of(form: The | All | Count) -> str:
    if not isinstance(form, The):
        return 'plural'
    if isinstance(form.source, Ordinal):
        return 'ordinal'
    if isinstance(form.source, Extreme):
        return 'extent' if form.source.key in EXTENTS else 'side'
    return 'place' if form.source.get('place') else 'attribute'
