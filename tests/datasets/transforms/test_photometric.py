"""Colours change within their bounds; nothing else does."""
import numpy as np
import pytest
from PIL import Image, ImageEnhance

from segvg.datasets.transforms import BrightnessJitter, ColorJitter, GaussianBlur
from segvg.datasets.transforms.photometric import scale_value


def test_jitter_of_strength_zero_changes_nothing(make_results):
    results = make_results()
    before = results['img'].copy()
    np.testing.assert_array_equal(ColorJitter(0, 0, 0, prob=1)(results)['img'], before)


def test_jitter_of_brightness_equals_pillow(make_results, monkeypatch):
    monkeypatch.setattr(np.random, 'uniform', lambda low, high: high)
    results = make_results()
    expected = ImageEnhance.Brightness(Image.fromarray(results['img'])).enhance(1.4)
    results = ColorJitter(0.4, 0, 0, prob=1)(results)
    # factor 1 for contrast and saturation leaves pixels as they are
    np.testing.assert_array_equal(results['img'], np.array(expected))


def test_jitter_draws_all_orders(make_results, monkeypatch):
    np.random.seed(0)
    orders = set()
    permutation = np.random.permutation
    monkeypatch.setattr(np.random, 'permutation', lambda n: (
        lambda order: orders.add(tuple(order)) or order)(permutation(n)))
    for _ in range(60):
        ColorJitter(prob=1)(make_results(4, 4, []))
    assert len(orders) == 6


def test_strength_above_one_stops_at_black(make_results, monkeypatch):
    monkeypatch.setattr(np.random, 'uniform', lambda low, high: low)
    assert ColorJitter(3, 0, 0, prob=1)(make_results())['img'].max() == 0


@pytest.mark.parametrize('transform', [ColorJitter(prob=0), GaussianBlur(prob=0)])
def test_probability_zero_changes_nothing(make_results, transform):
    results = make_results()
    before = results['img'].copy()
    np.testing.assert_array_equal(transform(results)['img'], before)


@pytest.mark.parametrize('transform', [ColorJitter(prob=1), GaussianBlur(prob=1)])
def test_only_pixels_change(make_results, transform):
    np.random.seed(0)
    results, before = make_results(), make_results()
    results = transform(results)
    assert results['img'].shape == before['img'].shape
    assert results['img'].dtype == np.uint8
    assert (results['img'] != before['img']).any()
    np.testing.assert_array_equal(results['gt_bboxes'], before['gt_bboxes'])
    assert results.keys() == before.keys()


def test_blur_smooths(make_results):
    results = make_results()
    rough = np.abs(np.diff(results['img'].astype(int), axis=1)).mean()
    results = GaussianBlur(prob=1, radius=(2, 2))(results)
    assert np.abs(np.diff(results['img'].astype(int), axis=1)).mean() < rough / 3


def test_value_is_scaled_and_cut():
    image = np.zeros((2, 3, 3), np.uint8)
    image[0] = (100, 50, 0)
    image[1] = (200, 200, 200)
    out = scale_value(image, 1.5)
    assert np.abs(out[0, 0].astype(int) - (150, 75, 0)).max() <= 1
    assert out[1, 0].tolist() == [255, 255, 255]


def test_brightness_stays_in_its_range():
    image = np.full((2, 2, 3), 100, np.uint8)
    seen = [BrightnessJitter(0.5)(dict(img=image))['img'][0, 0, 0] for _ in range(50)]
    assert 50 <= min(seen) < 80 and 120 < max(seen) <= 150
    with pytest.raises(ValueError, match='strength is from 0 to 1'):
        BrightnessJitter(2)
