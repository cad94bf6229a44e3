"""Masks to contour points."""
import numpy as np
import pytest

from segvg.datasets.transforms import SampleContour
from segvg.datasets.transforms.contour import (
    largest_contour,
    mass_center,
    sample_contour,
)


def square(side: int = 4, size: int = 12) -> np.ndarray:
    mask = np.zeros((size, size), np.uint8)
    mask[2:2 + side, 3:3 + side] = 1
    return mask


def test_contour_runs_down_from_the_top_left():
    contour = largest_contour(square(3))
    assert contour[:3].tolist() == [[3, 2], [3, 3], [3, 4]] and len(contour) == 8
    assert mass_center(contour).tolist() == [4, 3]


def test_every_kth_point_and_the_rest_is_none():
    points = sample_contour(square(4), 5)  # 12 contour points, every third
    assert points[:4].tolist() == [[3, 2], [3, 5], [6, 5], [6, 2]]
    assert points[4].tolist() == [-1, -1]


def test_short_contours_are_kept_whole():
    points = sample_contour(square(3), 10)
    assert (points[:8] >= 0).all() and (points[8:] == -1).all()


@pytest.mark.parametrize('by_angle', [True, False])
def test_mask_without_area_has_no_points(by_angle):
    line = np.zeros((8, 8), np.uint8)
    line[2, 1:6] = 1
    for mask in (line, np.zeros((8, 8), np.uint8)):
        assert (sample_contour(mask, 6, by_angle) == -1).all()


def test_points_by_angle_lie_around_the_centre():
    points = sample_contour(square(7), 4, by_angle=True)
    np.testing.assert_allclose(points, [[9, 5], [6, 8], [3, 5], [6, 2]], atol=1e-5)


def test_transform_samples_every_target_and_tells_missing_masks():
    results = SampleContour(6)(dict(gt_masks=np.stack([square(), square(2)])))
    assert results['target_contours'].shape == (2, 6, 2)
    empty = SampleContour(6)(dict(gt_masks=np.zeros((0, 4, 4), np.uint8)))
    assert empty['target_contours'].shape == (0, 6, 2)
    with pytest.raises(ValueError, match='a.jpg, which were not loaded'):
        SampleContour(6)(dict(img_path='a.jpg'))
