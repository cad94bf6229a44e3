"""Frames: from the original image to the canvas and back."""
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from segvg.structures import GroundingDataSample
from segvg.structures.geometry import Geometry

# 64 x 48 pixels, half as large at (10, 4) of a canvas of 50 x 40.
META = dict(ori_shape=(48, 64), img_shape=(24, 32), scale_factor=(0.5, 0.5),
            pad_offset=(10., 4.), paste_offset=(10, 4), canvas_shape=(40, 50))
# The right three quarters of 40 x 20 pixels, twice as large at (0, 0).
CROPPED = dict(ori_shape=(20, 40), img_shape=(40, 60), scale_factor=(2., 2.),
               pad_offset=(-20., 0.), paste_offset=(0, 0), canvas_shape=(40, 60))


def batch(*metas: dict, canvas_shape=None) -> Geometry:
    return Geometry.from_samples(
        [GroundingDataSample(metainfo=meta) for meta in metas], canvas_shape)


def test_fields_by_hand():
    geometry = Geometry.from_meta(META)
    assert [values.tolist() for values in geometry[:-1]] == [
        [0.5, 0.5], [10, 4], [10, 4], [32, 24], [64, 48], [50, 40]]
    assert geometry.windows == [(slice(4, 28), slice(10, 42))]


def test_canvas_of_a_batch_is_the_smallest_that_all_fit():
    geometry = batch(META, CROPPED)
    assert geometry.canvas_size.tolist() == [[60, 40]] * 2
    assert batch(META, canvas_shape=(64, 96)).canvas_size.tolist() == [[96, 64]]
    assert geometry.select(1).size.tolist() == [60, 40]
    assert geometry.select([1, 0, 1]).scale.tolist() == [[2, 2], [0.5, 0.5], [2, 2]]


def test_points_by_hand():
    points = torch.tensor([[[20., 14.], [10., 4.]], [[0., 0.], [70., 50.]]])
    geometry = batch(META, CROPPED)
    moved = geometry.points_to_image(points)
    assert moved.tolist() == [[[20, 20], [0, 0]], [[10, 0], [45, 25]]]
    clipped = geometry.points_to_image(points, clip=True)
    assert clipped.tolist() == [[[20, 20], [0, 0]], [[10, 0], [40, 20]]]
    assert geometry.select(0).points_to_image(points[0]).tolist() == moved[0].tolist()


def test_boxes_by_hand_in_both_frames():
    # xyxy (18, 10, 34, 22) on the canvas: (16, 12, 48, 36) of the image, its middle.
    bboxes = torch.tensor([[18., 10., 34., 22.]])
    geometry = Geometry.from_meta(META)
    on_canvas = geometry.normalize_boxes(bboxes, 'canvas')
    in_image = geometry.normalize_boxes(bboxes, 'image')
    torch.testing.assert_close(on_canvas, torch.tensor([[0.52, 0.4, 0.32, 0.3]]))
    torch.testing.assert_close(in_image, torch.tensor([[0.5, 0.5, 0.5, 0.5]]))
    expected = torch.tensor([[16., 12., 48., 36.]])
    for boxes, frame in ((on_canvas, 'canvas'), (in_image, 'image')):
        torch.testing.assert_close(geometry.boxes_to_image(boxes, frame), expected)


def test_boxes_are_cut_at_the_border_unless_asked_not_to():
    geometry = Geometry.from_meta(META)
    whole = torch.tensor([[0.5, 0.5, 2., 1.]])
    assert geometry.boxes_to_image(whole, 'image').tolist() == [[0, 0, 64, 48]]
    assert geometry.boxes_to_image(whole, 'image', clip=False).tolist() == [
        [-32, 0, 96, 48]]
    assert geometry.boxes_to_image(whole[:0], 'canvas').shape == (0, 4)


sizes = st.integers(1, 200)


@st.composite
def metas(draw) -> dict:
    """An image that was resized, maybe cropped, and pasted onto a canvas."""
    height, width, h, w, top, left = (draw(sizes) for _ in range(6))
    crop = draw(st.tuples(st.integers(0, 50), st.integers(0, 50)))
    return dict(
        ori_shape=(height, width), img_shape=(h, w), paste_offset=(left, top),
        scale_factor=(w / width, draw(st.floats(0.1, 8))),
        pad_offset=(left - crop[0], top - crop[1]),
        canvas_shape=(h + top + draw(st.integers(0, 9)), w + left))


@pytest.mark.slow
@given(st.lists(metas(), min_size=1, max_size=3), st.integers(0, 2**16))
def test_to_the_canvas_and_back(entries, seed):
    generator = torch.Generator().manual_seed(seed)
    geometry = batch(*entries)
    points = torch.rand(len(entries), 6, 2, generator=generator, dtype=torch.float64)
    points = points * geometry.original_size[:, None]
    on_canvas = torch.stack([
        own * torch.tensor(meta['scale_factor']).double()
        + torch.tensor(meta['pad_offset']).double()
        for own, meta in zip(points, entries)])
    torch.testing.assert_close(geometry.points_to_image(on_canvas), points, rtol=1e-6,
                               atol=1e-3)
    bboxes = torch.cat([on_canvas[:, :3], on_canvas[:, 3:]], -1)
    expected = torch.cat([points[:, :3], points[:, 3:]], -1)
    for frame in ('canvas', 'image'):
        boxes = geometry.normalize_boxes(bboxes, frame)
        torch.testing.assert_close(geometry.boxes_to_image(boxes, frame, clip=False),
                                   expected, rtol=1e-6, atol=1e-3)


@pytest.mark.slow
@given(st.lists(metas(), min_size=2, max_size=3), st.integers(0, 2**16))
def test_batch_mates_do_not_matter(entries, seed):
    boxes = torch.rand(len(entries), 4, 4,
                       generator=torch.Generator().manual_seed(seed))
    geometry = batch(*entries)
    for frame in ('canvas', 'image'):
        together = geometry.boxes_to_image(boxes, frame)
        for i in range(len(entries)):
            alone = geometry.select(i).boxes_to_image(boxes[i], frame)
            assert torch.equal(alone, together[i])


def test_half_of_the_image_stays_half_of_it():
    probs = torch.zeros(1, 40, 50)
    probs[:, 4:28, 10:26] = 1
    soft, = Geometry.from_meta(META).masks_to_image([probs])
    assert soft.shape == (1, 48, 64)
    assert soft[0, :, :30].min() == 1 and soft[0, :, 34:].max() == 0


def test_masks_are_enlarged_cut_out_and_resized():
    geometry = batch(META, dict(META, paste_offset=(0, 0)), canvas_shape=(40, 60))
    masks = torch.rand(2, 3, 10, 15)
    seen = list(geometry.masks_to_network(masks))
    on_canvas = F.interpolate(masks, size=(40, 60), mode='bilinear')
    assert torch.equal(seen[0], on_canvas[0, :, 4:28, 10:42])
    assert torch.equal(seen[1], on_canvas[1, :, :24, :32])
    moved = list(geometry.masks_to_image(on_canvas))
    for own, cut in zip(moved, seen):
        assert torch.equal(own[None], F.interpolate(cut[None], (48, 64),
                                                    mode='bilinear'))
    empty, _ = geometry.masks_to_image([masks[0, :0], masks[1]])
    assert empty.shape == (0, 48, 64)


def test_what_does_not_fit_is_told():
    with pytest.raises(KeyError, match="'paste_offset' is missing .* of a.jpg"):
        Geometry.from_meta(dict(
            {key: META[key] for key in META if key != 'paste_offset'},
            img_path='a.jpg'))
    with pytest.raises(ValueError, match="a frame is one of .* not 'unit'"):
        Geometry.from_meta(META).boxes_to_image(torch.rand(1, 4), 'unit')
    with pytest.raises(ValueError, match=r'shape \(1, 4\) for a batch of 2 images'):
        batch(META, META).boxes_to_image(torch.rand(1, 4), 'canvas')
