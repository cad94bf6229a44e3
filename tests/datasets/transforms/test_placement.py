"""Where the image lies on its canvas."""
import numpy as np
import pytest

from segvg.datasets.transforms import PadToDivisor, PlaceOnCanvas
from tests.datasets.transforms.conftest import bounds, mapped


@pytest.mark.parametrize('height, width, top, left', [
    (60, 80, 10, 0), (60, 77, 10, 1), (57, 80, 11, 0), (59, 75, 10, 2)])
def test_canvas_centre_puts_the_smaller_half_first(
        make_results, height, width, top, left):
    results = PlaceOnCanvas(80)(make_results(height, width, [(1, 2, 3, 4)]))
    assert results['paste_offset'] == (left, top) == results['pad_offset']
    assert results['canvas_shape'] == (80, 80)
    assert results['img'].shape[:2] == (height, width)  # pixels are padded later
    np.testing.assert_allclose(results['gt_bboxes'], mapped(results))
    assert bounds(results['gt_masks'][0]) == results['gt_bboxes'][0].tolist()


def test_canvas_random_uses_the_whole_room(make_results):
    np.random.seed(0)
    transform = PlaceOnCanvas((62, 81), mode='random')
    seen = {transform(make_results())['paste_offset'] for _ in range(100)}
    assert seen == {(x, y) for x in (0, 1) for y in (0, 1, 2)}


def test_image_larger_than_canvas_is_named(make_results):
    with pytest.raises(ValueError, match='60 x 80 .* canvas of 64 x 64.*images/1.jpg'):
        PlaceOnCanvas(64)(make_results())


def test_canvas_is_the_next_multiple(make_results):
    results = PadToDivisor(32)(make_results(32, 33, [(10, 10, 30, 30)]))
    assert results['canvas_shape'] == (32, 64) and results['paste_offset'] == (0, 0)
    assert results['gt_masks'].shape == (1, 32, 64)
    assert results['img'].shape == (32, 33, 3)


def test_mode_is_checked():
    with pytest.raises(ValueError, match="mode is one of .*not 'left'"):
        PlaceOnCanvas(8, 'left')
