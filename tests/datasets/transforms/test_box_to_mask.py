"""Masks made from boxes cover what they should, at every stride."""
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segvg.datasets.transforms import (
    AnnotationMask,
    BoxToMask,
    EllipseBoxMask,
    FillBoxMask,
    GaussianBoxMask,
    PlaceOnCanvas,
    Resize,
)
from segvg.registry import TRANSFORMS

KINDS = [FillBoxMask, EllipseBoxMask, GaussianBoxMask]


def boxes(*items):
    return np.array(items, dtype=np.float32).reshape(-1, 4)


def test_fill_truncates_all_four_sides():
    mask = FillBoxMask().make_masks(boxes((1.9, 2.9, 4.9, 5.1)), (8, 8))[0]
    expected = np.zeros((8, 8))
    expected[2:5, 1:4] = 1
    np.testing.assert_array_equal(mask, expected)


@pytest.mark.parametrize('box', [(2.1, 1, 2.9, 5), (3, 3, 3, 3), (9, 9, 12, 12)])
def test_fill_of_a_thin_or_distant_box_is_empty(box):
    assert FillBoxMask().make_masks(boxes(box), (8, 8)).sum() == 0


def test_fill_is_cut_at_the_canvas():
    mask = FillBoxMask().make_masks(boxes((-3, -0.5, 2, 20)), (8, 8))[0]
    assert mask[:, :2].all() and not mask[:, 2:].any()


def test_ellipse_is_the_inscribed_one():
    mask = EllipseBoxMask().make_masks(boxes((10, 20, 70, 60)), (80, 80))[0]
    assert mask[40, 40] == 1 and mask[21, 11] == 0 and mask[58, 68] == 0
    assert mask.sum() == pytest.approx(np.pi * 30 * 20, rel=0.01)


def test_gaussian_falls_off_from_the_middle():
    mask = GaussianBoxMask(sigma=0.5).make_masks(boxes((0, 0, 21, 41)), (41, 21))[0]
    assert mask[20, 10] == pytest.approx(1)
    assert (np.diff(mask[20, 10:]) < 0).all() and (np.diff(mask[20:, 10]) < 0).all()
    # half a pixel inside the side: (10 / 10.5) half widths from the middle
    assert mask[20, 20] == pytest.approx(np.exp(-(10 / 10.5)**2 / 0.5), rel=1e-5)


def test_stride_gives_the_covered_part_of_each_cell(make_results):
    results = PlaceOnCanvas((60, 80))(make_results(bboxes=[(10, 20, 40, 45)]))
    results = FillBoxMask(stride=10)(results)
    masks = results['target_masks']
    assert masks.shape == (1, 6, 8) and masks.dtype == np.float32
    assert results['target_mask_stride'] == 10
    assert masks[0, 2:4, 1:4].min() == 1 and (masks[0, 4, 1:4] == 0.5).all()
    assert masks.sum() == pytest.approx(30 * 25 / 100)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-20, 60, width=32), min_size=4, max_size=4),
       st.sampled_from(KINDS), st.sampled_from([1, 4]))
def test_masks_are_finite_and_between_0_and_1(corners, kind, stride):
    (x1, x2), (y1, y2) = sorted(corners[:2]), sorted(corners[2:])
    results = dict(gt_bboxes=boxes((x1, y1, x2, y2)), canvas_shape=(32, 40))
    mask = kind(stride)(results | dict(img_shape=(9, 9)))['target_masks']
    assert mask.shape == (1, 32 // stride, 40 // stride)
    assert np.isfinite(mask).all() and mask.min() >= 0 and mask.max() <= 1


@pytest.mark.parametrize('kind', KINDS)
def test_no_box_gives_no_mask(kind, make_results):
    results = kind(stride=4)(make_results(bboxes=[]))
    assert results['target_masks'].shape == (0, 15, 20)


@pytest.mark.parametrize('kind', KINDS)
def test_masks_do_not_depend_on_other_boxes(kind):
    both = boxes((1, 2, 9, 7), (4, 4, 15, 12))
    together = kind().make_masks(both, (16, 16))
    for box, mask in zip(both, together):
        np.testing.assert_array_equal(kind().make_masks(box[None], (16, 16))[0], mask)


def test_canvas_that_cells_do_not_divide_is_named(make_results):
    with pytest.raises(ValueError, match='60 x 80 .* cells of 16 x 16'):
        FillBoxMask(stride=16)(make_results())


def test_annotated_masks_follow_to_the_canvas(make_results):
    results = make_results()
    for transform in (Resize(long=40), PlaceOnCanvas(40), AnnotationMask(stride=5)):
        results = transform(results)
    boxes_only = FillBoxMask(stride=5)(make_results_like(results))
    np.testing.assert_array_equal(results['target_masks'], boxes_only['target_masks'])


def make_results_like(results):
    """Return what a bbox-to-mask transform reads; here boxes equal masks."""
    return {key: results[key] for key in ('gt_bboxes', 'canvas_shape', 'img_shape')}


def test_annotation_mask_says_what_to_load(make_results):
    with pytest.raises(ValueError, match='images/1.jpg.*with_mask=True'):
        AnnotationMask()(make_results(with_mask=False))


def test_own_box_to_mask_needs_one_method(make_results):

    @TRANSFORMS.register_module()
    class CentreRowMask(BoxToMask):

        def make_masks(self, bboxes, canvas_shape):
            masks = np.zeros((len(bboxes), *canvas_shape), dtype=np.float32)
            for mask, bbox in zip(masks, bboxes):
                mask[int(bbox[1::2].mean())] = 1
            return masks

    try:
        transform = TRANSFORMS.build(dict(type='CentreRowMask', stride=2))
        assert transform(make_results())['target_masks'].sum() == 20  # 40 cells, half
    finally:
        TRANSFORMS.module_dict.pop('CentreRowMask')


def test_repr_shows_arguments():
    assert repr(FillBoxMask(4)) == 'FillBoxMask(stride=4)'
    assert repr(GaussianBoxMask()) == 'GaussianBoxMask(stride=1, sigma=0.5)'
    assert repr(AnnotationMask()) == 'AnnotationMask(stride=1)'
