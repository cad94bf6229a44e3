"""One size whatever the sides; masks drawn at that size."""
import numpy as np
import pytest

from segvg.datasets.transforms import DrawMasks, RandomFlip, ResizeExact
from segvg.structures.masks import encode_rle

BOX = [8.0, 12.0, 40.0, 48.0, ]
POLYGON = [8.0, 12.0, 40.0, 12.0, 40.0, 48.0, 8.0, 48.0]


@pytest.fixture
def results(make_results):
    """Results without masks, one target as a polygon."""
    results = make_results(60, 80, bboxes=[BOX], with_mask=False)
    results['instances'][0]['mask'] = dict(poly=[POLYGON])
    return results


def test_both_sides_get_their_length_and_boxes_follow(results):
    results = ResizeExact((30, 120))(results)
    assert results['img'].shape == (30, 120, 3) and results['img_shape'] == (30, 120)
    assert results['scale_factor'] == (1.5, 0.5)
    np.testing.assert_allclose(results['gt_bboxes'], [[12, 6, 60, 24]])


def test_polygons_are_scaled_then_drawn(results):
    results = DrawMasks()(ResizeExact(120)(results))
    mask, = results['gt_masks']
    assert mask.shape == (120, 120) and mask.dtype == np.uint8
    expected = np.zeros_like(mask)
    expected[24:96, 12:60] = 1
    np.testing.assert_array_equal(mask, expected)


@pytest.mark.parametrize('polygons', [[[1., 2., 3., 4.]], [[1., 2., 3., 4., 5.]]])
def test_polygon_without_an_area_draws_nothing(results, polygons):
    results['instances'][0]['mask'] = dict(poly=polygons)
    assert not DrawMasks()(ResizeExact(120)(results))['gt_masks'].any()


def test_crowds_and_what_nobody_names_stay_empty(results):
    results['instances'][0]['ignore_flag'] = 1
    results['instances'].append(dict(bbox=BOX, mask=None, ann_id=9))
    assert DrawMasks()(results)['gt_masks'].shape == (2, 60, 80)
    assert not results['gt_masks'].any()


def test_run_length_code_is_scaled(results):
    mask = np.zeros((60, 80), bool)
    mask[12:48, 8:40] = True
    results['instances'][0]['mask'] = dict(rle=encode_rle(mask))
    drawn, = DrawMasks()(ResizeExact(120)(results))['gt_masks']
    assert drawn[24:96, 12:60].all() and drawn.sum() == 72 * 48


def test_no_target_has_no_mask(make_results):
    results = make_results(bboxes=[], with_mask=False)
    assert DrawMasks()(ResizeExact(64)(results))['gt_masks'].shape == (0, 64, 64)


def test_wrong_order_and_missing_mask_are_told(results, make_results):
    with pytest.raises(ValueError, match='ResizeExact comes before what makes masks'):
        ResizeExact(64)(make_results())
    with pytest.raises(ValueError, match='DrawMasks comes before flips and crops'):
        DrawMasks()(RandomFlip(1.0)(results))
    results['instances'][0]['mask'] = None
    results['flip'] = False
    with pytest.raises(ValueError, match='the mask of annotation 0 of images/1.jpg'):
        DrawMasks()(results)
