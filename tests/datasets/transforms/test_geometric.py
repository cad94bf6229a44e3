"""Pixels, boxes, masks and the record of the geometry move together."""
import numpy as np
import pytest
from PIL import Image

from segvg.datasets.transforms import (
    FillBoxMask,
    PlaceOnCanvas,
    RandomFlip,
    RandomSizeCrop,
    Resize,
    TokenizeExpression,
)
from tests.datasets.transforms.conftest import expression


def bounds(mask):
    """Return the bounding box of a mask."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


def mapped(results):
    """Return the boxes of the image where the record says they lie now."""
    scale = np.tile(results['scale_factor'], 2)
    return results['image_bboxes'] * scale + np.tile(results['pad_offset'], 2)


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


def test_crop_moves_everything(make_results):
    results = make_results()
    pixels = results['img'][15:55, 5:65]
    results = RandomSizeCrop().crop(results, (15, 5, 40, 60))
    np.testing.assert_array_equal(results['img'], pixels)
    assert results['gt_bboxes'].tolist() == [[5, 5, 35, 35]]
    assert bounds(results['gt_masks'][0]) == [5, 5, 35, 35]
    assert results['pad_offset'] == (-5, -15)
    np.testing.assert_allclose(results['gt_bboxes'], mapped(results))


def test_crop_clips_boxes(make_results):
    results = RandomSizeCrop().crop(make_results(), (30, 20, 10, 10))
    assert results['gt_bboxes'].tolist() == [[0, 0, 10, 10]]


@pytest.mark.parametrize('bboxes, accepted', [
    ([(0, 0, 20, 10)], True),  # half of it is kept: IoU 0.5 is enough
    ([(0, 0, 20.1, 10)], False), ([(0, 0, 9, 9), (0, 0, 30, 10)], False),
    ([(20, 20, 30, 30)], False), ([(3, 3, 3, 9)], False), ([], True)])
def test_crop_keeps_at_least_half_of_every_box(bboxes, accepted):
    bboxes = np.array(bboxes, dtype=np.float32).reshape(-1, 4)
    assert RandomSizeCrop().accepts((0, 0, 10, 10), bboxes) is accepted


def test_crop_test_of_transvg_swaps_the_axes():
    transform = RandomSizeCrop(accept='center_swapped')
    bboxes = np.float32([[20, 4, 40, 6]])  # centre (30, 5)
    assert transform.accepts((29, 4, 1, 1), bboxes)  # top 29 < 30, left 4 < 5
    assert not transform.accepts((4, 29, 1, 1), bboxes)
    assert not transform.accepts((30, 0, 1, 1), bboxes)


def test_crop_draws_width_height_top_left(make_results, monkeypatch):
    asked = []
    monkeypatch.setattr(np.random, 'randint',
                        lambda low, high: asked.append((low, high)) or high - 1)
    region = RandomSizeCrop(30, 50).draw_region((60, 80))
    assert asked == [(30, 51), (30, 51), (0, 11), (0, 31)]
    assert region == (10, 30, 50, 50)


def test_crop_sizes_stay_in_range(make_results):
    np.random.seed(0)
    transform = RandomSizeCrop(20, 30)
    for _ in range(50):
        results = transform(make_results(bboxes=[(30, 20, 40, 30)]))
        height, width = results['img_shape']
        assert 20 <= height <= 30 and 20 <= width <= 30
        assert results['img'].shape[:2] == results['gt_masks'].shape[1:]
        np.testing.assert_allclose(results['gt_bboxes'][0],
                                   bounds(results['gt_masks'][0]))


def test_crop_gives_up_after_its_tries(make_results):
    results = RandomSizeCrop(10, 12, tries=3)(make_results(bboxes=[(0, 0, 80, 60)]))
    assert results['img_shape'] == (60, 80) and results['pad_offset'] == (0, 0)


def test_crop_keeps_a_side_that_is_too_short(make_results):
    results = RandomSizeCrop(70, 75)(make_results(bboxes=[(30, 20, 40, 30)]))
    assert results['img_shape'][0] == 60 and 70 <= results['img_shape'][1] <= 75


@pytest.mark.parametrize('make, message', [
    (lambda: RandomSizeCrop(accept='any'), "accept is one of .*not 'any'"),
    (lambda: RandomSizeCrop(9, 8), 'min_size 9 is above max_size 8'),
    (lambda: RandomFlip(swap='letters'), "swap is one of .*not 'letters'"),
    (lambda: PlaceOnCanvas(8, 'left'), "mode is one of .*not 'left'")])
def test_wrong_argument_is_named(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_flip_mirrors_everything(make_results):
    results = make_results(bboxes=[(10, 20, 40.5, 50), (0, 0, 80, 60)],
                           texts=['left cat', 'Right cat'])
    before = results['img'].copy()
    results = RandomFlip(prob=1)(results)
    np.testing.assert_array_equal(results['img'], before[:, ::-1])
    assert results['gt_bboxes'].tolist() == [[39.5, 20, 70, 50], [0, 0, 80, 60]]
    assert results['gt_bboxes'].dtype == np.float32
    assert bounds(results['gt_masks'][0]) == [40, 20, 70, 50]
    texts = [item['text'] for item in results['expressions']]
    assert texts == ['right cat', 'Left cat']
    assert results['flip'] is True


def test_flipping_twice_changes_nothing(make_results):
    before, after = (make_results(texts=['left bright']) for _ in range(2))
    for _ in range(2):
        after = RandomFlip(prob=1)(after)
    for key in ('img', 'gt_bboxes', 'gt_masks'):
        np.testing.assert_array_equal(after[key], before[key])
    assert after['expressions'] == before['expressions'] and after['flip'] is False


def test_flip_happens_with_its_probability(make_results):
    np.random.seed(0)
    flips = [RandomFlip(prob=0.3)(make_results(4, 4, []))['flip'] for _ in range(300)]
    assert 60 < sum(flips) < 120


def test_flip_needs_no_annotations(make_results):
    results = make_results(with_mask=False)
    for key in ('gt_bboxes', 'expressions'):
        del results[key]
    assert RandomFlip(prob=1)(results)['flip'] is True


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


def test_record_holds_after_resize_crop_resize_and_placement(make_results):
    np.random.seed(0)
    pipeline = [Resize(short=[90, 120]), RandomSizeCrop(60, 100), Resize(long=[64, 50]),
                PlaceOnCanvas(64, mode='random')]
    cropped = 0
    for seed in range(30):
        results = make_results(bboxes=[(30, 20, 50, 40)], seed=seed)
        for transform in pipeline:
            results = transform(results)
        cropped += results['paste_offset'] != results['pad_offset']
        # a crop clips the box, and sizes are rounded to whole pixels
        left, top = results['paste_offset']
        height, width = results['img_shape']
        low, high = [left, top] * 2, [left + width, top + height] * 2
        expected = mapped(results).clip(low, high)
        np.testing.assert_allclose(results['gt_bboxes'], expected, atol=0.51)
        np.testing.assert_allclose(results['gt_bboxes'][0],
                                   bounds(results['gt_masks'][0]), atol=1.5)
    assert cropped > 20


@pytest.mark.parametrize('transform', [
    Resize(long=10), RandomSizeCrop(1, 2), RandomFlip(prob=1), PlaceOnCanvas(99)])
def test_geometry_after_target_masks_is_refused(make_results, transform):
    results = FillBoxMask()(make_results())
    with pytest.raises(ValueError, match=f'{type(transform).__name__} comes before'):
        transform(results)


def test_flip_after_placement_is_refused(make_results):
    results = PlaceOnCanvas(99)(make_results())
    with pytest.raises(ValueError, match='RandomFlip comes before PlaceOnCanvas'):
        RandomFlip(prob=1)(results)


def test_flip_after_tokenising_is_refused(make_results):
    results = make_results(texts=['left cat'])
    results['expressions'] = [expression('left cat')]
    results = TokenizeExpression(lambda text, length: np.arange(3), 5)(results)
    with pytest.raises(ValueError, match="'left cat' is tokenised already"):
        RandomFlip(prob=1)(results)


def test_repr_shows_arguments():
    assert repr(Resize(short=[4, 5])) == 'Resize(long=None, short=[4, 5])'
    assert "accept='iou'" in repr(RandomSizeCrop())
    assert repr(RandomFlip()) == "RandomFlip(prob=0.5, swap='substring')"
    assert repr(PlaceOnCanvas(8)) == "PlaceOnCanvas(size=(8, 8), mode='center')"
