import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from segvg.synthref.segmentation import trace_polygons

MASKS = hnp.arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


def rasterise(polygons, height, width):
    parts = coco.frPyObjects([list(map(float, part)) for part in polygons],
                             height, width)
    return coco.decode(coco.merge(parts)).astype(bool)


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(MASKS)
def test_traced_polygons_rasterise_to_the_same_mask(mask):
    polygons = trace_polygons(mask)
    if polygons:
        np.testing.assert_array_equal(rasterise(polygons, *mask.shape), mask)
    else:
        assert polygons is None or not mask.any()


def test_polygons_of_a_hand_made_mask():
    mask = np.array([[1, 1, 0, 0],
                     [1, 0, 0, 1]], dtype=bool)
    assert trace_polygons(mask) == [[0, 0, 2, 0, 2, 1, 1, 1, 1, 2, 0, 2],
                                    [3, 1, 4, 1, 4, 2, 3, 2]]


@pytest.mark.parametrize('filled, expected', [
    ([[1, 1, 1], [1, 0, 1], [1, 1, 1]], None),                     # a hole
    ([[1, 1, 1], [1, 0, 1], [1, 1, 0]], [[0, 0, 3, 0, 3, 2, 2, 2, 2, 1, 1, 1, 1, 2, 2,
                                          2, 2, 3, 0, 3]]),          # open at a corner
    ([[1, 0], [0, 1]], [[0, 0, 1, 0, 1, 1, 0, 1], [1, 1, 2, 1, 2, 2, 1, 2]])])
def test_polygons_where_pixels_touch_at_corners(filled, expected):
    assert trace_polygons(np.array(filled, dtype=bool)) == expected
