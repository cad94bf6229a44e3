"""From words back to the logical form, to check the templates.

Written from the meaning of the words and not from the templates, so that it detects a
template whose words do not say what its form means.
"""
import re
from typing import Callable

from segvg.synthref.forms import (
    ANY_SHAPE,
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
)

# phrases become typed marks, long ones first; a mark is 'kind:value'
_PHRASES: dict[str, str] = {}
Mark = tuple[str, str]


def _add(kind: str, value: str, *phrases: str) -> None:
    for phrase in phrases:
        _PHRASES[phrase] = f'{kind}:{value}'


for _shape in ('square', 'circle', 'triangle', 'star', 'ring', 'cross', 'heart',
               'arrow', 'cup', 'pair'):
    _add('noun', _shape, _shape)
    _add('nouns', _shape, f'{_shape}es' if _shape == 'cross' else f'{_shape}s')
_add('noun', 'circle', 'disc')
_add('nouns', 'circle', 'discs')
_add('noun', ANY_SHAPE, 'object', 'thing', 'shape', 'one')
_add('nouns', ANY_SHAPE, 'objects', 'things', 'shapes', 'ones', 'everything')
for _colour in ('red', 'green', 'blue', 'yellow', 'purple', 'orange', 'brown', 'black',
                'white', 'grey'):
    _add('colour', _colour, _colour)
for _fill in ('plain', 'striped', 'dotted', 'checked'):
    _add('fill', _fill, _fill)
_add('size', 'small', 'small', 'little')
_add('size', 'medium', 'medium')
_add('size', 'large', 'large', 'big')
for _side in ('up', 'down', 'left', 'right'):
    _add('direction', _side, f'pointing {_side}')
_add('extreme', 'left', 'leftmost', 'furthest left', 'furthest to the left')
_add('extreme', 'right', 'rightmost', 'furthest right', 'furthest to the right')
_add('extreme', 'top', 'topmost', 'highest', 'furthest up', 'closest to the top')
_add('extreme', 'bottom', 'bottommost', 'lowest', 'furthest down',
     'closest to the bottom')
for _most, _words in (('largest', ('largest', 'biggest')), ('smallest', ('smallest',))):
    for _word in _words:
        _add('extreme', _most, _word, f'of {_word} size', f'the {_word} one')
for _side, _adjective in (('top', 'upper'), ('bottom', 'lower'), ('left', 'left'),
                          ('right', 'right')):
    _add('place', _side, _side, f'on the {_side}', f'on the {_side} side',
         f'at the {_side}', f'in the {_side} half', f'in the {_adjective} half')
    _add('from', _side, f'from the {_side}', f'from {_side}')
for _corner in ('top left', 'top right', 'bottom left', 'bottom right'):
    _add('place', _corner, _corner, f'in the {_corner}', f'at the {_corner}',
         f'in the {_corner} corner')
_add('place', 'middle', 'middle', 'center', 'in the middle', 'in the center',
     'in the centre')
for _number, _word in enumerate(('first', 'second', 'third', 'fourth'), 1):
    _add('rank', str(_number), _word)
for _side in ('left', 'right'):
    _add('related', f'{_side} of', *(f'{start}{_side}{end}' for start, end in (
        ('', ' of'), ('to the ', ' of'), ('on the ', ' of'), ('on the ', ' side of'),
        ('at the ', ' side of'))))
_add('related', 'above', 'above', 'up above')
_add('related', 'below', 'below', 'down below')
_add('related', 'next to', 'next to', 'beside', 'at the side of')
for _relation in ('in front of', 'behind', 'inside'):
    _add('related', _relation, _relation)
_add('related', 'overlapping', 'overlapping', 'overlapping with')
_add('compared', 'bigger', 'bigger than', 'larger than')
_add('compared', 'smaller', 'smaller than')
_add('nearest', '', 'nearest to', 'closest to')
_add('between', '', 'between')
_add('except', '', 'except')
_add('not', '', 'not')
for _kind in ('shape', 'colour', 'size'):
    _add('same', _kind, f'with the {_kind} of', *(
        f'{start} the same {_kind} as' for start in ('with', 'of', 'in')))
    _add('different', _kind, *(f'{start} a different {_kind} {end}' for start in (
        'with', 'of', 'in') for end in ('than', 'from')))
for _number, _word in ((2, 'two'), (2, 'both'), (3, 'three'), (4, 'four')):
    _add('number', str(_number), _word)
_add('join', 'and', 'and', 'plus', 'as well as', 'together with')
_add('skip', '', 'the', 'a', 'an', 'that', 'here', 'this is', 'these are', 'these',
     'that is', 'which is', 'that are', 'which are', 'in the picture', 'in this image',
     'that you can see', 'you can see', 'with the shape of a', 'with the shape of an',
     'all', 'all of', 'of the', 'of these', 'please', 'please see', 'see', 'there is',
     'there are', 'here is', 'here are', 'one of these is', 'that one', 'the one')
_PATTERN = re.compile('|'.join(
    rf'\b{re.escape(phrase)}\b' for phrase in sorted(_PHRASES, key=len, reverse=True)))


def parse(sent: str) -> Form:
    """Return the form that a cleaned sentence expresses.

    Raises:
        ValueError: a word is unknown or the phrases do not fit together.
    """
    said = sent.replace(', and ', ' and ').replace(', ', ' and ')
    unknown = _PATTERN.sub('', said).split()
    if unknown:
        raise ValueError(f'cannot read {unknown} in {sent!r}')
    marks = [tuple(_PHRASES[match.group()].split(':', 1))
             for match in _PATTERN.finditer(said)]
    marks = [mark for mark in marks if mark[0] != 'skip']
    try:
        return _parse_sentence(marks)
    except ValueError as error:
        raise ValueError(f'{error} in {sent!r}') from None


def _parse_sentence(marks: list[Mark]) -> Form:
    """Read a conjunction of noun phrases, or a single one."""
    kinds = [kind for kind, _ in marks]
    if 'join' in kinds and 'between' not in kinds:
        groups = _split_nouns(marks)
        if len(groups) > 1:
            # "both the ... and the ..." counts the phrases, not their objects
            if not _has_noun(groups[0], ('nouns', )):
                groups[0] = [mark for mark in groups[0] if mark[0] != 'number']
            return Together(tuple(_parse_phrase(group) for group in groups))
    return _parse_phrase(marks)


def _split_nouns(marks: list[Mark]) -> list[list[Mark]]:
    """Split at each join between nouns; a join of adjectives is dropped."""
    groups: list[list[Mark]] = [[]]
    for position, mark in enumerate(marks):
        if mark[0] != 'join':
            groups[-1].append(mark)
        elif _has_noun(marks[position:]) and _has_noun(groups[-1]):
            groups.append([])  # two phrases; otherwise "small and red"
    return groups


def _has_noun(marks: list[Mark], kinds: tuple[str, ...] = ('noun', 'nouns')) -> bool:
    return any(kind in kinds for kind, _ in marks)


def _parse_phrase(marks: list[Mark]) -> The | All | Count:
    """Read a noun phrase; what follows a relation belongs to the landmark."""
    end = next((place for place, (kind, _) in enumerate(marks) if kind in _RELATIONS),
               len(marks))
    own, rest = marks[:end], marks[end + 1:]
    selection, plural, number = _parse_objects(own)
    if end < len(marks):
        kind, value = marks[end]
        selection = _RELATIONS[kind](selection, value, rest)
    if not plural:
        return The(selection)
    return Count(selection, number) if number else All(selection)


def _parse_objects(marks: list[Mark]) -> tuple[Selection, bool, int]:
    """Collect what is said of objects alone: selection, whether plural, number."""
    said: dict[str, str] = {}
    denied: Mark | None = None
    words = iter(marks)
    for kind, value in words:
        plural_noun = kind == 'nouns'
        if kind == 'not':
            denied = next(words, ('', ''))
            continue
        if kind == 'join' or (kind == 'noun' and value == ANY_SHAPE and 'noun' in said):
            continue
        if plural_noun:
            said['plural'], kind = 'yes', 'noun'
        if kind in said and (kind, said[kind]) != ('noun', ANY_SHAPE):
            raise ValueError(f'two of {kind}: {said[kind]}, {value}')
        said[kind] = value
    if 'noun' not in said:
        raise ValueError('no noun')
    plural, number = 'plural' in said, int(said.pop('number', 0))
    said.pop('plural', None)
    return _build(said, denied), plural, number


def _build(said: dict[str, str], denied: Mark | None) -> Selection:
    """Put together objects, a negation and an order."""
    orders = {kind: said.pop(kind) for kind in ('extreme', 'rank', 'from')
              if kind in said}
    selection: Selection = Objects(said.pop('noun'), tuple(said.items()))
    if denied:
        kind, value = denied
        selection = Without(
            selection, 'shape' if kind in ('noun', 'nouns') else kind, value)
    if 'extreme' in orders:
        return Extreme(selection, orders['extreme'])
    if 'rank' in orders:
        return Ordinal(selection, int(orders['rank']), orders['from'])
    return selection


def _parse_between(source: Selection, _: str, rest: list[Mark]) -> Between:
    groups = _split_nouns(rest)
    return Between(source, tuple(_parse_phrase(group) for group in groups))


_RELATIONS: dict[str, Callable[[Selection, str, list[Mark]], Selection]] = {
    'related': lambda source, value, rest: Related(source, value, _parse_phrase(rest)),
    'compared': lambda source, value, rest: Compared(
        source, value, _parse_phrase(rest)),
    'nearest': lambda source, _, rest: Nearest(source, _parse_phrase(rest)),
    'same': lambda source, value, rest: Alike(source, value, True, _parse_phrase(rest)),
    'different': lambda source, value, rest: Alike(
        source, value, False, _parse_phrase(rest)),
    'except': lambda source, _, rest: Except(source, _parse_phrase(rest)),
    'between': _parse_between,
}
