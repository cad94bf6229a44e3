"""Answers in the forms that other programs take."""
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from segvg.apis.answers import Answer, Answers, ImageAnswers
from segvg.structures.masks import encode_rle

MASK = np.zeros((4, 6), bool)
MASK[1:3, 2:5] = True


def target(score, mask=True):
    return dict(bbox=[2.0, 1.0, 5.0, 3.0], score=score,
                mask=encode_rle(MASK) if mask else None)


ONE = Answer(text='red', **target(0.9), no_target=False)
TWO = Answer(text='both', **target(0.8), no_target=False, no_target_score=0.1,
             targets=[target(0.8), target(0.5)])
NONE = Answer(text='zebra', bbox=None, score=None, mask=None, no_target=True)


def test_answers_as_arrays():
    np.testing.assert_array_equal(ONE.bboxes, [[2, 1, 5, 3]])
    np.testing.assert_array_equal(ONE.masks, [MASK])
    assert TWO.masks.shape == (2, 4, 6) and TWO.scores.tolist() == pytest.approx(
        [0.8, 0.5])
    assert NONE.bboxes.shape == (0, 4) and NONE.masks is None and not len(NONE.scores)
    boxes_only = Answer(text='red', **target(0.9, mask=False), no_target=False)
    assert boxes_only.masks is None


@pytest.fixture
def supervision(monkeypatch):
    """A module with the constructor of supervision's Detections."""
    module = ModuleType('supervision')
    module.Detections = lambda xyxy, mask=None, confidence=None, class_id=None, \
        tracker_id=None, data=None, metadata=None: SimpleNamespace(
            xyxy=xyxy, mask=mask, confidence=confidence, class_id=class_id, data=data)
    monkeypatch.setitem(sys.modules, 'supervision', module)


def test_supervision_gets_all_targets_of_an_image(supervision):
    found = ImageAnswers([ONE, NONE, TWO], image='a.jpg', size=(4, 6)).to_supervision()
    assert found.xyxy.shape == (3, 4) and found.mask.shape == (3, 4, 6)
    assert found.mask.dtype == bool
    assert found.class_id.tolist() == [0, 2, 2]
    assert found.data['class_name'].tolist() == ['red', 'both', 'both']
    assert found.confidence.tolist() == pytest.approx([0.9, 0.8, 0.5])
    empty = NONE.to_supervision()
    assert empty.xyxy.shape == (0, 4) and empty.mask is None


def test_missing_supervision_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, 'supervision', None)
    with pytest.raises(ImportError, match=r"pip install 'segvg\[supervision\]'"):
        ONE.to_supervision()


def test_coco_has_boxes_masks_scores_and_sentences():
    answers = Answers(predictions=[
        ImageAnswers([ONE, NONE], image='a.jpg', size=(4, 6)),
        ImageAnswers(), ImageAnswers([TWO], size=(4, 6))], visualization=[])
    coco = answers.to_coco()
    assert [(item['id'], item['file_name']) for item in coco['images']] == [
        (1, 'a.jpg'), (3, 'image_3')]
    assert coco['images'][0]['width'] == 6
    first, *_, last = coco['annotations']
    assert first['bbox'] == [2, 1, 3, 2] and first['area'] == 6
    assert first['segmentation'] == ONE['mask'] and first['sentences'] == ['red']
    assert (last['id'], last['image_id'], last['score']) == (3, 3, 0.5)
    assert {item['category_id'] for item in coco['annotations']} == {
        category['id'] for category in coco['categories']}
