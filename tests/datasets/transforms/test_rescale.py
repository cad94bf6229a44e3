"""Resizing by OpenCV's rule, the canvas that follows, large-scale jitter."""
import numpy as np
import pytest

from segvg.datasets.transforms import (
    ClipBoxes,
    LargeScaleJitter,
    PadToDivisor,
    ResizeToFit,
)


def make_results(height: int = 40, width: int = 60, box=(10, 10, 30, 30)) -> dict:
    bboxes = np.array([box], dtype=np.float32)
    mask = np.zeros((1, height, width), np.uint8)
    x1, y1, x2, y2 = box
    mask[0, y1:y2, x1:x2] = 1
    image = np.zeros((height, width, 3), np.uint8)
    image[y1:y2, x1:x2] = 255
    return dict(img=image, img_shape=(height, width), ori_shape=(height, width),
                scale_factor=(1.0, 1.0), pad_offset=(0.0, 0.0), gt_bboxes=bboxes,
                gt_masks=mask)


def test_long_side_gets_the_length_and_boxes_follow_the_real_ratios():
    results = ResizeToFit(50)(make_results(41, 60))
    assert results['img_shape'] == (34, 50)  # 34.2 rounded
    x, y = results['scale_factor']
    assert (x, y) == (50 / 60, 34 / 41)
    np.testing.assert_allclose(results['gt_bboxes'][0],
                               [10 * x, 10 * y, 30 * x, 30 * y], rtol=1e-6)
    assert results['gt_masks'].shape == (1, 34, 50)


def test_canvas_is_the_next_multiple():
    results = PadToDivisor(32)(make_results(32, 33))
    assert results['canvas_shape'] == (32, 64) and results['paste_offset'] == (0, 0)
    assert results['gt_masks'].shape == (1, 32, 64)
    assert results['img'].shape == (32, 33, 3)


def test_boxes_are_clipped_to_the_last_pixel():
    results = make_results()
    results['gt_bboxes'] = np.float32([[-3, 4, 60, 40]])
    assert ClipBoxes()(results)['gt_bboxes'].tolist() == [[0, 4, 59, 39]]


@pytest.mark.parametrize('keep', ['box', 'mask'])
@pytest.mark.parametrize('seed', range(6))
def test_jitter_keeps_image_box_and_mask_together(keep, seed):
    np.random.seed(seed)
    results = LargeScaleJitter(64, keep=keep)(make_results())
    height, width = results['img_shape']
    assert results['img'].shape[:2] == results['gt_masks'].shape[1:] == (height, width)
    assert max(height, width) <= 64
    rows, columns = np.nonzero(results['img'][..., 0] > 127)
    x1, y1, x2, y2 = results['gt_bboxes'][0]
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    np.testing.assert_allclose([x1, y1, x2, y2], seen, atol=1.6)
    corner = np.array([10, 10]) * results['scale_factor'] + results['pad_offset']
    np.testing.assert_allclose(corner.clip(0), [x1, y1], atol=1.1)


def test_image_is_scaled_whole_when_no_crop_is_good(monkeypatch):
    jitter = LargeScaleJitter(60, ratio=(1.4, 1.4), min_kept=2.0, thresholds=(2.0, ),
                              tries=3)
    results = jitter(make_results())
    assert results['img_shape'] == (40, 60)
    assert results['gt_bboxes'].tolist() == [[10, 10, 30, 30]]


def test_best_crop_counts_when_none_reaches_the_threshold():
    np.random.seed(0)
    jitter = LargeScaleJitter(60, ratio=(3.0, 3.0), thresholds=(2.0, ), tries=50)
    results = jitter(make_results())
    x1, y1, x2, y2 = results['gt_bboxes'][0]
    assert results['img_shape'] == (40, 60)
    assert (x2 - x1) * (y2 - y1) >= 0.3 * 400 * 9 * 0.5
    assert results['pad_offset'] != (0, 0)


def test_unknown_rule_is_told():
    with pytest.raises(ValueError, match="keep is one of .*, not 'all'"):
        LargeScaleJitter(64, keep='all')
