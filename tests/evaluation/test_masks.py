"""Overlap of masks, by hand; official rules of RefTR and SeqTR."""
import numpy as np
import pytest
import torch

from segvg.evaluation import MaskIoU, NetworkMaskIoU, SeqTRMaskIoU
from segvg.evaluation.masks import crowd_iou, mask_iou, nearest_resize
from segvg.structures.masks import decode_polygons


def score(*samples):
    metric = MaskIoU()
    metric.process({}, samples)
    return metric.evaluate(len(samples))


def test_overall_and_mean_iou_differ(make_sample):
    # IoU 100 / 400 of a large object and 10 / 10 of a small one
    samples = [
        make_sample(0, [(0, 0, 20, 20)], [(0, 0, 10, 10)], masks=True),
        make_sample(1, [(0, 0, 5, 2)], [(0, 0, 5, 2)], masks=True)]
    scores = score(*samples)
    assert scores['res/oIoU'] == pytest.approx(100 * 110 / 410)
    assert scores['res/mIoU'] == pytest.approx(62.5)
    assert scores['res/Pr@0.5'] == scores['res/Pr@0.9'] == 50


def test_iou_of_exactly_the_threshold_counts(make_sample):
    scores = score(make_sample(0, [(0, 0, 20, 20)], [(0, 0, 20, 10)], masks=True))
    assert scores['res/Pr@0.5'] == 100 and scores['res/Pr@0.6'] == 0


@pytest.mark.parametrize('rows, threshold', [
    (10, 0.5), (12, 0.6), (14, 0.7), (16, 0.8), (18, 0.9)])
def test_every_threshold_is_met_by_equality_and_not_by_less(rows, threshold,
                                                            make_sample):
    """Targets of 20 rows; ``rows`` of them are found, in a second one a row less."""
    scores = score(*(make_sample(i, [(0, 0, 20, 20)], [(0, 0, 20, found)], masks=True)
                     for i, found in enumerate((rows, rows - 1))))
    assert scores[f'res/Pr@{threshold}'] == 50


def test_empty_masks_have_scores_and_their_pixels_count(make_sample):
    """An annotated mask without a pixel: 0, with or without a prediction."""
    empty = (3, 3, 3, 3)
    nothing = make_sample(0, [empty], [empty], masks=True)
    assert set(score(nothing).values()) == {0.0}
    drawn = make_sample(1, [empty], [(0, 0, 10, 10)], masks=True)
    right = make_sample(2, [(0, 0, 10, 5)], [(0, 0, 10, 5)], masks=True)
    scores = score(nothing, drawn, right)
    assert scores['res/oIoU'] == pytest.approx(100 * 50 / 150)
    assert scores['res/mIoU'] == scores['res/Pr@0.9'] == pytest.approx(100 / 3)


def test_several_targets_are_united(make_sample):
    targets = [(0, 0, 10, 10), (5, 0, 20, 10)]
    scores = score(make_sample(0, targets, [(0, 0, 20, 10)], masks=True))
    assert scores['res/mIoU'] == 100


def test_top_scoring_mask_counts(make_sample):
    bboxes = [(40, 0, 50, 9), (10, 10, 30, 30)]
    sample = make_sample(0, bboxes=bboxes, scores=[0.2, 0.3], masks=True)
    assert score(sample)['res/mIoU'] == 100


def test_empty_predictions_count_as_zero(make_sample):
    samples = [make_sample(0, bboxes=[], masks=True),
               make_sample(1, bboxes=[(3, 3, 3, 3)], masks=True),
               make_sample(2, [(3, 3, 3, 3)], [(3, 3, 3, 3)], masks=True)]
    assert score(*samples)['res/mIoU'] == 0


def test_mask_of_another_size_is_an_error(make_sample):
    sample = make_sample(2, masks=True)
    sample.pred_instances.masks = sample.pred_instances.masks[:, :30]
    with pytest.raises(ValueError, match=r"'object 2'.*\(30, 60\).*\(40, 60\)"):
        score(sample)


def test_prediction_without_masks_is_an_error(make_sample):
    with pytest.raises(KeyError, match="'object 2'.*without masks"):
        score(make_sample(2))


def test_expression_without_target_is_an_error(make_sample):
    with pytest.raises(ValueError, match="with a target.*'object 2'.*has none"):
        score(make_sample(2, targets=[], masks=True))


def test_missing_annotated_mask_is_an_error(make_sample):
    sample = make_sample(2, masks=True)
    sample.image_instances.segmentations = [None]
    with pytest.raises(ValueError, match="mask of expression 'object 2'.*no mask"):
        score(sample)


# -- RefTR's rule ---------------------------------------------------------------------


def test_nearest_pixel_is_the_one_below():
    mask = np.array([[True, False, False, True]])
    assert nearest_resize(mask, (2, 8)).astype(int).tolist() == [
        [1, 1, 0, 0, 0, 0, 1, 1]] * 2
    assert nearest_resize(mask, (1, 2)).tolist() == [[True, False]]


def test_empty_masks_count_nothing():
    assert mask_iou(np.zeros((2, 2), bool), np.zeros((2, 2), bool)) == 0


def test_masks_meet_at_the_size_of_the_network(make_sample):
    """The target is 20 x 20 of 40 x 60, 10 x 10 in the resized image; half is found."""
    metric = NetworkMaskIoU()
    sample = make_sample(img_shape=(20, 30))
    with pytest.raises(KeyError, match='without canvas_masks: a PhraseHead with a'):
        metric.process(None, [sample])
    found = torch.zeros((1, 20, 30), dtype=torch.bool)
    found[:, 5:15, 5:10] = True
    sample.pred_instances.canvas_masks = found
    metric.process(None, [sample])
    assert metric.evaluate(1) == {'res/mIoU (official RefTR)': 50.0}


# -- SeqTR's rule ---------------------------------------------------------------------

SQUARE = [0., 0., 10., 0., 10., 10., 0., 10.]


def contour_sample(poly: list, polygon: np.ndarray) -> dict:
    return dict(expr_idx=0, img_shape=(10, 20), canvas_shape=(32, 32),
                ori_shape=(20, 40), scale_factor=(0.5, 0.5), pad_offset=(0, 0),
                paste_offset=(0, 0),
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
def test_contours_meet_on_the_canvas(parts, score):
    """The target is 10 x 10 of 40 x 20, 5 x 5 on the canvas; half of it is found."""
    metric = SeqTRMaskIoU()
    poly = [SQUARE] if parts == 1 else [SQUARE, SQUARE]
    polygon = np.array([[0., 0.], [5, 0], [5, 2.5], [0, 2.5]])
    metric.process({}, [contour_sample(poly, polygon)])
    scores = metric.evaluate(1)
    assert scores['res/mIoU (official SeqTR)'] == pytest.approx(score, abs=11)
    assert (scores['res/Pr@0.9 (official SeqTR)'] == 100) is (parts == 2)


@pytest.mark.parametrize('left, top', [(0, 0), (3, 7), (12, 22)])
def test_contours_meet_where_the_image_lies_on_the_canvas(left, top):
    target = np.array([[9., 1], [38, 3], [30, 18], [2, 12]])  # in 40 x 20
    polygon = np.array([[5., 1], [18, 1], [15, 8], [1, 6]])  # in 20 x 10
    sample = contour_sample([target.ravel().tolist()], polygon + [left, top])
    sample['paste_offset'] = (left, top)
    metric = SeqTRMaskIoU()
    metric.process({}, [sample])
    whole = decode_polygons([target.ravel().tolist()], 20, 40)
    seen = nearest_resize(whole, (10, 20))
    found = decode_polygons([polygon.ravel().tolist()], 10, 20)
    expected = 100 * mask_iou(found, seen)
    assert 60 < expected < 95
    assert metric.evaluate(1)['res/mIoU (official SeqTR)'] == pytest.approx(expected)


def test_missing_polygons_are_told():
    sample = contour_sample([SQUARE], np.zeros((0, 2)))
    del sample['pred_instances']['canvas_polygons']
    with pytest.raises(KeyError, match='ContourPart'):
        SeqTRMaskIoU().process({}, [sample])
