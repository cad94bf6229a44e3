"""TransVG's head."""
import torch

from segvg.models.heads import BoxHead
from tests.models.heads.test_segvg_head import LOSS_BOX, make_fused, make_sample


def test_box_head_regresses_the_first_query():
    head, fused = BoxHead(LOSS_BOX, 8), make_fused(1)
    boxes = head(fused)
    assert boxes.shape == (2, 1, 4)
    samples = [make_sample(bboxes=torch.tensor([[4., 10., 20., 20.]]))
               for _ in range(2)]
    losses = head.loss(fused, samples)
    target = torch.tensor([12 / 32, 15 / 32, 16 / 32, 10 / 32])
    torch.testing.assert_close(
        losses['loss_bbox'], 5 * (boxes[:, 0] - target).abs().sum() / 2)
    assert head.predict(fused, samples)[0].pred_instances.scores.tolist() == [1.0]
