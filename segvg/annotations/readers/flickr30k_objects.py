"""Boxes of Flickr30k Entities: one XML file an image, chains of objects."""
import math
from dataclasses import dataclass, field
from typing import Optional
from xml.etree.ElementTree import Element

from segvg.annotations.checks import Check, Place, Report
from segvg.annotations.readers import field_checks
from segvg.annotations.readers.base import ReadOptions, SourceObject
from segvg.annotations.readers.objects import Errors, check_object

CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')
FLAGS = dict(scene='scene', nobox='nobndbox')


@dataclass
class ChainObject:
    """An ``object`` element.

    Attributes:
        chains: ids of the chains it is in.
        bbox: xmin, ymin, xmax, ymax as stored.
        flags: ``scene`` and ``nobox``, when the element says 1.
        errors: what makes it useless.
        notes: fields that say neither 0 nor 1.
    """

    chains: list[str]
    bbox: Optional[list[float]] = None
    flags: set[str] = field(default_factory=set)
    errors: Errors = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def text_of(element: Optional[Element]) -> str:
    """The text of an element without blanks around it."""
    return '' if element is None else (element.text or '').strip()


def image_size(root: Element) -> tuple[Optional[tuple[int, int]], Errors]:
    """Width and height that an annotation gives, or what is wrong with them."""
    sides = []
    for name in ('width', 'height'):
        element = root.find(f'size/{name}')
        text = text_of(element)
        if element is None:
            return None, [('missing_field', f'size/{name}')]
        if not (text.isascii() and text.isdigit() and len(text) < 10) or (
                not field_checks.is_size(int(text))):
            return None, [('bad_type', f'size/{name}: {text!r:.80}')]
        sides.append(int(text))
    return tuple(sides), []


def parse_object(element: Element) -> ChainObject:
    """Read an ``object`` element."""
    found = ChainObject([text_of(name) for name in element.findall('name')])
    if not found.chains:
        found.errors.append(('missing_field', 'name'))
    box = element.find('bndbox')
    for flag, name in FLAGS.items():
        child = element.find(name)
        if text_of(child) == '1':
            found.flags.add(flag)
        elif child is not None and text_of(child) != '0':
            found.notes.append(f'{name}: {text_of(child)!r:.80}')
    if box is not None:
        _parse_box(box, found)
    elif all(element.find(name) is None for name in FLAGS.values()):
        found.errors.append(('missing_field', 'bndbox'))
    return found


def _parse_box(element: Element, found: ChainObject) -> None:
    found.bbox = []
    for name in CORNERS:
        child = element.find(name)
        if child is None:
            found.errors.append(('missing_field', f'bndbox/{name}'))
            continue
        try:
            found.bbox.append(float(text_of(child)))
        except ValueError:
            found.errors.append(('bad_type',
                                 f'bndbox/{name}: {text_of(child)!r:.80}'))


class ObjectParser:
    """The objects of one image, each checked when a phrase first names it.

    Args:
        root: the annotation.
        place: its file.
        image: of the group line, or None.
        ids: for the report.
        report: takes the findings.
        options: how much to check.
    """

    def __init__(self, root: Element, place: Place, image: Optional[dict], *,
                 ids: dict, report: Report, options: ReadOptions) -> None:
        self._objects = [parse_object(element) for element in root.findall('object')]
        self._place = place
        self._ids = ids
        self._report = report
        self._options = options
        self._size = (image['width'], image['height']) if image else (
            math.inf, math.inf)
        self._instances: dict[int, Optional[dict]] = {}
        self._numbers: dict[str, list[int]] = {}
        for number, found in enumerate(self._objects):
            for chain in dict.fromkeys(found.chains):
                self._numbers.setdefault(chain, []).append(number)
        self._compared: set[str] = set()

    def knows(self, chain: str) -> bool:
        """Whether a chain has an object, with or without a box."""
        return chain in self._numbers

    def boxes(self, chain: str) -> list[dict]:
        """Usable boxes of a chain, as instances of a group line."""
        numbers = self._numbers.get(chain, [])
        self._compare(chain, numbers)
        return [instance for instance in map(self._instance, numbers) if instance]

    def flags(self, chain: str) -> set[str]:
        """What the objects of a chain say of it: ``scene``, ``nobox``."""
        return set().union(*(self._objects[number].flags
                             for number in self._numbers.get(chain, ())))

    def others(self) -> list[dict]:
        """Usable boxes that no phrase has named."""
        numbers = [number for number in range(len(self._objects))
                   if number not in self._instances]
        return [instance for instance in map(self._instance, numbers) if instance]

    def _compare(self, chain: str, numbers: list[int]) -> None:
        """Report objects of a chain that have or claim no box where there is one."""
        if chain in self._compared or self._options.check < Check.FAST:
            return
        self._compared.add(chain)
        objects = {number: self._objects[number] for number in numbers}
        if all(found.bbox is None for found in objects.values()):
            return
        for number, found in objects.items():
            if found.bbox is not None and 'nobox' not in found.flags:
                continue
            self._report.add('nobox_conflict', self._place_of(number), value=chain,
                             **self._ids)

    def _instance(self, number: int) -> Optional[dict]:
        if number not in self._instances:
            self._instances[number] = self._check(number)
        return self._instances[number]

    def _check(self, number: int) -> Optional[dict]:
        found, place = self._objects[number], self._place_of(number)
        for note in found.notes:
            self._report.add('bad_type', place, value=note, **self._ids)
        errors, instance = found.errors, None
        if found.bbox is not None and not errors:
            x1, y1, x2, y2 = found.bbox
            instance, errors = check_object(
                SourceObject(str(number), [x1 - 1, y1 - 1, x2, y2], place,
                             has_mask=False),
                *self._size, self._report, self._options, **self._ids)
        for code, value in errors:
            self._report.add(code, place, 'box_dropped', value=value, **self._ids)
        return None if errors else instance

    def _place_of(self, number: int) -> Place:
        return self._place.child(f'object[{number}]')
