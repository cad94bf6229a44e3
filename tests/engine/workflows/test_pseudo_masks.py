"""Which predicted masks are kept."""
import numpy as np
import pytest

from segvg.engine.workflows.pseudo_masks import (
    fill_outline,
    filled_box,
    judge,
    outline_polygons,
    projection_term,
    published_selection,
)


def rectangle(x1: int, y1: int, x2: int, y2: int) -> np.ndarray:
    mask = np.zeros((60, 80), dtype=bool)
    mask[y1:y2, x1:x2] = True
    return mask


def test_shadow_by_hand():
    box = np.zeros((1, 4, 4))
    box[0, :2, :2] = 1
    mask = np.zeros((1, 4, 4))
    mask[0, 0, :2] = 1  # all columns, one of two rows
    assert projection_term(box, box) == pytest.approx(0, abs=1e-5)
    assert projection_term(mask, box) == pytest.approx(1 - 2 / 3, abs=1e-5)


def test_box_is_cut_to_whole_pixels():
    assert filled_box((10.7, 10.3, 40.6, 40.5), (60, 80)).sum() == 29 * 30
    assert filled_box((3.1, 0, 5.1, 1), (60, 80)).sum() == 2


def test_mask_that_fills_its_box_is_kept():
    mask = rectangle(20, 20, 60, 50)
    verdict = judge(mask, (20, 20, 60, 50))
    assert verdict.kept and verdict.term == pytest.approx(0.03, abs=0.005)
    assert verdict.polygons == [[20, 20, 20, 49, 59, 49, 59, 20]]
    assert not judge(mask, (20, 20, 75, 50)).kept
    assert judge(mask, (20, 20, 75, 50), threshold=1.0).kept


def test_two_parts_and_none_are_not_kept():
    mask = rectangle(0, 0, 20, 30) | rectangle(25, 0, 40, 30)
    verdict = judge(mask, (0, 0, 40, 30))
    assert len(verdict.polygons) == 2 and not verdict.kept
    assert judge(rectangle(0, 0, 0, 0), (0, 0, 40, 30)) == ([], None, False)
    assert outline_polygons(rectangle(3, 3, 4, 4)) == []


def test_published_selection_leaks_where_a_prediction_is_empty():
    good = judge(rectangle(20, 20, 60, 50), (20, 20, 60, 50))
    bad = judge(rectangle(20, 20, 60, 50), (0, 0, 10, 10))
    none = judge(rectangle(0, 0, 0, 0), (0, 0, 40, 30))
    kept, leaked = published_selection([none, good, none, bad, none])
    assert (kept, leaked) == ([1, 2], [2])


def test_outline_of_a_mask_fills_it_again():
    """Learning from predictions of predictions does not shrink an object."""
    mask = rectangle(20, 20, 60, 50)
    outline = np.array(outline_polygons(mask)[0]).reshape(-1, 2)
    assert (fill_outline(outline, mask.shape) == mask).all()
    assert not fill_outline(outline[:0], mask.shape).any()
