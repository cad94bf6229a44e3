"""Formats and overlaps of boxes."""
import torch

from segvg.structures import boxes as B


def test_formats_by_hand_and_back():
    bboxes = torch.tensor([[10., 20., 30., 60.]])
    assert B.xyxy_to_cxcywh(bboxes).tolist() == [[20., 40., 20., 40.]]
    assert B.cxcywh_to_xyxy(B.xyxy_to_cxcywh(bboxes)).tolist() == bboxes.tolist()


def test_box_around_boxes():
    bboxes = torch.tensor([[1., 5., 3., 6.], [2., 4., 9., 5.]])
    assert B.enclosing_box(bboxes).tolist() == [1, 4, 9, 6]


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
