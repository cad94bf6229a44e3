"""The average of the weights."""
import pytest
import torch
from mmengine.model import ExponentialMovingAverage
from torch import nn

from segvg.models import JointAverage, RampedAverage


def test_ramp_by_hand():
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    average = RampedAverage(model, momentum=0.15)
    torch.nn.init.ones_(model.weight)
    for expected in (0.9, 0.985, 0.99775):  # keeps 1 / 10, then 0.15 at most
        average.update_parameters(model)
        assert abs(average.module.weight.item() - expected) < 1e-6


@pytest.mark.parametrize('update_buffers', [True, False])
def test_joint_average_is_that_of_mmengine(update_buffers):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    ours, theirs = (cls(model, momentum=0.3, update_buffers=update_buffers)
                    for cls in (JointAverage, ExponentialMovingAverage))
    for _ in range(3):
        with torch.no_grad():
            for weight in model.parameters():
                weight.add_(torch.randn_like(weight))
        model(torch.randn(4, 3))
        for average in (ours, theirs):
            average.update_parameters(model)
    for key, value in theirs.state_dict().items():
        assert torch.equal(ours.state_dict()[key], value), key
