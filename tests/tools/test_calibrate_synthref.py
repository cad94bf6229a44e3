import importlib.util
from pathlib import Path

import torch

TOOL = Path(__file__).parents[2] / 'tools/analysis_tools/calibrate_synthref.py'


def load_tool():
    spec = importlib.util.spec_from_file_location('calibrate_synthref', TOOL)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


def test_reference_model_is_small_and_learns_a_few_images():
    tool = load_tool()
    torch.manual_seed(0)
    data = tool.make_split('L0', 'train', 4, 0)
    model = tool.TinyModel(145, 2)
    assert sum(weight.numel() for weight in model.parameters()) <= 100_000
    images, index, tokens, boxes = data
    batch = images[index].float() / 127.5 - 1, tokens, boxes
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    first = float(tool.loss_of(model, *batch))
    for _ in range(60):
        loss = tool.loss_of(model, *batch)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert float(loss) < first / 2
    assert tool.accuracy(model, data) >= 50
    heat, found = model(*batch[:2])
    assert heat.shape == (12, 256) and found.shape == (12, 256, 4)
