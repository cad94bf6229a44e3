"""What exports share: losses, numbers for ids, masks."""
import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Optional

import numpy as np

from segvg.annotations.canonical import CanonicalFile
from segvg.structures.masks import decode_segmentation, encode_rle
from segvg.utils.files import write_whole

FIRST_MADE_UP = 10**9  # above the numbers of COCO, Visual Genome and SAIAPR
PLACES_SHOWN = 3
# keys of expressions that a format may not hold -> their names in the table
FACTS = dict(sent='cleaned text', ref_id='which sentences belong together',
             phrases='phrases', tokens='tokens', negative_of='negative_of',
             reviewed_ok='reviewed_ok', pseudo='pseudo', unrelated='unrelated',
             source='source', extra='extra fields')


class Losses:
    """What a format could not hold, or had to be made up for it."""

    def __init__(self) -> None:
        self.counts: Counter = Counter()
        self._first: dict[str, list[str]] = {}

    def add(self, what: str, place: str) -> None:
        """Count one."""
        self.counts[what] += 1
        places = self._first.setdefault(what, [])
        if len(places) < PLACES_SHOWN:
            places.append(place)

    def add_facts(self, expr: dict, held: Iterable[str], place: str) -> None:
        """Count the facts of an expression that the format does not hold."""
        for key, name in FACTS.items():
            if key not in held and expr.get(key) is not None:
                self.add(f'not held: {name}', place)

    def table(self) -> str:
        """A row for each kind of loss."""
        if not self.counts:
            return 'everything was written'
        width = max(map(len, self.counts))
        return '\n'.join(f'{what:{width}}  {count:7,}  {", ".join(self._first[what])}'
                         for what, count in sorted(self.counts.items()))


class Numbers:
    """Whole numbers for ids; an id that is one stays, others get a new one."""

    def __init__(self, what: str, losses: Losses) -> None:
        self._what = what
        self._losses = losses
        self._given: dict[object, int] = {}
        self._used: set[int] = set()
        self._next = FIRST_MADE_UP

    def of(self, key: object, wanted: object, place: str) -> int:
        """The number of a thing, known by ``key``, whose id is ``wanted``."""
        if key not in self._given:
            text = str(wanted)
            number = int(text) if text.isascii() and text.isdigit() else None
            if number is None or number in self._used:
                self._losses.add(f'changed: {self._what} ids', place)
                number, self._next = self._next, self._next + 1
            self._given[key] = number
            self._used.add(number)
        return self._given[key]


def read_meta(paths: list[Path]) -> tuple[list[CanonicalFile], dict]:
    """Canonical files of one data set, and its meta file.

    Raises:
        ValueError: they are of several data sets.
    """
    files = [CanonicalFile(path) for path in paths]
    names = {file.name for file in files}
    if len(names) > 1:
        raise ValueError(f'files of one data set are exported at a time, not of '
                         f'{", ".join(sorted(names))}')
    return files, files[0].meta


def write_json(path: Path, content: object) -> Path:
    """Write compact JSON."""
    write_whole(path, json.dumps(content, separators=(',', ':'), ensure_ascii=False))
    return path


def bbox_of(instance: dict, image: dict, root: Path) -> list[float]:
    """The box of an instance; of its mask when it has none of its own."""
    if instance['bbox'] is not None:
        return instance['bbox']
    mask = decode_segmentation(segm_of(instance, root), image['height'], image['width'])
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if len(rows) == 0:
        raise ValueError(f'instance {instance["id"]!r} of image {image["id"]} has '
                         'neither box nor mask')
    return [float(columns[0]), float(rows[0]), float(columns[-1] + 1),
            float(rows[-1] + 1)]


def segm_of(instance: dict, root: Path) -> Optional[dict]:
    """The mask of an instance; a file is named by its full path."""
    segm = instance.get('segm')
    return {'file': root / segm['file']} if segm and 'file' in segm else segm


def held_phrases(expr: dict, losses: Losses, place: str) -> list[dict]:
    """The phrases that may be written: with a box, and of a target in a sentence.

    A sentence about one object names others too ("the cup left of the plate"); a format
    without a mark for its targets would take the plate for one.
    """
    held = []
    for phrase in expr.get('phrases') or ():
        if not phrase['targets']:
            losses.add('not held: phrases without a box', place)
        elif expr.get('caption') or set(phrase['targets']) <= set(expr['targets']):
            held.append(phrase)
        else:
            losses.add('not held: phrases of other objects', place)
    return held


def coco_segmentation(instance: dict, image: dict, root: Path) -> object:
    """The mask of an instance as COCO writes it; [] without one."""
    segm = segm_of(instance, root)
    if not segm:
        return []
    if 'poly' in segm:
        return segm['poly']
    if 'rle' in segm:
        return segm['rle']
    mask = decode_segmentation(segm, image['height'], image['width'])
    return encode_rle(mask)
