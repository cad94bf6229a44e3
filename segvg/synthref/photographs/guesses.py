"""How often a guess is right that does not read the sentence, or only its class.

Percent of the sentences with one target at IoU 0.5, computed and not drawn, as in
``segvg.synthref.ceilings``: a guessed object counts with its box.

* ``random_object``: any annotated object of the image, as there;
* ``random_in_class``: any object of the class that the sentence names;
* ``largest``: the object with the largest box.
"""
from collections import Counter
from typing import Optional

import numpy as np

from segvg.synthref.photographs.kinds import Candidate
from segvg.synthref.photographs.photos import Photo, shared_areas

NAMES = ('random_object', 'random_in_class', 'largest')
ALL = 'all'
LEAST_IOU = 0.5


def overlaps(photo: Photo) -> np.ndarray:
    """Return the IoU (T, T) of the boxes of all objects of a photograph."""
    shared = shared_areas(photo.objects)
    areas = shared.diagonal()
    return shared / (areas[:, None] + areas - shared)


class Guesses:
    """Counts the sentences of a split by kind, and how often guesses would be right."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._asked: Counter[str] = Counter()
        self._hits: Counter[tuple[str, str]] = Counter()

    def add(self, photo: Photo, sentences: list[Candidate]) -> None:
        """Count the sentences of a photograph."""
        self.counts.update(sentence.kind for sentence in sentences)
        singles = [item for item in sentences if len(item.targets) == 1]
        if not singles:
            return
        hits = overlaps(photo) >= LEAST_IOU
        largest = int(shared_areas(photo.objects).diagonal().argmax())
        for sentence in singles:
            right = hits[sentence.targets[0]]
            members = photo.groups[sentence.nouns[0]]
            chances = (right.mean(), right[members].mean(), right[largest])
            for kind in (sentence.kind, ALL):
                self._asked[kind] += 1
                for name, chance in zip(NAMES, chances, strict=True):
                    self._hits[kind, name] += float(chance)

    def ceilings(self) -> dict[str, dict[str, Optional[float]]]:
        """Return the guesses of each kind with one target, and of all of them."""
        return {kind: {name: round(100 * self._hits[kind, name] / asked, 2)
                       for name in NAMES}
                for kind, asked in sorted(self._asked.items())}
