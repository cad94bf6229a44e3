"""SeqTR's official mask score."""
import numpy as np
import pytest

from segvg.evaluation import SeqTRMaskIoU
from segvg.evaluation.seqtr_mask_iou import crowd_iou

SQUARE = [0., 0., 10., 0., 10., 10., 0., 10.]


def make_sample(poly: list, polygon: np.ndarray) -> dict:
    return dict(expr_idx=0, img_shape=(10, 20), canvas_shape=(32, 32),
                ori_shape=(20, 40), paste_offset=(0, 0),
                image_instances=dict(bboxes=np.zeros((1, 4)),
                                     segmentations=[dict(poly=poly)]),
                pred_instances=dict(scores=np.ones(1), canvas_polygons=[polygon]))


def test_crowd_rule_by_hand():
    mask = np.array([[True, True, False]])
    target = np.array([[True, False, True]])
    assert crowd_iou(mask, target, crowd=False) == pytest.approx(1 / 3)
    assert crowd_iou(mask, target, crowd=True) == 0.5
    assert crowd_iou(~mask & ~target, target & False, crowd=True) == 0


@pytest.mark.parametrize('parts, score', [(1, 50.0), (2, 100.0)])
def test_masks_meet_on_the_canvas(parts, score):
    """The target is 10 x 10 of 40 x 20, 5 x 5 on the canvas; half of it is found."""
    metric = SeqTRMaskIoU()
    poly = [SQUARE] if parts == 1 else [SQUARE, SQUARE]
    polygon = np.array([[0., 0.], [5, 0], [5, 2.5], [0, 2.5]])
    metric.process({}, [make_sample(poly, polygon)])
    scores = metric.evaluate(1)
    assert scores['res/mIoU (official SeqTR)'] == pytest.approx(score, abs=11)
    assert (scores['res/Pr@0.9 (official SeqTR)'] == 100) is (parts == 2)


def test_missing_polygons_are_told():
    sample = make_sample([SQUARE], np.zeros((0, 2)))
    del sample['pred_instances']['canvas_polygons']
    with pytest.raises(KeyError, match='ContourPart'):
        SeqTRMaskIoU().process({}, [sample])
