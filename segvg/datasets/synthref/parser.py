"""From words back to the logical form: the check on the templates.

Written from the meaning of the words and not from the templates, so that a template
which says something else than its form is found out.
"""
import re

from segvg.datasets.synthref.forms import ANY_SHAPE, Extreme, Objects, The, Together

# phrases become typed marks, long ones first; a mark is 'kind:value'
_PHRASES: dict[str, str] = {}


def _add(kind: str, value: str, *phrases: str) -> None:
    for phrase in phrases:
        _PHRASES[phrase] = f'{kind}:{value}'


for _shape in ('square', 'circle', 'triangle', 'star', 'ring', 'cross', 'heart'):
    _add('noun', _shape, _shape)
_add('noun', 'circle', 'disc')
_add('noun', ANY_SHAPE, 'object', 'thing', 'shape', 'one')
for _colour in ('red', 'green', 'blue', 'yellow', 'purple', 'orange'):
    _add('colour', _colour, _colour)
_add('size', 'small', 'small', 'little')
_add('size', 'medium', 'medium')
_add('size', 'large', 'large', 'big')
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
for _corner in ('top left', 'top right', 'bottom left', 'bottom right'):
    _add('place', _corner, _corner, f'in the {_corner}', f'at the {_corner}',
         f'in the {_corner} corner')
_add('place', 'middle', 'middle', 'center', 'in the middle', 'in the center',
     'in the centre')
_add('join', 'and', 'and', 'plus', 'as well as', 'together with')
_add('skip', '', 'the', 'a', 'an', 'that', 'here', 'this is', 'these are', 'both',
     'that is', 'which is', 'in the picture', 'in this image', 'that you can see',
     'with the shape of a', 'with the shape of an')
_PATTERN = re.compile('|'.join(
    rf'\b{re.escape(phrase)}\b' for phrase in sorted(_PHRASES, key=len, reverse=True)))


def parse(sent: str) -> The | Together:
    """Return the form that a cleaned sentence expresses.

    Raises:
        ValueError: a word is unknown or the phrases do not fit together.
    """
    unknown = _PATTERN.sub('', sent).split()
    if unknown:
        raise ValueError(f'cannot read {unknown} in {sent!r}')
    marks = [tuple(_PHRASES[match.group()].split(':', 1))
             for match in _PATTERN.finditer(sent)]
    groups: list[list[tuple[str, str]]] = [[]]
    for position, mark in enumerate(marks):
        later = any(kind == 'noun' for kind, _ in marks[position:])
        if mark[0] != 'join':
            groups[-1].append(mark)
        elif later and any(kind == 'noun' for kind, _ in groups[-1]):
            groups.append([])  # two phrases; otherwise "small and red"
    parts = tuple(_parse_phrase(group, sent) for group in groups)
    return parts[0] if len(parts) == 1 else Together(parts)


def _parse_phrase(marks: list[tuple[str, str]], sent: str) -> The:
    """Collect what is said of one object."""
    said: dict[str, str] = {}
    for kind, value in marks:
        if kind == 'skip' or (kind == 'noun' and value == ANY_SHAPE):
            continue
        if kind in said:
            raise ValueError(f'two of {kind} in {sent!r}: {said[kind]}, {value}')
        said[kind] = value
    if not any(kind == 'noun' for kind, _ in marks):
        raise ValueError(f'no noun in {sent!r}')
    objects = Objects(said.pop('noun', ANY_SHAPE), tuple(
        (kind, value) for kind, value in said.items() if kind != 'extreme'))
    return The(Extreme(objects, said['extreme']) if 'extreme' in said else objects)
