"""The sentences that the annotation of a photograph decides."""
import hashlib
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import NamedTuple

from segvg.synthref.forms import SIDES
from segvg.synthref.photographs.nouns import Noun
from segvg.synthref.photographs.orders import Arrangement
from segvg.synthref.photographs.photos import Photo

KINDS = dict(
    only='the only one of its class: "the cat"',
    side='first of its class from the left, right, top or bottom: "the left cat"',
    size='the biggest or smallest of its class',
    ordinal='"the second cat from the left"', middle='the one in the middle of three',
    two='two targets: "the two cats", "the cat and the dog"',
    none='no target: a class that is not in the image')
RANKS = {2: 'second', 3: 'third'}
MOST_ORDERED = 6     # of more, nobody looks for the second from the left
_PAIRS = 3           # of "the cat and the dog" in an image
# first word of a side: of two, and of more
_WORDS = dict(left=('left', 'leftmost'), right=('right', 'rightmost'),
              top=('upper', 'topmost'), bottom=('lower', 'bottommost'))
_SIZES = dict(largest=(('bigger', 'larger'), ('biggest', 'largest')),
              smallest=(('smaller',), ('smallest',)))
_AT = dict(left='on the left', right='on the right', top='at the top',
           bottom='at the bottom')


class Candidate(NamedTuple):
    """A sentence that could be asked.

    Attributes:
        kind: one of ``KINDS``.
        text: the sentence.
        targets: indices of objects, sorted.
        nouns: what it names.
    """

    kind: str
    text: str
    targets: tuple[int, ...]
    nouns: tuple[str, ...]


def draw(*parts: object) -> float:
    """Return a number in [0, 1) that depends on the parts alone.

    So that it is the same on every machine, and no image changes those of another.
    """
    text = '\0'.join(map(str, parts))
    digest = hashlib.blake2b(text.encode('utf-8', 'surrogatepass'), digest_size=8)
    return (int.from_bytes(digest.digest(), 'little') >> 11) * 2.0**-53


class PhotoSentences:
    """Finds the sentences of a photograph.

    Args:
        photo: the photograph.
        nouns: by their names.
        seed: of the choice of words.
    """

    def __init__(self, photo: Photo, nouns: Mapping[str, Noun], seed: int) -> None:
        self._photo = photo
        self._nouns = nouns
        self._seed = seed

    def find(self) -> Iterator[Candidate]:
        """Yield sentences of all kinds but ``none``, one for each thing to say."""
        alone = []
        for name, members in sorted(self._photo.groups.items()):
            noun = self._nouns[name]
            if name in self._photo.unsure:
                continue
            if len(members) == 1:
                if noun.is_single and not self._photo.objects[members[0]].is_small:
                    alone.append((noun, members[0]))
            elif noun.is_counted:
                yield from self._several(noun, members)
        for noun, index in alone:
            yield self._say('only', (index,), noun, f'the {noun.name}')
        yield from self._together(alone)

    def _together(self, alone: list[tuple[Noun, int]]) -> Iterator[Candidate]:
        """Yield "the cat and the dog", of things that are alone each."""
        pairs = [pair for pair in combinations(alone, 2) if pair[0][1] != pair[1][1]]
        pairs.sort(key=lambda pair: self._draw('pair', pair[0][0], pair[1][0]))
        for pair in pairs[:_PAIRS]:
            if self._draw('order', pair[0][0], pair[1][0]) < 0.5:
                pair = pair[::-1]
            (first, one), (second, other) = pair
            yield Candidate('two', f'the {first.name} and the {second.name}',
                            tuple(sorted((one, other))), (first.name, second.name))

    def _several(self, noun: Noun, members: list[int]) -> Iterator[Candidate]:
        """Yield what tells objects of one class apart."""
        objects = [self._photo.objects[index] for index in members]
        clear = sum(not item.is_small for item in objects)
        if clear == len(objects) == 2:
            yield self._say('two', tuple(members), noun, f'the two {noun.many}',
                            f'both {noun.many}')
        if not 2 <= clear <= len(objects) <= MOST_ORDERED:
            return
        order = Arrangement(self._photo, members)
        for kind, index, *texts in self._ordered(noun, order, len(objects)):
            yield self._say(kind, (members[index],), noun, *texts)

    def _ordered(self, noun: Noun, order: Arrangement,
                 total: int) -> Iterator[tuple]:
        """Yield kind, position in the order, and wordings."""
        for side in SIDES:
            index = order.first(side)
            if index is not None:
                yield 'side', index, *_side_texts(noun, side, total,
                                                  order.is_at(index, side))
        for key, words in _SIZES.items():
            index = order.first(key)
            if index is not None:
                yield 'size', index, *(f'the {word} {noun.one}'
                                       for word in words[total > 2])
        for rank, word in RANKS.items():
            may_count = order.is_row and total >= 2 * rank - 1
            for side in ('left', 'right') if may_count else ():
                index = order.first(side, rank)
                if index is not None:
                    yield ('ordinal', index, f'the {word} {noun.one} from the {side}',
                           f'the {noun.one} that is {word} from the {side}')
        index = order.middle()
        if index is not None:
            yield ('middle', index, f'the {noun.one} in the middle',
                   f'the middle {noun.one}')

    def _say(self, kind: str, targets: tuple[int, ...], noun: Noun,
             *texts: str) -> Candidate:
        text = texts[int(self._draw(kind, *texts) * len(texts))]
        return Candidate(kind, text, targets, (noun.name,))

    def _draw(self, *parts: object) -> float:
        return draw(self._seed, self._photo.image['id'], *parts)


def _side_texts(noun: Noun, side: str, total: int, is_there: bool) -> list[str]:
    """Return the wordings for the first from a side.

    Args:
        noun: of the objects.
        side: left, right, top or bottom.
        total: how many objects there are.
        is_there: whether this object alone is in that half of the picture.
    """
    texts = [f'the {_WORDS[side][total > 2]} {noun.one}']
    if total == 2 and side in ('top', 'bottom'):
        texts.append(f'the {side} {noun.one}')
    if is_there:
        texts.append(f'the {noun.one} {_AT[side]}')
    return texts


def choose(candidates: list[Candidate], most: int, seed: int,
           image_id: str) -> list[Candidate]:
    """Return at most some of the sentences of an image, as many of a kind as of others.

    Args:
        candidates: all that could be asked.
        most: how many to keep.
        seed: of the choice.
        image_id: of the image.
    """
    order = sorted(candidates, key=lambda item: draw(seed, image_id, *item))
    turns: dict[str, int] = {}
    ranked = []
    for item in order:
        turns[item.kind] = turns.get(item.kind, 0) + 1
        ranked.append((turns[item.kind], item))
    ranked.sort(key=lambda pair: pair[0])
    return [item for _, item in ranked[:most]]
