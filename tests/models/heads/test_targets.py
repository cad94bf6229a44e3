"""What heads learn from."""
import pytest
import torch

from segvg.models.heads.targets import (
    gt_boxes,
    gt_masks,
    single_boxes,
    single_targets,
    union_masks,
)
from tests.models.heads.test_segvg_head import make_sample


@pytest.mark.parametrize('count', [0, 2])
def test_head_wants_exactly_one_target(count):
    sample = make_sample(bboxes=torch.zeros(count, 4))
    with pytest.raises(ValueError, match=f"{count} targets for expression 'the cat' in "
                       'a.jpg: this head grounds exactly one object'):
        single_targets([sample], 'bboxes')


def test_missing_masks_are_told():
    sample = make_sample(bboxes=torch.zeros(1, 4))
    with pytest.raises(ValueError, match="'target_masks' is missing .* bbox-to-mask"):
        single_targets([sample], 'target_masks')


def test_boxes_are_given_in_the_frame_that_is_asked_for():
    # The canvas is 32 x 32, the image 32 x 16 at (0, 8).
    one = make_sample(bboxes=torch.tensor([[8., 8., 24., 24.]]))
    two = make_sample(bboxes=torch.tensor([[0., 8., 32., 24.], [0., 8., 16., 16.]]))
    none = make_sample(bboxes=torch.zeros(0, 4))
    assert single_boxes([one], 'canvas', (32, 32)).tolist() == [[0.5, 0.5, 0.5, 0.5]]
    assert single_boxes([one], 'canvas', (32, 64)).tolist() == [[0.25, 0.5, 0.25, 0.5]]
    assert single_boxes([one], 'image', (32, 64)).tolist() == [[0.5, 0.5, 0.5, 1]]
    boxes = gt_boxes([one, two, none], 'image', (32, 32))
    assert [own.tolist() for own in boxes] == [
        [[0.5, 0.5, 0.5, 1]], [[0.5, 0.5, 1, 1], [0.25, 0.25, 0.5, 0.5]], []]
    assert [len(own) for own in gt_boxes([none], 'canvas', (32, 32))] == [0]


def test_masks_are_padded_to_the_batch_and_united():
    masks = torch.zeros(2, 2, 3, dtype=torch.bool)
    masks[0, 0, 0] = masks[1, 1, 2] = True
    samples = [make_sample(masks=masks), make_sample(masks=masks[:0, :, :1])]
    padded = gt_masks(samples, (3, 4))
    assert [tuple(own.shape) for own in padded] == [(2, 3, 4), (0, 3, 4)]
    assert torch.equal(padded[0][:, :2, :3], masks) and padded[0].sum() == 2
    union = union_masks(samples, (3, 4))
    assert union.nonzero().tolist() == [[0, 0, 0], [0, 1, 2]]


def test_masks_that_the_pipeline_did_not_make_are_told():
    with pytest.raises(ValueError, match="'masks' is missing .* set with_mask=True"):
        gt_masks([make_sample(bboxes=torch.zeros(1, 4))], (32, 32))
