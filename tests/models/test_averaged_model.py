"""The average of the weights."""
import torch

from segvg.models import RampedAverage


def test_ramp_by_hand():
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    average = RampedAverage(model, momentum=0.15)
    torch.nn.init.ones_(model.weight)
    for expected in (0.9, 0.985, 0.99775):  # keeps 1 / 10, then 0.15 at most
        average.update_parameters(model)
        assert abs(average.module.weight.item() - expected) < 1e-6
