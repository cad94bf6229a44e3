"""Image, box and mask stay together when the scale is random."""
import numpy as np
import pytest

from segvg.datasets.transforms import LargeScaleJitter


def white_box(height: int = 40, width: int = 60, box=(10, 10, 30, 30)) -> dict:
    bboxes = np.array([box], dtype=np.float32)
    mask = np.zeros((1, height, width), np.uint8)
    x1, y1, x2, y2 = box
    mask[0, y1:y2, x1:x2] = 1
    image = np.zeros((height, width, 3), np.uint8)
    image[y1:y2, x1:x2] = 255
    return dict(img=image, img_shape=(height, width), ori_shape=(height, width),
                scale_factor=(1.0, 1.0), pad_offset=(0.0, 0.0), gt_bboxes=bboxes,
                gt_masks=mask)


@pytest.mark.parametrize('keep', ['box', 'mask'])
@pytest.mark.parametrize('seed', range(6))
def test_jitter_keeps_image_box_and_mask_together(keep, seed):
    np.random.seed(seed)
    results = LargeScaleJitter(64, keep=keep)(white_box())
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
    results = jitter(white_box())
    assert results['img_shape'] == (40, 60)
    assert results['gt_bboxes'].tolist() == [[10, 10, 30, 30]]


def test_best_crop_counts_when_none_reaches_the_threshold():
    np.random.seed(0)
    jitter = LargeScaleJitter(60, ratio=(3.0, 3.0), thresholds=(2.0, ), tries=50)
    results = jitter(white_box())
    x1, y1, x2, y2 = results['gt_bboxes'][0]
    assert results['img_shape'] == (40, 60)
    assert (x2 - x1) * (y2 - y1) >= 0.3 * 400 * 9 * 0.5
    assert results['pad_offset'] != (0, 0)


def test_unknown_rule_is_told():
    with pytest.raises(ValueError, match="keep is one of .*, not 'all'"):
        LargeScaleJitter(64, keep='all')
