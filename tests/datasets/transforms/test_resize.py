"""Every way to resize: sizes, pixels, boxes, masks and the record of the geometry."""
import numpy as np
import pytest
import torch
from PIL import Image

from segvg.datasets.transforms import (
    Resize,
    ResizeExact,
    ResizeLongEdge,
    ResizeShortEdge,
)
from segvg.datasets.transforms.resize import shape_within
from segvg.structures.geometry import Geometry
from tests.datasets.transforms.conftest import mapped


@pytest.mark.parametrize('sides, shape', [
    (dict(long=40), (30, 40)), (dict(short=120), (120, 160)), (dict(long=33), (25, 33)),
    (dict(long=[20]), (15, 20))])
def test_resize_gives_the_named_side(make_results, sides, shape):
    results = Resize(**sides)(make_results())
    assert results['img'].shape == (*shape, 3) and results['img_shape'] == shape
    assert results['gt_masks'].shape == (1, *shape)
    np.testing.assert_allclose(results['gt_bboxes'], mapped(results), rtol=1e-6)


def test_resize_rounds_half_to_even(make_results):
    # 5 / 10 * 5 = 2.5 rows and 5 / 10 * 7 = 3.5 rows
    assert Resize(long=5)(make_results(5, 10))['img_shape'] == (2, 5)
    assert Resize(long=5)(make_results(7, 10))['img_shape'] == (4, 5)


def test_resize_equals_pillow(make_results):
    results = make_results()
    expected = Image.fromarray(results['img']).resize((40, 30), Image.BILINEAR)
    np.testing.assert_array_equal(Resize(long=40)(results)['img'], np.array(expected))


def test_resize_keeps_a_strip_visible(make_results):
    assert Resize(long=10)(make_results(1, 400, [(0, 0, 9, 1)]))['img_shape'] == (1, 10)


def test_resize_draws_from_several_lengths(make_results):
    np.random.seed(0)
    transform = Resize(long=[20, 40, 80])
    widths = {transform(make_results())['img_shape'][1] for _ in range(40)}
    assert widths == {20, 40, 80}


@pytest.mark.parametrize('sides', [dict(), dict(long=3, short=4)])
def test_resize_wants_one_side(sides):
    with pytest.raises(ValueError, match='either long or short'):
        Resize(**sides)


def test_resize_works_without_annotations(make_results):
    results = make_results()
    for key in ('gt_bboxes', 'gt_masks'):
        del results[key]
    assert Resize(long=40)(results)['img_shape'] == (30, 40)


@pytest.mark.parametrize('shape,short,limit,wanted', [
    ((480, 640), 640, 640, (480, 640)), ((375, 500), 640, 640, (480, 640)),
    ((375, 500), 400, None, (400, 533)), ((640, 427), 800, 1333, (1199, 800)),
    ((100, 400), 100, 200, (50, 200))])
def test_size(shape, short, limit, wanted):
    assert shape_within(shape, short, limit) == wanted


def test_boxes_masks_and_record_follow(make_results):
    results = ResizeShortEdge(30)(make_results(61, 80))
    assert results['img'].shape == (30, 39, 3) == (*results['img_shape'], 3)
    assert results['gt_masks'].shape == (1, 30, 39)
    assert results['scale_factor'] == (39 / 80, 30 / 61)
    np.testing.assert_allclose(
        results['gt_bboxes'][0], np.array([10, 20, 40, 50]) * np.array(
            [39 / 80, 30 / 61] * 2), rtol=1e-6)


def test_boxes_of_the_model_find_back_to_the_image(make_results):
    results = ResizeShortEdge(30)(make_results(61, 80))
    geometry = Geometry.from_meta(dict(results, paste_offset=(0, 0)), (64, 64))
    boxes = geometry.normalize_boxes(torch.from_numpy(results['gt_bboxes']), 'image')
    torch.testing.assert_close(geometry.boxes_to_image(boxes, 'image'),
                               torch.tensor([[10., 20., 40., 50.]]))


def test_several_sizes_are_drawn(make_results):
    np.random.seed(0)
    sizes = {ResizeShortEdge([20, 30])(make_results())['img_shape'] for _ in range(20)}
    assert sizes == {(20, 26), (30, 40)}


def test_long_side_gets_the_length_and_boxes_follow_the_real_ratios(make_results):
    results = ResizeLongEdge(50, 'opencv')(
        make_results(41, 60, [(10, 10, 30, 30)]))
    assert results['img_shape'] == (34, 50)  # 34.2 rounded
    x, y = results['scale_factor']
    assert (x, y) == (50 / 60, 34 / 41)
    np.testing.assert_allclose(results['gt_bboxes'][0],
                               [10 * x, 10 * y, 30 * x, 30 * y], rtol=1e-6)
    assert results['gt_masks'].shape == (1, 34, 50)


def test_long_edge_of_pillow_is_computed_from_the_short_one(make_results):
    assert ResizeLongEdge(50)(make_results(41, 60))['img_shape'] == (34, 49)
    assert ResizeLongEdge(50)(make_results(50, 60))['img_shape'] == (42, 50)


@pytest.mark.parametrize('backend', ['pillow', 'opencv'])
def test_masks_of_long_edge_take_the_pixel_at_floor(make_results, backend):
    results = make_results(60, 80)
    results['gt_masks'][:] = 0
    results['gt_masks'][0, ::2, ::2] = 1  # even pixels, which i * 2 hits
    assert ResizeLongEdge(40, backend)(results)['gt_masks'].all()


def test_backend_of_long_edge_is_checked():
    with pytest.raises(ValueError, match="backend is one of .*not 'cv2'"):
        ResizeLongEdge(50, 'cv2')


def test_exact_size_brings_both_sides_to_their_length(make_results):
    results = make_results(bboxes=[(8, 12, 40, 48)], with_mask=False)
    results = ResizeExact((30, 120))(results)
    assert results['img'].shape == (30, 120, 3) and results['img_shape'] == (30, 120)
    assert results['scale_factor'] == (1.5, 0.5)
    np.testing.assert_allclose(results['gt_bboxes'], [[12, 6, 60, 24]])


def test_exact_size_refuses_masks(make_results):
    with pytest.raises(ValueError, match='ResizeExact comes before the transforms'):
        ResizeExact(64)(make_results())


def test_exact_size_scales_masks_with_a_filter(make_results):
    results = make_results(bboxes=[(8, 12, 40, 48)])
    mask, = results['gt_masks'].copy()
    results = ResizeExact((30, 120), 'opencv', mask_filter='floor')(results)
    rows, columns = np.arange(30) * 2, np.arange(120) * 80 // 120
    np.testing.assert_array_equal(results['gt_masks'][0], mask[rows][:, columns])
    assert results['img'].shape == (30, 120, 3)


def test_filters_of_exact_size_are_checked():
    with pytest.raises(ValueError, match="backend is one of .*not 'cv2'"):
        ResizeExact(50, 'cv2')
    with pytest.raises(ValueError, match="mask_filter is None or .*not 'nearest'"):
        ResizeExact(50, mask_filter='nearest')
