"""Crops move everything; some of them lose targets."""
import numpy as np
import pytest

from segvg.datasets.transforms import ClipBoxes, FreeSizeCrop, RandomSizeCrop
from tests.datasets.transforms.conftest import bounds, expression, mapped


def test_crop_moves_everything(make_results):
    results = make_results()
    pixels = results['img'][15:55, 5:65]
    results = RandomSizeCrop().crop(results, (15, 5, 40, 60))
    np.testing.assert_array_equal(results['img'], pixels)
    assert results['gt_bboxes'].tolist() == [[5, 5, 35, 35]]
    assert bounds(results['gt_masks'][0]) == [5, 5, 35, 35]
    assert results['pad_offset'] == (-5, -15)
    np.testing.assert_allclose(results['gt_bboxes'], mapped(results))


def test_crop_clips_boxes(make_results):
    results = RandomSizeCrop().crop(make_results(), (30, 20, 10, 10))
    assert results['gt_bboxes'].tolist() == [[0, 0, 10, 10]]


@pytest.mark.parametrize('bboxes, accepted', [
    ([(0, 0, 20, 10)], True),  # half of it is kept: IoU 0.5 is enough
    ([(0, 0, 20.1, 10)], False), ([(0, 0, 9, 9), (0, 0, 30, 10)], False),
    ([(20, 20, 30, 30)], False), ([(3, 3, 3, 9)], False), ([], True)])
def test_crop_keeps_at_least_half_of_every_box(bboxes, accepted):
    bboxes = np.array(bboxes, dtype=np.float32).reshape(-1, 4)
    assert RandomSizeCrop().accepts((0, 0, 10, 10), bboxes) is accepted


def test_crop_test_of_transvg_swaps_the_axes():
    transform = RandomSizeCrop(accept='center_swapped')
    bboxes = np.float32([[20, 4, 40, 6]])  # centre (30, 5)
    assert transform.accepts((29, 4, 1, 1), bboxes)  # top 29 < 30, left 4 < 5
    assert not transform.accepts((4, 29, 1, 1), bboxes)
    assert not transform.accepts((30, 0, 1, 1), bboxes)


def test_crop_draws_width_height_top_left(make_results, monkeypatch):
    asked = []
    monkeypatch.setattr(np.random, 'randint',
                        lambda low, high: asked.append((low, high)) or high - 1)
    region = RandomSizeCrop(30, 50).draw_region((60, 80))
    assert asked == [(30, 51), (30, 51), (0, 11), (0, 31)]
    assert region == (10, 30, 50, 50)


def test_crop_sizes_stay_in_range(make_results):
    np.random.seed(0)
    transform = RandomSizeCrop(20, 30)
    for _ in range(50):
        results = transform(make_results(bboxes=[(30, 20, 40, 30)]))
        height, width = results['img_shape']
        assert 20 <= height <= 30 and 20 <= width <= 30
        assert results['img'].shape[:2] == results['gt_masks'].shape[1:]
        np.testing.assert_allclose(results['gt_bboxes'][0],
                                   bounds(results['gt_masks'][0]))


def test_crop_gives_up_after_its_tries(make_results):
    results = RandomSizeCrop(10, 12, tries=3)(make_results(bboxes=[(0, 0, 80, 60)]))
    assert results['img_shape'] == (60, 80) and results['pad_offset'] == (0, 0)


def test_crop_keeps_a_side_that_is_too_short(make_results):
    results = RandomSizeCrop(70, 75)(make_results(bboxes=[(30, 20, 40, 30)]))
    assert results['img_shape'][0] == 60 and 70 <= results['img_shape'][1] <= 75


@pytest.mark.parametrize('make, message', [
    (lambda: RandomSizeCrop(accept='any'), "accept is one of .*not 'any'"),
    (lambda: RandomSizeCrop(9, 8), 'min_size 9 is above max_size 8')])
def test_wrong_argument_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_lost_targets_leave_their_expression(make_results):
    results = make_results(bboxes=[(0, 0, 10, 10), (40, 30, 70, 55)])
    phrases = [dict(span=[[0, 1]], targets=[0])]
    results['expressions'] = [expression('a', [0, 1], phrases=phrases)]
    results = FreeSizeCrop().crop(results, (20, 30, 40, 50))
    assert results['expressions'][0]['targets'] == [1]
    assert results['expressions'][0]['phrases'][0]['targets'] == []
    np.testing.assert_array_equal(results['gt_bboxes'][1], [10, 10, 40, 35])
    assert results['pad_offset'] == (-30, -20)


def test_any_region_is_taken(make_results):
    np.random.seed(0)
    results = [FreeSizeCrop(20, 30)(make_results(bboxes=[(0, 0, 2, 2)]))
               for _ in range(20)]
    assert any(not item['expressions'][0]['targets'] for item in results)
    assert all(20 <= side <= 30 for item in results for side in item['img_shape'])


def test_boxes_are_clipped_to_the_last_pixel(make_results):
    results = make_results(40, 60, [(-3, 4, 60, 40)])
    assert ClipBoxes()(results)['gt_bboxes'].tolist() == [[0, 4, 59, 39]]
