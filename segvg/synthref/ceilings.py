"""Accuracy that is possible without the image, the text or the order of the words.

All but ``bag_of_words`` are percent of the sentences with one target at IoU 0.5, where
a chosen object counts with its exact box. What has to be learned is learned on the
training split; on that split itself it is learned on one half and scored on the other.

* ``random_object``: any object of the image.
* ``best_prior_position``: one box for everything.
* ``image_blind``: one box for each logical form.
* ``text_blind``: the object that looks most like a target: class, size, rank in every
  order, number of similar objects.
* ``text_blind_oracle``: the object of the image that is most often asked for, known by
  looking at the answers; a bound no text-blind model can pass, well above chance where
  an image has few sentences, and in testA, which asks for held-out objects only.
* ``bag_of_words``: percent of all sentences; words may be put together in any way that
  makes sense in the scene, and one way is as good as another.
* ``bag_of_words_same_kind``: the same when it is known whether the sentence has no, one
  or several targets (L2 and above); ``bag_of_words_single``: of those with one target
  alone, which is what the accuracy of a model without order of words compares with.

These are computed on the first ``BAG_IMAGES`` images of a split.
"""
import math
from collections import Counter, defaultdict
from itertools import groupby
from typing import Callable, Iterable, Iterator, NamedTuple

import numpy as np

from segvg.synthref.ambiguity import bag_of_words_chance, count_readings
from segvg.synthref.facts import forget_facts
from segvg.synthref.forms import Form
from segvg.synthref.images import ImageRecord
from segvg.synthref.scene import Scene

_CANDIDATES = 200
BAG_IMAGES = 1000
NAMES = ('random_object', 'best_prior_position', 'image_blind', 'text_blind',
         'text_blind_oracle', 'bag_of_words')


class Question(NamedTuple):
    """A sentence with one target."""

    record: ImageRecord
    form: Form
    target: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Return the target's box."""
        return self.record.boxes[self.target]


Ceilings = dict[str, dict[str, float | None]]


def compute_ceilings(records: dict[str, list[ImageRecord]],
                     compound: bool = False) -> Ceilings:
    """Return the ceilings of every split in percent, None without sentences.

    Args:
        records: images by split.
        compound: whether sentences relate objects (L2 and above).
    """
    questions = {split: _questions(items) for split, items in records.items()}
    train = questions.get('train') or max(questions.values(), key=len)
    # What is learned on the training split serves all others.
    learned: dict[str, Scorer] = {}
    result = {}
    for split, asked in questions.items():
        values: dict[str, float | None] = dict.fromkeys(NAMES)
        if asked:
            halves = [(train[1::2] or train, train[::2]), (train[::2], train[1::2])]
            values['random_object'] = _percent(
                1 / len(question.record.boxes) for question in asked)
            for name, learn in (('best_prior_position', _learn_box),
                                ('image_blind', _learn_boxes_by_form),
                                ('text_blind', _learn_look)):
                if asked is train:
                    values[name] = _percent(
                        hit for known, new in halves for hit in learn(known)(new))
                    continue
                if name not in learned:
                    learned[name] = learn(train)
                values[name] = _percent(learned[name](asked))
            values['text_blind_oracle'] = _oracle(asked)
        values |= _bags(records[split], compound)
        result[split] = values
    return result


def _bags(records: list[ImageRecord], compound: bool) -> dict[str, float | None]:
    """Return the bounds for models that lose the order of the words."""
    anything, same_kind, single = [], [], []
    for record in records[:BAG_IMAGES] if compound else records:
        for sentence in record.sentences:
            anything.append(bag_of_words_chance(sentence.form, record.scene))
            if compound:
                same_kind.append(1 / count_readings(sentence.form, record.scene))
                if sentence.kind == 'single':
                    single.append(same_kind[-1])
        forget_facts(record.scene)
    bounds = dict(bag_of_words=_percent(anything))
    if compound:
        bounds['bag_of_words_same_kind'] = _percent(same_kind)
        bounds['bag_of_words_single'] = _percent(single)
    return bounds


def _questions(records: list[ImageRecord]) -> list[Question]:
    return [Question(record, sentence.form, sentence.targets[0]) for record in records
            for sentence in record.sentences if len(sentence.targets) == 1]


def _percent(hits: Iterable[float]) -> float | None:
    values = list(hits)
    return round(100 * sum(values) / len(values), 2) if values else None


Scorer = Callable[[list[Question]], list[float]]


def _learn_box(known: list[Question]) -> Scorer:
    """Learn the box that is right most often."""
    best = _best_box(known)
    return lambda asked: _overlaps(_boxes(asked), best).astype(float).tolist()


def _learn_boxes_by_form(known: list[Question]) -> Scorer:
    """Learn a box for every form; a form never seen gets the box for everything."""
    groups = defaultdict(list)
    for question in known:
        groups[question.form].append(question)
    boxes = {form: _best_box(members) for form, members in groups.items()}
    default = _best_box(known)
    return lambda asked: [
        float(_overlaps(_boxes([question]), boxes.get(question.form, default))[0])
        for question in asked]


def _boxes(questions: list[Question]) -> np.ndarray:
    return np.array([question.box for question in questions], float).reshape(-1, 4)


def _best_box(questions: list[Question]) -> np.ndarray:
    """Return the target box (4,) that overlaps most others by half."""
    boxes = _boxes(questions)
    candidates = boxes[::max(1, len(boxes) // _CANDIDATES)]
    return candidates[np.argmax([_overlaps(boxes, box).sum() for box in candidates])]


def _overlaps(boxes: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Tell which of (B, 4) boxes overlap one with an IoU of 0.5 or more."""
    sides = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
    shared = sides.clip(min=0).prod(1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod()
    return 3 * shared >= areas   # IoU 0.5, without the division


def _learn_look(known: list[Question]) -> Scorer:
    """Learn how often objects with each feature are the target (naive Bayes)."""
    trials, hits = Counter(), Counter()
    for record, group in _by_record(known):
        targets = Counter(question.target for question in group)
        for index, features in enumerate(_features(record.scene)):
            for feature in features:
                trials[feature] += len(group)
            if index in targets:
                for feature in features:
                    hits[feature] += targets[index]

    weights = {feature: _weight(hits[feature], count)
               for feature, count in trials.items()}
    unknown = _weight(0, 0)

    def chosen(record: ImageRecord) -> int:
        scores = [sum(weights.get(feature, unknown) for feature in features)
                  for features in _features(record.scene)]
        return scores.index(max(scores))

    def score(asked: list[Question]) -> list[float]:
        found = []
        for record, group in _by_record(asked):
            choice = chosen(record)
            found += [float(choice == question.target) for question in group]
        return found
    return score


def _weight(hits: int, trials: int) -> float:
    """Return what a feature adds to the score of an object."""
    return math.log((hits + 1) / (trials + 3))


def _by_record(questions: list[Question]
               ) -> Iterator[tuple[ImageRecord, list[Question]]]:
    """Yield each record with those of its questions that follow one another."""
    for _, group in groupby(questions, lambda question: id(question.record)):
        members = list(group)
        yield members[0].record, members


def _features(scene: Scene) -> list[list[tuple]]:
    """List what an image alone tells of each object, as hashable features."""
    items, total = scene.objects, len(scene.objects)
    features: list[list[tuple]] = [[] for _ in items]
    for name in ('shape', 'colour', 'size'):
        values = [getattr(item, name) for item in items]
        for found, value in zip(features, values):
            found += [(name, value), ('similar', name, total, values.count(value))]
    pairs = [(item.shape, item.colour) for item in items]
    for name in ('cx', 'cy', 'radius', 'area'):
        order = sorted(range(total), key=lambda i: getattr(items[i], name))
        for rank, index in enumerate(order):
            features[index].append(('rank', name, total, rank))
    for found, pair in zip(features, pairs):
        found.append(('twins', total, pairs.count(pair)))
    if any(item.tone for item in items) or scene.noise['sigma'] > 3:
        _add_crowd_features(scene, features)
    return features


def _add_crowd_features(scene: Scene, features: list[list[tuple]]) -> None:
    """Add what only crowded scenes have: fill, direction, depth, neighbours."""
    items, total = scene.objects, len(scene.objects)
    for name in ('fill', 'direction'):
        values = [getattr(item, name) for item in items]
        for found, value in zip(features, values):
            found += [(name, value), ('similar', name, total, values.count(value))]
    boxes = np.array([item.box for item in items])
    sides = np.minimum(boxes[:, None, 2:], boxes[None, :, 2:]) - np.maximum(
        boxes[:, None, :2], boxes[None, :, :2])
    touched = (sides.min(-1) > 0).sum(1).tolist()
    for found, item, touching in zip(features, items, touched):
        found += [('depth', total, item.depth), ('touching', total, touching)]


def _oracle(questions: list[Question]) -> float | None:
    """Score the most frequent target of every image."""
    targets = defaultdict(Counter)
    for question in questions:
        targets[id(question.record)][question.target] += 1
    hits = sum(counter.most_common(1)[0][1] for counter in targets.values())
    return round(100 * hits / len(questions), 2)
