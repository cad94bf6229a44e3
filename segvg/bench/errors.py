"""Where a model fails: what it answered instead, and on which sentences and objects."""
import glob
import math
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple, Optional, Sequence, Union

import numpy as np
import torch

from segvg.annotations.canonical import CanonicalFile
from segvg.annotations.files.json_values import load_json
from segvg.bench.card import Card, CardError, image_numbers, image_of
from segvg.bench.sentence_kinds import (
    kind_by_words,
    length_of,
    made_kinds,
    synthref_kinds,
)
from segvg.bench.statistics import image_sums, interval
from segvg.structures.boxes import pairwise_iou

HEADLINES = ('rec/acc@0.5', 'res/mIoU', 'gres/gIoU', 'grec/Pr@(F1=1)')
RIGHT = 'right'
LOOSE, WRONG, BOTH = 'localization error', 'wrong instance', 'both errors'
BACKGROUND, MISSED, FALSE = 'background', 'missed', 'false positive'
INCOMPLETE = 'incomplete'
FOUND, TOUCHED, SAME = 0.5, 0.1, 0.9
"""IoU from which a box finds an object, is about it, and is its own annotation."""
KINDS = {
    RIGHT: f'IoU of at least {FOUND} with the target, or rightly no answer',
    LOOSE: f'IoU with the target from {TOUCHED} to below {FOUND}',
    WRONG: f'IoU of at least {FOUND} with another annotated object of the image',
    BOTH: f'IoU from {TOUCHED} to below {FOUND} with another annotated object, and '
          f'below {TOUCHED} with the target',
    BACKGROUND: f'IoU below {TOUCHED} with every annotated object',
    MISSED: 'no answer, though there is a target',
    FALSE: 'an answer, though there is no target',
    INCOMPLETE: 'several targets, and less than half of the credit for them',
}
"""What an answer was: the words and limits of TIDE (Bolya et al., ECCV 2020), without
its duplicates, since an answer has one box per target."""
SIZES = ((0.02, 'below 2 % of the image'), (0.1, '2 to 10 % of the image'),
         (math.inf, 'above 10 % of the image'))


class Object(NamedTuple):
    """An annotated object: its box (xyxy), class and number."""
    bbox: tuple[float, ...]
    category: Optional[int]
    number: int


class Verdict(NamedTuple):
    """What an answer was.

    Attributes:
        kind: one of ``KINDS``.
        iou: with the target; None if there is not exactly one target, or no answer.
        other: for a wrong instance ``same class``, ``another class`` or
            ``unknown class``; else empty.
    """
    kind: str
    iou: Optional[float] = None
    other: str = ''


class Case(NamedTuple):
    """An answer and all that is known of it.

    Attributes:
        row: of the card.
        credit: what it added to the headline score, 0 to 1; None if it did not count.
        verdict: what it was.
        groups: its row in each table, e.g. ``{'length': '1 to 3 words'}``.
    """
    row: dict
    credit: Optional[float]
    verdict: Verdict
    groups: dict[str, str]

    @property
    def error(self) -> str:
        """What it was, one of ``KINDS``."""
        return self.verdict.kind

    @property
    def confidence(self) -> float:
        """The highest score of the answer, 0 if it has none."""
        return max(self.row['scores'], default=0.0)


def overlaps(box: Sequence[float], others: Sequence[Sequence[float]]) -> np.ndarray:
    """Return the IoU (N,) of a box with boxes (N, 4), all xyxy."""
    rows = torch.tensor(others, dtype=torch.float64).reshape(-1, 4)
    return pairwise_iou(torch.tensor([box], dtype=torch.float64), rows)[0].numpy()


def judge(row: dict, objects: Sequence[Object], credit: Optional[float]) -> Verdict:
    """Return what an answer was.

    Args:
        row: of a card.
        objects: of the image, those that are annotated.
        credit: what counts for an answer with several targets.
    """
    if not row['targets']:
        return Verdict(FALSE if row['bboxes'] else RIGHT)
    if not row['bboxes']:
        return Verdict(MISSED)
    if len(row['targets']) > 1:
        return Verdict(RIGHT if credit is not None and credit >= 0.5 else INCOMPLETE)
    best = row['bboxes'][int(np.argmax(row['scores']))]
    target = row['targets'][0]
    iou = float(overlaps(best, [target])[0])
    if iou >= FOUND:
        return Verdict(RIGHT, iou)
    others = [other for other, same in zip(objects, overlaps(
        target, [other.bbox for other in objects])) if same <= SAME]
    found = overlaps(best, [other.bbox for other in others])
    on_other = found.max(initial=0.0)
    if on_other >= FOUND:
        return Verdict(WRONG, iou, _class_of_wrong(
            others[int(found.argmax())], category_of(target, objects)))
    if iou >= TOUCHED:
        return Verdict(LOOSE, iou)
    return Verdict(BOTH if on_other >= TOUCHED else BACKGROUND, iou)


def _class_of_wrong(other: Object, meant: Optional[int]) -> str:
    """Return how the class of a wrong instance relates to that of the target."""
    if other.category is None or meant is None:
        return 'unknown class'
    return 'same class' if other.category == meant else 'another class'


def category_of(box: Sequence[float], objects: Sequence[Object]) -> Optional[int]:
    """Return the class of the object with a box; None if it is not annotated."""
    if not objects:
        return None
    found = overlaps(box, [other.bbox for other in objects])
    best = int(found.argmax())
    return objects[best].category if found[best] > SAME else None


def analyze(card: Card, rows: Sequence[dict], root: Optional[Path] = None,
            score: Optional[str] = None) -> tuple[str, list[Case]]:
    """Return the headline score and a case for every answer.

    Args:
        card: of the test.
        rows: its answers.
        root: folder of the data; by default the one that the card names.
        score: the headline; by default the first of ``HEADLINES`` that the card has.

    Raises:
        CardError: the score or the data do not exist.
    """
    score = score or next((name for name in HEADLINES if name in card.terms), None)
    if score not in card.terms:
        raise CardError(f'{card.path} has no score {score or ", ".join(HEADLINES)}; it '
                        f'has {", ".join(card.terms)}')
    root = data_root(card, root)
    if len(rows) != len(card.terms[score]):
        raise CardError(f'{card.path} has {len(rows)} answers and scores of '
                        f'{len(card.terms[score])}')
    objects = read_objects(card, root)
    kinds = made_kinds(scored_files(card, root))
    synthref = {name: synthref_kinds(root, name)
                for name in {row['dataset'] for row in rows}}
    cases = []
    for row, (part, whole) in zip(rows, card.terms[score]):
        credit = float(part / whole) if whole else None
        around = objects.get(str(row['img_id']), ())
        cases.append(Case(row, credit, judge(row, around, credit),
                          groups_of(row, around, synthref[row['dataset']] or kinds.get(
                              (row['dataset'], row['split'])))))
    return score, cases


def data_root(card: Card, given: Union[str, Path, None] = None) -> Path:
    """Return the folder of the data: as given, else the one that the card names.

    Raises:
        CardError: the card names a folder that is not below the current one.
    """
    if given:
        return Path(given)
    root = Path(card.header['data'].get('root') or '.')
    if root.is_absolute() or '..' in root.parts:
        raise CardError(f'{card.path} names {root} as the folder of its data, which is '
                        'not below this one; --data-root names the folder')
    return root


def groups_of(row: dict, objects: Sequence[Object],
              kinds: Optional[dict[int, str]]) -> dict[str, str]:
    """Return the groups of a case: kind and length of the sentence, size, crowd."""
    number = str(row['expr_id'])
    kind = (kinds.get(int(number)) if kinds and number.isdigit() else None)
    groups = {'sentence': kind or kind_by_words(row['text']),
              'length': length_of(row['text']),
              'targets': str(len(row['targets']))}
    if len(row['targets']) == 1:
        target = row['targets'][0]
        height, width = row['size']
        area = (target[2] - target[0]) * (target[3] - target[1]) / (height * width)
        groups['size'] = next(name for most, name in SIZES if area < most)
        meant = category_of(target, objects)
        others = sum(other.category == meant for other in objects) - 1
        groups['others of its class'] = ('unknown' if meant is None else
                                         str(others) if others < 4 else '4 or more')
    return groups


def read_objects(card: Card, root: Path) -> dict[str, list[Object]]:
    """Return the annotated objects of every image.

    For SynthRef these are all objects, also those that no sentence is about; for other
    data they are those in the annotation file.

    Raises:
        CardError: a file does not exist.
    """
    files = scored_files(card, root)
    whole = _synthref_objects(root, card)
    if whole:
        return whole
    found: dict[str, list[Object]] = defaultdict(list)
    for lines in files:
        for line in lines:
            for item in line['instances']:
                if item.get('bbox'):
                    found[line['image']['id']].append(Object(
                        tuple(item['bbox']), item.get('category_id'), item['id']))
    return found


def scored_files(card: Card, root: Path) -> list[CanonicalFile]:
    """Return the annotation files that a card scored.

    Raises:
        CardError: a file does not exist.
    """
    found = []
    for part in card.header['data']['files']:
        matches = sorted(root.rglob(glob.escape(part['file'])))
        if not matches:
            raise CardError(f'{part["file"]}, which {card.path} scored, is nowhere '
                            f'below {root}; --data-root names the folder of the data')
        found.append(CanonicalFile(str(matches[0])))
    return found


def _synthref_objects(root: Path, card: Card) -> dict[str, list[Object]]:
    """Return all objects of SynthRef's images; empty for other data."""
    found: dict[str, list[Object]] = defaultdict(list)
    for name in {split.split()[0] for split in card.header['data']['splits']}:
        path = root / name / 'instances.json'
        if not name.startswith('synthref') or '/' in name or not path.is_file():
            continue
        for item in load_json(path)['annotations']:
            x, y, width, height = item['bbox']
            found[f'synth:{item["image_id"]}'].append(Object(
                (x, y, x + width, y + height), item['category_id'], item['id']))
    return found


def table_of(cases: Sequence[Case], group: str) -> list[dict]:
    """Return a line for each part of a group: its size, score and errors in percent."""
    parts: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        if group in case.groups:
            parts[case.groups[group]].append(case)
    sizes = [name for _, name in SIZES]
    order = sorted(parts, key=lambda name: (
        sizes.index(name) if name in sizes else -1, name))
    return [dict(name=name, **summary(parts[name])) for name in order]


def summary(cases: Sequence[Case]) -> dict:
    """Return count, score with its interval, and shares of errors, in percent."""
    errors = {kind: 100 * sum(case.error == kind for case in cases) / len(cases)
              for kind in KINDS}
    counted = [case for case in cases if case.credit is not None]
    found = None
    if counted:
        images = image_numbers([case.row for case in counted])
        terms = np.array([(case.credit, 1.0) for case in counted])
        found = interval([image_sums(terms, images)])
    return dict(count=len(cases), errors=errors, score=found and found.score,
                low=found and found.low, high=found and found.high,
                images=len({image_of(case.row) for case in cases}))


def wrong_classes(cases: Sequence[Case]) -> dict[str, float]:
    """Return the shares of wrong instances of the same and of another class."""
    counts = Counter(case.verdict.other for case in cases if case.verdict.other)
    return {name: 100 * count / len(cases) for name, count in counts.most_common()}


def report(cases: Sequence[Case]) -> dict:
    """Return all tables in plain types."""
    names = list(dict.fromkeys(name for case in cases for name in case.groups))
    return dict(all=summary(cases), wrong_instances=wrong_classes(cases),
                groups={name: table_of(cases, name) for name in names})
