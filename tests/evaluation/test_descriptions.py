"""Average precision over descriptions: hand-made numbers."""
import pytest

from segvg.evaluation import DescriptionAP
from tests.evaluation.test_generalized_boxes import LEFT, RIGHT, evaluate, sample


def asked(number, description, image, part, targets, found, scores=None):
    return dict(sample(number, targets, found, scores), ref_id=description,
                img_path=image, source=part)


def test_boxes_of_a_description_are_ranked_over_images():
    """Description 1: right at once, AP 1. 2: a false box goes first, AP 1/2. 3: 0."""
    scores = evaluate(DescriptionAP(), [
        asked(0, 1, 'a.jpg', 'presence', [LEFT], [LEFT]),
        asked(1, 2, 'a.jpg', 'presence', [], [RIGHT], [0.9]),
        asked(2, 2, 'b.jpg', 'presence', [LEFT], [LEFT], [0.8]),
        asked(3, 3, 'a.jpg', 'absence', [RIGHT], [LEFT])])
    assert scores == pytest.approx({'dod/AP': 50, 'dod/AP presence': 75,
                                    'dod/AP absence': 0})


def test_a_description_without_a_target_anywhere_does_not_count():
    scores = evaluate(DescriptionAP(), [asked(0, 1, 'a.jpg', 'absence', [LEFT], [LEFT]),
                                        asked(1, 2, 'a.jpg', 'presence', [], [LEFT])])
    assert scores == pytest.approx({'dod/AP': 100, 'dod/AP presence': 0,
                                    'dod/AP absence': 100})


def test_a_sample_that_does_not_say_its_part_is_an_error():
    with pytest.raises(ValueError, match='presence or absence'):
        DescriptionAP().score(dict(sample(0, [], []), ref_id=1))
