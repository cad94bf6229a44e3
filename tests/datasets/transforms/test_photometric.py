"""Colours change within their bounds; nothing else does."""
import numpy as np
import pytest
from PIL import Image, ImageEnhance

from segvg.datasets.transforms import ColorJitter, GaussianBlur


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


def test_repr_shows_arguments():
    assert repr(ColorJitter()) == ('ColorJitter(brightness=0.4, contrast=0.4, '
                                   'saturation=0.4, prob=0.8)')
    assert repr(GaussianBlur()) == 'GaussianBlur(prob=0.5, radius=(0.1, 2.0))'
