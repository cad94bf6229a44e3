"""Resizing within a limit, and crops that lose their targets."""
import numpy as np
import pytest

from segvg.datasets.transforms import FreeSizeCrop, ResizeShortEdge
from segvg.datasets.transforms.resize_within import size_within
from segvg.structures.boxes import canvas_to_unit, unit_to_image


def make(height=60, width=80, boxes=((10, 20, 30, 50), )) -> dict:
    bboxes = np.float32(boxes)
    return dict(
        img=np.zeros((height, width, 3), np.uint8), img_shape=(height, width),
        ori_shape=(height, width), scale_factor=(1.0, 1.0), pad_offset=(0.0, 0.0),
        flip=False, gt_bboxes=bboxes, gt_masks=np.ones((len(boxes), height, width),
                                                       np.uint8),
        expressions=[dict(text='a', targets=list(range(len(boxes))),
                          phrases=[dict(span=[[0, 1]], targets=[0])])])


@pytest.mark.parametrize('shape,short,limit,wanted', [
    ((480, 640), 640, 640, (480, 640)), ((375, 500), 640, 640, (480, 640)),
    ((375, 500), 400, None, (400, 533)), ((640, 427), 800, 1333, (1199, 800)),
    ((100, 400), 100, 200, (50, 200))])
def test_size(shape, short, limit, wanted):
    assert size_within(shape, short, limit) == wanted


def test_boxes_masks_and_record_follow():
    results = ResizeShortEdge(30)(make(61, 80))
    assert results['img'].shape == (30, 39, 3) == (*results['img_shape'], 3)
    assert results['gt_masks'].shape == (1, 30, 39)
    assert results['scale_factor'] == (39 / 80, 30 / 61)
    np.testing.assert_allclose(
        results['gt_bboxes'][0], np.array([10, 20, 30, 50]) * np.array(
            [39 / 80, 30 / 61] * 2), rtol=1e-6)


def test_boxes_of_the_model_find_back_to_the_image():
    import torch
    results = ResizeShortEdge(30)(make(61, 80))
    meta = dict(results, paste_offset=(0, 0))
    boxes = canvas_to_unit(torch.from_numpy(results['gt_bboxes']), meta)
    torch.testing.assert_close(unit_to_image(boxes, meta),
                               torch.tensor([[10., 20., 30., 50.]]))


def test_several_sizes_are_drawn():
    np.random.seed(0)
    sizes = {ResizeShortEdge([20, 30])(make())['img_shape'] for _ in range(20)}
    assert sizes == {(20, 26), (30, 40)}


def test_lost_targets_leave_their_expression():
    results = make(boxes=((0, 0, 10, 10), (40, 30, 70, 55)))
    results = FreeSizeCrop().crop(results, (20, 30, 40, 50))
    assert results['expressions'][0]['targets'] == [1]
    assert results['expressions'][0]['phrases'][0]['targets'] == []
    np.testing.assert_array_equal(results['gt_bboxes'][1], [10, 10, 40, 35])
    assert results['pad_offset'] == (-30, -20)


def test_any_region_is_taken():
    np.random.seed(0)
    results = [FreeSizeCrop(20, 30)(make(boxes=((0, 0, 2, 2), ))) for _ in range(20)]
    assert any(not item['expressions'][0]['targets'] for item in results)
    assert all(20 <= side <= 30 for item in results for side in item['img_shape'])


def test_target_masks_come_later():
    with pytest.raises(ValueError, match='ResizeShortEdge comes before'):
        ResizeShortEdge(30)(dict(make(), target_masks=np.zeros((1, 4, 4))))
