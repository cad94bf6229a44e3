"""Every metric scores an expression for which nothing was predicted."""
import pytest
import torch

from segvg.evaluation import (
    BoxAccuracy,
    BoxRecall,
    GeneralizedBoxF1,
    GeneralizedMaskIoU,
    MaskIoU,
    MaskPartBoxF1,
    NetworkGeneralizedMaskIoU,
    NetworkMaskIoU,
    PhraseCutIoU,
    PhraseRecall,
)


@pytest.mark.parametrize('kind', [
    BoxAccuracy, BoxRecall, GeneralizedBoxF1, GeneralizedMaskIoU, MaskIoU,
    MaskPartBoxF1, NetworkGeneralizedMaskIoU, NetworkMaskIoU, PhraseCutIoU,
    PhraseRecall])
def test_nothing_predicted_scores_nothing(kind, make_sample):
    polygon = dict(poly=[[10, 10, 30, 10, 30, 30, 10, 30]])
    sample = make_sample(bboxes=(), masks=True, img_shape=(20, 30), canvas_shape=(
        20, 30), no_target_score=0.0)
    sample.image_instances.segmentations = [polygon]
    sample.pred_instances.canvas_masks = torch.zeros(0, 20, 30, dtype=torch.bool)
    metric = kind()
    metric.process(None, [sample])
    assert set(metric.evaluate(1).values()) == {0.0}
