"""Which sentences a scene gets: targets, forms, admission, negatives."""
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import combinations
from typing import Iterator

from segvg.synthref.facts import facts_of
from segvg.synthref.forms import (
    EXTENTS,
    OPPOSITE,
    PLACES,
    Extreme,
    Form,
    Objects,
    The,
    Together,
    leaves,
    objects_of,
    with_leaves,
)
from segvg.synthref.grammar import Wording, word
from segvg.synthref.levels import Level
from segvg.synthref.scene import Scene
from segvg.synthref.semantics import idle_words, try_evaluate
from segvg.synthref.streams import Stream

REDUNDANT_SHARE = 0.2    # are tried; fewer succeed, so they stay below 20 %
LONG_SHARE = 0.8         # of testB sentences, where the object allows it
NEGATIVES = (('swap', 0.6), ('flip', 0.2), ('combination', 0.15), ('shape', 0.05))
_WORDINGS = 8            # tries for words that the image does not have yet
_NEGATIVE_TRIES = 12


@dataclass(frozen=True)
class Sentence:
    """A sentence of a scene; ``targets`` are indices of its objects, sorted.

    ``redundant``: a word could be dropped. ``long``: the form is one that only testB
    uses. ``negative``: how a sentence without a target was made.
    """

    form: Form
    type: str
    targets: tuple[int, ...]
    wording: Wording | None = None
    redundant: bool = False
    long: bool = False
    negative: str | None = None

    @property
    def kind(self) -> str:
        """Return 'none', 'single' or 'multi', by the number of targets."""
        return ('none', 'single', 'multi')[min(len(self.targets), 2)]


def draw_makers(level: Level, stream: Stream) -> list[str]:
    """Draw for each sentence of an image how it is made.

    That is 'single', 'multi' (targets) or, for none, the kind of a negative. Drawn
    before there is a scene, so that what is hard to find is not rarer for it.
    """
    weights = [('single', 1 - level.none_share - level.multi_share),
               ('multi', level.multi_share)]
    weights += [(name, share * level.none_share) for name, share in NEGATIVES]
    return [stream.weighted(weights) for _ in range(level.sentences)]


def absent_combination(scene: Scene, stream: Stream) -> Sentence:
    """Combine a shape and a colour that are both in the scene, on different objects."""
    shape, colour = (getattr(stream.choice(scene.objects), name)
                     for name in ('shape', 'colour'))
    return Sentence(The(Objects(shape, (('colour', colour),))), 'attribute', ())


def absent_shape(level: Level, stream: Stream) -> Sentence:
    """Name a shape that is not in the scene."""
    return Sentence(The(Objects(stream.choice(level.shapes))), 'attribute', ())


class Candidate:
    """A form that may denote the wanted objects, a bit set."""

    def __init__(self, form: Form, wanted: int) -> None:
        self.form, self._wanted = form, wanted
        self._answers: list[bool | None] = []

    def is_redundant(self, scene: Scene) -> bool | None:
        """Tell whether a word is needless; None where the form denotes other objects.

        It is found out once, since an object can be the target of many tries.
        """
        if not self._answers:
            fits = try_evaluate(self.form, facts_of(scene)) == self._wanted
            self._answers = [bool(idle_words(self.form, scene)) if fits else None]
        return self._answers[0]


class SentenceWriter:
    """Finds the sentences of one scene.

    Every object becomes the target in turn, in random order, so that no object is a
    better guess than another. A scene in which some object cannot be described is given
    up as a whole: leaving out the object alone would tell which ones are asked for.
    """

    def __init__(self, scene: Scene, level: Level, split: str, stream: Stream) -> None:
        self.scene, self.level, self.split, self.stream = scene, level, split, stream
        self.held = level.held_out()
        self.eligible = [index for index, item in enumerate(scene.objects)
                         if split != 'testA' or (item.shape, item.colour) in self.held]
        self._queue: list[int] = []
        self._forms = cache(self._list_forms)

    def write(self, makers: list[str]) -> list[Sentence] | None:
        """Return a sentence for each maker, or None when the scene cannot give all."""
        sentences: list[Sentence] = []
        for name in makers:
            if name in ('single', 'multi'):
                sentence = getattr(self, name)()
            else:
                sentence = self.none(name)
            sentence = sentence and self._worded(sentence, sentences)
            if sentence is None:
                return None
            sentences.append(sentence)
        return sentences

    def single(self) -> Sentence | None:
        """Describe the next target."""
        return self.describe(self._next_target(), self._types())

    def multi(self) -> Sentence | None:
        """Describe two targets together."""
        if len(self.eligible) < 2:
            return None
        targets = [self._next_target(), self._next_target()]
        if targets[0] == targets[1]:
            return None
        parts = [self.describe(target, ['attribute']) for target in targets]
        if None in parts:
            return None
        form = Together(tuple(part.form for part in parts))
        whole = Candidate(form, sum(1 << target for target in targets))
        if whole.is_redundant(self.scene) is not False:
            return None
        return Sentence(form, 'together', tuple(sorted(targets)))

    def none(self, negative: str) -> Sentence | None:
        """Write a sentence that fits no object, mostly by changing one that does."""
        makers = dict(
            swap=self._swap, flip=self._flip,
            shape=partial(absent_shape, self.level, self.stream),
            combination=partial(absent_combination, self.scene, self.stream))
        for _ in range(_NEGATIVE_TRIES):
            found = makers[negative]()
            if (found and try_evaluate(found.form, facts_of(self.scene)) == 0
                    and not self._names_held_out(found.form)):
                return replace(found, negative=negative)
        return None

    def describe(self, target: int, types: list[str]) -> Sentence | None:
        """Find a form that denotes exactly one object, trying types in order."""
        want_redundant = self.stream.random() < REDUNDANT_SHARE
        want_long = self.split == 'testB' and self.stream.random() < LONG_SHARE
        for long in (True, False) if want_long else (False,):
            for kind in types:
                for redundant in (True, False) if want_redundant else (False,):
                    for candidate in self._candidates(kind, target, long):
                        if candidate.is_redundant(self.scene) is redundant:
                            return Sentence(candidate.form, kind, (target,),
                                            redundant=redundant, long=long)
        return None

    def _candidates(self, kind: str, target: int, long: bool) -> Iterator[Candidate]:
        """Yield forms of a type that may fit a target, in random order."""
        first, last = self._filter_counts(kind, long)
        counts = [(count, (count + 1.0)**2) for count in range(first, last + 1)]
        for count in self.stream.weighted_order(counts):
            yield from self.stream.shuffled(self._forms(kind, target, count))

    def _filter_counts(self, kind: str, long: bool) -> tuple[int, int]:
        """Return the smallest and largest number of attributes in a form."""
        name = 'plain_filters' if kind == 'attribute' else 'joined_filters'
        usual = getattr(self.level.usual, name)
        if long:
            return usual + 1, getattr(self.level.unusual, name)
        return (1 if kind == 'attribute' else 0), usual

    def _list_forms(self, kind: str, target: int, count: int) -> list[Candidate]:
        """List the forms of a type that say ``count`` attributes of an object."""
        item = self.scene.objects[target]
        words = [(name, getattr(item, name)) for name in self.level.attributes
                 if kind != 'extent' or name != 'size']
        choices = list(combinations(words, count))
        if kind == 'attribute':
            sources = [objects_of(chosen) for chosen in choices]
        elif kind == 'place':
            facts = facts_of(self.scene)
            places = [place for place in PLACES if facts.at(place).true >> target & 1]
            sources = [objects_of((*chosen, ('place', place)))
                       for chosen in choices for place in places]
        else:
            keys = EXTENTS if kind == 'extent' else self.level.sides
            sources = [Extreme(objects_of(chosen), key)
                       for chosen in choices for key in keys]
        return [Candidate(The(source), 1 << target) for source in sources]

    def _swap(self) -> Sentence | None:
        """Change one attribute of a sentence that fits."""
        base = self.describe(self.stream.choice(self.eligible), self._types())
        leaf = next(leaves(base.form)) if base else None
        kinds = [kind for kind in leaf.kinds() if kind != 'place'] if leaf else []
        if not kinds:
            return None
        kind = self.stream.choice(kinds)
        values = {'shape': self.level.shapes, 'colour': self.level.colours,
                  'size': self.level.sizes}[kind]
        other = self.stream.choice([v for v in values if v != leaf.get(kind)])
        form = with_leaves(base.form, iter([leaf.replace(kind, other)]))
        return Sentence(form, base.type, (), long=base.long)

    def _flip(self) -> Sentence | None:
        """Turn the place in a sentence that fits into its opposite."""
        base = self.describe(self.stream.choice(self.eligible), ['place'])
        leaf = next(leaves(base.form)) if base else None
        if leaf is None or leaf.get('place') not in OPPOSITE:
            return None
        leaf = leaf.replace('place', OPPOSITE[leaf.get('place')])
        return Sentence(The(leaf), 'place', (), long=base.long)

    def _names_held_out(self, form: Form) -> bool:
        """Tell whether a form names a pair that this split must not show."""
        return self.split != 'testA' and names_pair(form, self.held)

    def _types(self) -> list[str]:
        return self.stream.weighted_order(self.level.types)

    def _next_target(self) -> int:
        if not self._queue:
            self._queue = self.stream.shuffled(self.eligible)
        return self._queue.pop()

    def _worded(self, sentence: Sentence, others: list[Sentence]) -> Sentence | None:
        """Put the form into words that no other sentence of the image uses."""
        taken = {other.wording.sent for other in others}
        for _ in range(_WORDINGS):
            wording = word(sentence.form, self.level, self.stream)
            if wording.sent not in taken:
                return replace(sentence, wording=wording)
        return None


def names_pair(form: Form, pairs: tuple[tuple[str, str], ...]) -> bool:
    """Tell whether some phrase of a form names one of the (shape, colour) pairs."""
    return any((leaf.get('shape'), leaf.get('colour')) in pairs
               for leaf in leaves(form))
