"""Assignments of targets to queries; for sets of SiRi see the tests of its loss."""
import pytest
import torch

from segvg.models.task_utils import PointMatcher

BOXES = torch.tensor([[0.2, 0.2, 0.1, 0.1], [0.8, 0.8, 0.1, 0.1], [0.5, 0.5, 0.2, 0.2]])


def match(targets, points=None, boxes=BOXES, **costs):
    """Match one expression in one layer whose queries are all equally sure."""
    logits = torch.zeros(1, 1, len(boxes), 2)
    points = boxes[:, :2] if points is None else points
    matches = PointMatcher(**costs)(logits, boxes[None, None], points[None], [targets])
    return list(zip(matches.queries.tolist(), matches.targets.tolist(), strict=True))


def test_each_target_gets_its_query():
    assert match(BOXES[[1, 0]]) == [(0, 1), (1, 0)]
    assert match(BOXES[[2]]) == [(2, 0)]


def test_no_target_no_pair():
    assert match(torch.zeros(0, 4)) == []


def test_surplus_of_targets_stays_without_a_query():
    many = torch.cat([BOXES, torch.tensor([[0.1, 0.9, 0.1, 0.1]])])
    assert match(many) == [(0, 0), (1, 1), (2, 2)]


def test_point_decides_where_boxes_are_equal():
    boxes = BOXES[[2, 2]]
    points = torch.tensor([[0.9, 0.9], [0.5, 0.5]])
    assert match(BOXES[[2]], points, boxes) == [(1, 0)]
    assert match(BOXES[[2]], points, boxes, point_cost=0.0) == [(0, 0)]


@pytest.mark.parametrize('count', [1, 2])
def test_layers_and_expressions_are_matched_one_by_one(count):
    torch.manual_seed(0)
    logits, boxes = torch.randn(3, 2, 4, 2), torch.rand(3, 2, 4, 4) * 0.4 + 0.1
    points = torch.rand(2, 4, 2)
    targets = [torch.rand(count, 4) * 0.4 + 0.1, torch.rand(1, 4) * 0.4 + 0.1]
    matcher = PointMatcher()
    whole = matcher(logits, boxes, points, targets)
    for layer in range(3):
        for b in range(2):
            alone = matcher(logits[layer:layer + 1, b:b + 1],
                            boxes[layer:layer + 1, b:b + 1], points[b:b + 1],
                            targets[b:b + 1])
            own = (whole.sets == layer) & (whole.batch == b)
            assert torch.equal(whole.queries[own], alone.queries)
            assert torch.equal(whole.targets[own] - (count if b else 0), alone.targets)
