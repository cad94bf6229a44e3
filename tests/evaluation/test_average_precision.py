"""COCO's average precision: hand-made numbers, and the two ways to ask for it."""
import numpy as np
import pytest

from segvg.evaluation.average_precision import (
    RankedBoxes,
    class_precisions,
    coco_numbers,
)

LEFT, RIGHT = [0.0, 0.0, 10.0, 10.0], [20.0, 0.0, 30.0, 10.0]


def ranked(image, label, targets, found, scores=None):
    return RankedBoxes(image, label, np.array(found, dtype=float).reshape(-1, 4),
                       np.array([0.9] * len(found) if scores is None else scores),
                       np.array(targets, dtype=float).reshape(-1, 4))


def test_classes_are_ranked_apart_and_those_without_a_target_left_out():
    found = class_precisions([
        ranked('a', 'cat', [], [RIGHT], [0.9]),
        ranked('b', 'cat', [LEFT], [LEFT], [0.8]),
        ranked('a', 'dog', [LEFT], [LEFT], [0.1]),
        ranked('a', 'cow', [], [LEFT]), ranked('b', 'hen', [LEFT], [])])
    assert found == pytest.approx(dict(cat=0.5, dog=1, hen=0))


def test_nothing_and_no_target_have_numbers():
    nothing = [ranked('a', 'cat', [], []), ranked('b', 'cat', [], [LEFT])]
    assert class_precisions(nothing) == {}
    assert (coco_numbers(nothing) == -1).all()


def test_quick_way_gives_the_first_of_the_numbers():
    random = np.random.default_rng(0)
    found = []
    for image in range(20):
        corners = random.uniform(0, 60, (6, 2))
        boxes = np.concatenate([corners, corners + random.uniform(2, 40, (6, 2))], 1)
        shifted = boxes[:4] + random.normal(0, 2, (4, 4))
        found.append(ranked(image, 'cat', boxes[:3], [*shifted, *boxes[4:]],
                            random.uniform(size=6)))
    precision, = class_precisions(found).values()
    assert 0.1 < precision < 0.9
    assert precision == pytest.approx(coco_numbers(found)[0], abs=1e-12)
