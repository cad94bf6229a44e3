"""What a sample adds to predictions."""
import torch
from mmengine.structures import InstanceData

from segvg.structures import GroundingDataSample


def test_predictions_have_what_programs_for_detection_read():
    """supervision's ``Detections.from_mmdetection`` reads these fields."""
    sample = GroundingDataSample()
    sample.pred_instances = InstanceData(
        bboxes=torch.zeros(2, 4), scores=torch.ones(2),
        masks=torch.zeros(2, 4, 6, dtype=torch.bool))
    assert sample.pred_instances.labels.cpu().numpy().astype(int).tolist() == [0, 0]
    assert sample.cpu().pred_instances[:1].labels.tolist() == [0]
    given = InstanceData(bboxes=torch.zeros(1, 4), labels=torch.tensor([3]))
    sample.pred_instances = given
    assert sample.pred_instances.labels.tolist() == [3]
