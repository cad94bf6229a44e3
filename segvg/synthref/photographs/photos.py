"""Photographs with their annotated objects, as sentences see them."""
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Optional

import numpy as np

from segvg.annotations.readers.coco_instances import CheckedObject, CocoInstances
from segvg.synthref.photographs.nouns import Noun, alike, noun_of

EDGE = 0.005         # of a side of the image: an object this near to it may be cut
CUT_FACTOR = 2       # of the least area, for an object that is cut
SAME = 0.8           # share of the smaller of two boxes: they may be one object twice
HIDDEN = 0.3         # share of a box that another covers: who knows what is behind it
MOST_ALIKE = 12      # objects of a class; of more, annotators leave some out


class PhotoObject(NamedTuple):
    """An object that is marked by itself.

    Attributes:
        noun: what it is called; '' where nothing is said of its class.
        above: what it may be called besides: its supercategory, where that is a
            category too.
        bbox: xyxy, pixels, clipped to the image.
        area: of its mask, or of its box without one.
        is_small: whether it is easily overlooked, or not recognized.
        is_cut: whether it reaches the border of the image.
        instance: its record in a group line.
    """

    noun: str
    above: Optional[str]
    bbox: tuple[float, float, float, float]
    area: float
    is_small: bool
    is_cut: bool
    instance: dict


@dataclass(frozen=True)
class Photo:
    """A photograph.

    Attributes:
        image: its record in a group line.
        number: of its record in the file.
        objects: those that are marked one by one.
        unsure: nouns of which there are, or may be, others that are not.
        absent: nouns of which there is none, as far as the annotation goes; None where
            everything that is not marked is absent.
    """

    image: dict
    number: int
    objects: tuple[PhotoObject, ...]
    unsure: frozenset[str]
    absent: Optional[frozenset[str]] = None

    @cached_property
    def groups(self) -> dict[str, list[int]]:
        """The objects of every noun, by index; small ones too."""
        found: dict[str, list[int]] = {}
        for index, item in enumerate(self.objects):
            for noun in filter(None, {item.noun, item.above}):
                found.setdefault(noun, []).append(index)
        return found

    @cached_property
    def hidden(self) -> np.ndarray:
        """Whether another object is in front of, or behind, much of each (T,)."""
        shared = shared_areas(self.objects)
        own = shared.diagonal().copy()
        np.fill_diagonal(shared, 0.0)
        return (shared > HIDDEN * own[:, None]).any(1)

    @cached_property
    def seen(self) -> frozenset[str]:
        """Nouns that may not be said to be absent."""
        marked = set(self.unsure).union(self.groups)
        return frozenset(marked.union(*map(alike, marked)))

    def lacks(self, noun: str) -> bool:
        """Whether there is certainly no object of a noun."""
        return noun not in self.seen and (self.absent is None or noun in self.absent)


class Vocabulary:
    """The nouns of the categories of a file.

    Args:
        categories: their names by id.
        above: the names of their supercategories by id.
        spoken: what a category is called instead of its name; '' for not at all.
        partial: names of categories whose objects are not all marked.

    Attributes:
        nouns: by what they are called when alone.
        unspoken: names that are not nouns, so that nothing is said of their objects.

    Raises:
        ValueError: ``spoken`` or ``partial`` names a category that is not there.
    """

    def __init__(self, categories: Mapping[int, object], above: Mapping[int, object],
                 spoken: Mapping[str, str], partial: tuple[str, ...] = ()) -> None:
        names = set(map(str, categories.values()))
        for name in (*spoken, *partial):
            if name not in names:
                raise ValueError(f'{name!r} is not a category of the file; it has '
                                 f'{", ".join(sorted(names))}')
        self.nouns: dict[str, Noun] = {}
        self.unspoken: list[str] = []
        self._by_id: dict[int, Optional[str]] = {}
        for key, name in categories.items():
            noun = noun_of(spoken.get(str(name), str(name)))
            self._by_id[key] = noun and noun.name
            if noun:
                self.nouns[noun.name] = noun
            else:
                self.unspoken.append(str(name))
        self._above: dict[int, Optional[str]] = {}
        for key, name in above.items():
            noun = noun_of(str(name))
            self._above[key] = noun.name if noun and noun.name in self.nouns and (
                noun.name != self._by_id.get(key)) else None
        self.partial = frozenset(
            noun for key, name in categories.items() if str(name) in partial
            for noun in self.of(key))

    def knows(self, category_id: Optional[int]) -> bool:
        """Whether a category is listed in the file."""
        return category_id in self._by_id

    def of(self, category_id: Optional[int]) -> list[str]:
        """What objects of a category may be called; nothing for an unknown one."""
        if category_id is None:
            return []
        return [noun for noun in (self._by_id.get(category_id),
                                  self._above.get(category_id)) if noun]

    def below(self, noun: str) -> list[str]:
        """The nouns of the categories whose supercategory is called this."""
        return [own for key, own in self._by_id.items()
                if own and self._above.get(key) == noun]


def read_photos(instances: CocoInstances, vocabulary: Vocabulary,
                min_area: float) -> Iterator[Photo]:
    """Yield the photographs of a file, in its order.

    Args:
        instances: the file.
        vocabulary: of its categories.
        min_area: share of the image below which an object is easily overlooked.
    """
    for number, (record, image, objects) in enumerate(instances.by_image()):
        if image.record is None or image.errors:
            continue
        yield _photo(image.record, number, record, objects, vocabulary, min_area)


def _photo(image: dict, number: int, record: dict, objects: list[CheckedObject],
           vocabulary: Vocabulary, min_area: float) -> Photo:
    items, unsure = [], set(vocabulary.partial)
    for item in objects:
        nouns = vocabulary.of(item.category_id)
        if not vocabulary.knows(item.category_id):
            unsure.update(vocabulary.nouns)  # it may be anything
        if item.instance is None or item.errors or item.instance.get('iscrowd'):
            unsure.update(nouns)
        else:
            items.append(_object(item.instance, nouns, image, min_area))
    for name in record.get('not_exhaustive_category_ids') or ():
        unsure.update(vocabulary.of(name))
    absent = record.get('neg_category_ids')
    photo = Photo(image, number, tuple(items), frozenset(), None)
    for noun, members in photo.groups.items():
        # an object that is only known as a vehicle may be a car
        if any(photo.objects[index].noun == noun for index in members):
            unsure.update(vocabulary.below(noun))
        if len(members) > MOST_ALIKE or _may_be_one(
                [photo.objects[index] for index in members]):
            unsure.add(noun)
    return Photo(image, number, tuple(items), frozenset(unsure), None if (
        absent is None) else frozenset(
            noun for name in absent for noun in vocabulary.of(name)[:1]))


def _object(instance: dict, nouns: list[str], image: dict,
            min_area: float) -> PhotoObject:
    width, height = image['width'], image['height']
    x1, y1, x2, y2 = instance['bbox']
    bbox = (max(x1, 0.0), max(y1, 0.0), min(x2, width), min(y2, height))
    box_area = (bbox[2] - bbox[0]) * (bbox[3] - bbox[1])
    area = instance.get('area') or box_area
    margin_x, margin_y = EDGE * width, EDGE * height
    is_cut = (bbox[0] < margin_x or bbox[1] < margin_y or bbox[2] > width - margin_x
              or bbox[3] > height - margin_y)
    area = min(area, box_area)
    least = min_area * width * height * (CUT_FACTOR if is_cut else 1)
    noun = nouns[0] if nouns else ''
    above = nouns[1] if len(nouns) > 1 else None
    return PhotoObject(noun, above, bbox, area, area < least, is_cut, instance)


def _may_be_one(objects: list[PhotoObject]) -> bool:
    """Whether two boxes are so much in one place that they may mark one object."""
    shared = shared_areas(objects)
    areas = shared.diagonal()
    close = shared >= SAME * np.minimum(areas[:, None], areas)
    return bool(close.sum() > len(objects))


def shared_areas(objects: Sequence[PhotoObject]) -> np.ndarray:
    """Return the area (T, T) that the boxes of two objects share."""
    boxes = np.array([item.bbox for item in objects]).reshape(-1, 4)
    sides = np.minimum(boxes[:, None, 2:], boxes[:, 2:]) - np.maximum(
        boxes[:, None, :2], boxes[:, :2])
    return sides.clip(min=0).prod(-1)
