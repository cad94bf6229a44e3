"""The instance head alone: reference points, shared layers, the mask of the answer."""
import pytest
import torch

from segvg.models.heads import InstanceHead
from segvg.models.heads.instance_head import nearest
from segvg.models.heads.word_point_queries import WordPointStart
from segvg.models.necks import MaskPyramid
from segvg.registry import MODELS
from segvg.structures import Tokens


@pytest.fixture
def head():
    torch.manual_seed(0)
    return MODELS.build(dict(
        type='segvg.InstanceHead', loss_instance=dict(type='segvg.InstanceLoss'),
        channels=8, num_queries=3, num_layers=2, heads=2, hidden=16,
        start_hidden=16)).eval()


def fused_of(batch=2):
    neck = MaskPyramid(8, 8).eval()
    text = Tokens(torch.randn(batch, 5, 8), torch.zeros(batch, 5, dtype=torch.bool))
    return neck(text, Tokens(torch.randn(batch, 16, 8), grid=(4, 4)), (64, 64))


@torch.no_grad()
def test_outputs_of_all_layers(head):
    outputs = head(fused_of())
    assert outputs.class_logits.shape == (2, 2, 3, 2)
    assert outputs.boxes.shape == (2, 2, 3, 4)
    assert outputs.masks.shape == (2, 3, 16, 16)
    assert outputs.global_mask.shape == (2, 16, 16)
    assert outputs.existence.shape == (2, 2) and outputs.points.shape == (2, 3, 2)
    assert ((outputs.boxes > 0) & (outputs.boxes < 1)).all()


@torch.no_grad()
def test_queries_look_beyond_their_points(head):
    points = torch.tensor([[[0.9, 0.2]] * 3])
    start = WordPointStart(torch.randn(1, 3, 8), points, torch.zeros(1, 4, 4))
    maps = [torch.randn(1, 8, side, side) for side in (16, 8, 4, 2)]
    _, reference = head.decode(start, maps)
    moved = reference - points
    assert ((moved > 0) & (moved < 1)).all() and (reference > 1).any()


@torch.no_grad()
def test_queries_may_start_at_their_points():
    head = MODELS.build(dict(
        type='segvg.InstanceHead', loss_instance=dict(type='segvg.InstanceLoss'),
        channels=8, num_queries=3, num_layers=1, heads=2, hidden=16,
        start_at_points=True))
    points = torch.rand(1, 3, 2)
    start = WordPointStart(torch.randn(1, 3, 8), points, torch.zeros(1, 4, 4))
    maps = [torch.randn(1, 8, side, side) for side in (16, 8, 4, 2)]
    torch.testing.assert_close(head.decode(start, maps).reference, points, atol=0.01,
                               rtol=0)


@torch.no_grad()
def test_boxes_do_not_move_where_nothing_is_learned_yet(head):
    """The centre is then where the query looks, moved into the image."""
    for parameter in head.box.layers[-1].parameters():
        parameter.zero_()
    outputs = head(fused_of())
    assert torch.equal(outputs.boxes[0], outputs.boxes[1])
    torch.testing.assert_close(outputs.boxes[..., 2:],
                               torch.full((2, 2, 3, 2), 0.5))


def test_classes_and_boxes_are_shared_by_the_layers(head):
    names = [name for name, _ in head.named_parameters() if 'classify' in name]
    assert names == ['classify.weight', 'classify.bias']
    assert isinstance(head, InstanceHead)


def test_nearest_takes_the_pixel_at_floor():
    masks = torch.tensor([[[True, False, True]]])
    assert nearest(masks, (1, 7))[0, 0].tolist() == [
        bool([1, 0, 1][i * 3 // 7]) for i in range(7)]
