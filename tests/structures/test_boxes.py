"""Formats, frames and overlaps of boxes."""
import pytest
import torch

from segvg.structures import boxes as B


def test_formats_by_hand_and_back():
    bboxes = torch.tensor([[10., 20., 30., 60.]])
    assert B.xyxy_to_cxcywh(bboxes).tolist() == [[20., 40., 20., 40.]]
    assert B.cxcywh_to_xyxy(B.xyxy_to_cxcywh(bboxes)).tolist() == bboxes.tolist()
    boxes = B.normalize_boxes(bboxes, (100, 200))
    torch.testing.assert_close(boxes, torch.tensor([[0.1, 0.4, 0.1, 0.4]]))
    torch.testing.assert_close(B.denormalize_boxes(boxes, (100, 200)), bboxes)


@pytest.mark.parametrize('pad_offset', [(0, 0), (13, 40), (-7, 5)])
@pytest.mark.parametrize('scale_factor', [(0.5, 0.5), (1.25, 2.0)])
def test_canvas_to_image_undoes_placement(pad_offset, scale_factor):
    meta = dict(ori_shape=(480, 640), scale_factor=scale_factor, pad_offset=pad_offset)
    bboxes = torch.tensor([[10., 20., 110., 220.]])
    on_canvas = B.image_to_canvas(bboxes, meta)
    torch.testing.assert_close(B.canvas_to_image(on_canvas, meta), bboxes)


def test_canvas_to_image_clips_to_image():
    meta = dict(ori_shape=(48, 64), scale_factor=(1., 1.), pad_offset=(10, 0))
    bboxes = torch.tensor([[0., -5., 100., 60.]])
    assert B.canvas_to_image(bboxes, meta).tolist() == [[0., 0., 64., 48.]]


def test_overlaps_by_hand():
    first = torch.tensor([[0., 0., 2., 2.], [0., 0., 1., 1.], [0., 0., 2., 2.]])
    second = torch.tensor([[1., 1., 3., 3.], [2., 0., 3., 1.], [0., 0., 2., 2.]])
    torch.testing.assert_close(B.paired_iou(first, second),
                               torch.tensor([1 / 7, 0., 1.]))
    # Hulls 9, 3 and 4; the second pair: 0 - (3 - 2) / 3.
    torch.testing.assert_close(B.paired_giou(first, second),
                               torch.tensor([1 / 7 - 2 / 9, -1 / 3, 1.]))


def test_pairwise_iou_has_every_pair():
    first, second = torch.rand(3, 2), torch.rand(4, 2)
    first = torch.cat([first, first + 0.5], 1)
    second = torch.cat([second, second + 0.5], 1)
    result = B.pairwise_iou(first, second)
    assert result.shape == (3, 4)
    torch.testing.assert_close(result[2, 1], B.paired_iou(first[2], second[1]))
