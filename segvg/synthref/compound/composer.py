"""Which sentences a scene of L2 and above gets."""
from dataclasses import replace
from functools import cache, partial
from itertools import islice
from typing import Iterable

from segvg.synthref.ambiguity import count_readings, readings
from segvg.synthref.compound.crowds import is_held_out
from segvg.synthref.compound.phrasing import phrase_form
from segvg.synthref.compound.proposals import Proposer
from segvg.synthref.facts import facts_of, members_of
from segvg.synthref.forms import (
    OPPOSITE,
    Compared,
    Form,
    Objects,
    Related,
    The,
    Together,
    Without,
    leaves,
    parts_by_type,
    with_leaves,
    with_nodes,
)
from segvg.synthref.levels import Level
from segvg.synthref.scene import Scene
from segvg.synthref.semantics import idle_parts, try_evaluate
from segvg.synthref.sentences import (
    LONG_SHARE,
    NEGATIVES,
    REDUNDANT_SHARE,
    Sentence,
    absent_combination,
    absent_shape,
)
from segvg.synthref.streams import Stream

ORDER_SHARE = 0.95    # of sentences where the order of words should matter, if it can
_ORDER_TRIES = 16
_LONG_ORDER_TRIES = 5    # with three phrases, which have many readings
_ENOUGH = 4           # readings
_WORDINGS = 8
_NEGATIVE_TRIES = 16
_PRESENT_SHARE = 0.8  # of swaps take a value that another object has
_LENIENT = 60         # attempts after which the order of words need not matter
_DENYING = ('negation', 'between not')
_FLIPS = ('relation', 'place', 'depth', 'comparison')


def draw_plan(level: Level, split: str, stream: Stream) -> list[list[str]]:
    """Draw for each sentence of an image its types, the wanted one first.

    A negative is 'no' and the way it is made. Drawn before there is a scene, so that
    what is hard to find is not much rarer for it.
    """
    weights = [('single', 1 - level.none_share - level.multi_share),
               ('multi', level.multi_share)]
    weights += [(f'no {name}', share * level.none_share) for name, share in NEGATIVES]
    plan = []
    for _ in range(level.sentences):
        kind = stream.weighted(weights)
        types = {'single': level.types, 'multi': level.several}.get(kind)
        order = stream.weighted_order(types) if types else [kind, *(
            f'no {name}' for name, _ in NEGATIVES if kind != f'no {name}')]
        if split == 'testB' and kind == 'single' and stream.random() < LONG_SHARE:
            order = stream.shuffled(level.long_types) + order
        plan.append(order)
    return plan


class Composer:
    """Finds the sentences of one scene.

    Every object becomes the target in turn, in random order, so that no object is a
    better guess than another; a scene in which one of them cannot be described is given
    up.
    """

    def __init__(self, scene: Scene, level: Level, split: str, stream: Stream) -> None:
        self.scene, self.level, self.split, self.stream = scene, level, split, stream
        self.facts = facts_of(scene)
        self.proposer = Proposer(scene, level, stream)
        self.eligible = [index for index, item in enumerate(scene.objects)
                         if split != 'testA' or is_held_out(item, level)]
        self._queue: list[int] = []
        self._order_share = ORDER_SHARE
        self._count_readings = cache(partial(count_readings, scene=scene, most=_ENOUGH))

    def write(self, plan: list[list[str]], attempt: int) -> list[Sentence] | None:
        """Return a sentence for each entry, or None when the scene cannot give all.

        The later the attempt, the more types may replace the wanted one; in the last
        attempts the order of the words need not matter.
        """
        self._order_share = ORDER_SHARE if attempt < _LENIENT else 0.0
        sentences: list[Sentence] = []
        for types in plan:
            others = attempt // self.level.patience
            usable = types[:1 + others]
            if self.split == 'testB':
                usable = types[:len(self.level.long_types) + others]
            sentence = self._find(usable)
            if sentence is None or self._is_known(sentence, sentences):
                return None
            sentence = self._worded(sentence, sentences)
            if sentence is None:
                return None
            sentences.append(sentence)
        return sentences

    def _find(self, types: list[str]) -> Sentence | None:
        if types[0].startswith('no '):
            ways = (self._negative(name[3:]) for name in types)
            return next(filter(None, ways), None)
        if types[0] in dict(self.level.several):
            return next(filter(None, map(self._several, types)), None)
        return self.describe(self._next_target(), types)

    def describe(self, target: int, types: list[str]) -> Sentence | None:
        """Find a form that denotes exactly one object, trying types in order."""
        redundant = self.stream.random() < REDUNDANT_SHARE / 2
        for kind in types:
            for idle in (True, False) if redundant else (False,):
                form = self._choose(self.proposer.single(kind, target, idle),
                                    kind in _DENYING)
                if form:
                    return self._admit(Sentence(
                        form, kind, (target,), redundant=idle,
                        long=kind in self.level.long_types))
        return None

    def _choose(self, forms: Iterable[Form], denying: bool = False) -> Form | None:
        """Choose a form, most often one where the order of the words matters.

        The order matters when the same words in another order are about other objects.
        Only forms that are ``denying`` something can name what no object has.
        """
        if denying:
            forms = (form for form in forms if not self._names_held_out(form))
        few = list(islice(forms, _ORDER_TRIES))
        if not few:
            return None
        phrases = len(list(leaves(few[0])))
        if phrases > 2:
            few = few[:_LONG_ORDER_TRIES]
        if phrases == 1 or self.stream.random() >= self._order_share:
            return few[0]
        best, most = None, 1
        for form in few:
            number = self._count_readings(form)
            if number > most:
                best, most = form, number
            if number >= _ENOUGH:
                break
        return best

    def _admit(self, sentence: Sentence) -> Sentence | None:
        """Check a sentence again, using its meaning only."""
        wanted = sum(1 << target for target in sentence.targets)
        if try_evaluate(sentence.form, self.facts) != wanted:
            raise AssertionError(f'{sentence.form} does not denote {sentence.targets}')
        if bool(idle_parts(sentence.form, self.scene)) != sentence.redundant:
            return None
        return sentence

    def _several(self, kind: str) -> Sentence | None:
        if kind == 'together':
            return self._together()
        eligible = sum(1 << index for index in self.eligible)
        form = self._choose(self.proposer.several(kind, eligible), True)
        if form is None:
            return None
        targets = tuple(members_of(try_evaluate(form, self.facts)))
        return self._admit(Sentence(form, kind, targets))

    def _together(self) -> Sentence | None:
        """Describe two targets in one sentence whose words can be exchanged."""
        if len(self.eligible) < 2:
            return None
        targets = sorted((self._next_target(), self._next_target()))
        if targets[0] == targets[1]:
            return None
        phrases = [list(islice(self.proposer.single('attribute', target), 4))
                   for target in self.stream.shuffled(targets)]
        form = self._choose(Together((first, second)) for first in phrases[0]
                            for second in phrases[1])
        return form and self._admit(Sentence(form, 'together', tuple(targets)))

    def _negative(self, how: str) -> Sentence | None:
        """Write a sentence that fits no object, mostly by changing one that does."""
        makers = dict(
            swap=self._swap, flip=self._flip,
            shape=partial(absent_shape, self.level, self.stream),
            combination=partial(absent_combination, self.scene, self.stream))
        best = None
        for number in range(_NEGATIVE_TRIES):
            found = makers[how]()
            if (not found or try_evaluate(found.form, self.facts) != 0
                    or self._names_held_out(found.form)):
                continue
            best = best or found
            if len(list(islice(readings(found.form, self.scene), 2))) > 1:
                best = found
                break
            if number > _NEGATIVE_TRIES // 2:
                break
        return best and replace(best, targets=(), negative=how, redundant=False)

    def _base(self, types: Iterable[str]) -> Sentence | None:
        wanted = [(kind, weight) for kind, weight in self.level.types if kind in types]
        return self.describe(self.stream.choice(self.eligible),
                             [self.stream.weighted(wanted)])

    def _swap(self) -> Sentence | None:
        """Change one attribute of what a fitting sentence is about."""
        base = self._base(dict(self.level.types))
        phrases = list(leaves(base.form)) if base else []
        kinds = [kind for kind in phrases[0].kinds() if kind != 'place'
                 ] if phrases else []
        if not kinds:
            return None
        kind = self.stream.choice(kinds)
        values = self.level.values(kind)
        if self.stream.random() < _PRESENT_SHARE:
            values = [getattr(item, kind) for item in self.scene.objects]
        others = [value for value in values if value not in (
            None, phrases[0].get(kind))] or self.level.values(kind)
        phrases[0] = phrases[0].replace(kind, self.stream.choice(others))
        return replace(base, form=with_leaves(base.form, iter(phrases)))

    def _flip(self) -> Sentence | None:
        """Turn the relation or place of a fitting sentence into its opposite."""
        base = self._base(_FLIPS)
        if base is None:
            return None
        if base.type == 'place':
            leaf = base.form.source
            place = OPPOSITE.get(leaf.get('place'))
            return place and replace(base, form=The(leaf.replace('place', place)))
        word = base.form.source.key if base.type == 'comparison' else (
            base.form.source.relation)
        if word not in OPPOSITE:
            return None
        kind = Compared if base.type == 'comparison' else Related
        return replace(base, form=with_nodes(base.form, kind, lambda node: kind(
            node.source, OPPOSITE[word], node.landmark)))

    def _names_held_out(self, form: Form) -> bool:
        return self.split != 'testA' and names_held_out(form, self.level)

    def _next_target(self) -> int:
        if not self._queue:
            self._queue = self.stream.shuffled(self.eligible)
        return self._queue.pop()

    def _is_known(self, sentence: Sentence, others: list[Sentence]) -> bool:
        return any(sentence.form == other.form for other in others)

    def _worded(self, sentence: Sentence, others: list[Sentence]) -> Sentence | None:
        """Put the form into words that no other sentence of the image uses."""
        taken = {other.wording.sent for other in others}
        for _ in range(_WORDINGS):
            wording = phrase_form(sentence.form, self.facts, self.level, self.split,
                                  self.stream)
            if wording.sent not in taken:
                return replace(sentence, wording=wording)
        return None


def names_held_out(form: Form, level: Level) -> bool:
    """Tell whether a phrase of a form names a combination kept for testA."""
    pairs, fills = level.held_out(), level.held_out_fills()
    found = parts_by_type(form)
    phrases = found[Objects]
    phrases += [node.source.replace(node.kind, node.value)
                for node in found.get(Without, ()) if isinstance(node.source, Objects)]
    for phrase in phrases:
        said = dict(phrase.filters)
        if ('colour' in said and (phrase.shape, said['colour']) in pairs
                or 'fill' in said and (said.get('size'), said['fill']) in fills):
            return True
    return False
