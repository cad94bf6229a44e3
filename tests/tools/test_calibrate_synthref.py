import importlib.util
from pathlib import Path

import pytest
import torch

pytestmark = pytest.mark.slow

TOOL = Path(__file__).parents[2] / 'tools/analysis_tools/calibrate_synthref.py'


@pytest.fixture
def tool(monkeypatch):
    """The module of the tool, whose folder has the models."""
    monkeypatch.syspath_prepend(TOOL.parent)
    spec = importlib.util.spec_from_file_location('calibrate_synthref', TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ('name', 'level'), [('WordsModel', 'L0'), ('OrderModel', 'L2')])
def test_reference_model_learns_a_few_images(tool, name, level):
    torch.manual_seed(0)
    data = tool.make_split(level, 'train', 4, 0)
    model = getattr(tool, name)(145, 2 if level == 'L0' else 3)
    assert sum(weight.numel() for weight in model.parameters()) <= (
        100_000 if name == 'WordsModel' else 500_000)
    (images, index, *targets), = tool.batches(data, False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    losses = []
    for _ in range(28):
        loss = tool.loss_of(model(images, index, targets[0]), *targets[1:])
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses[-1] < losses[0] / 2
    assert tool.accuracy(model, data) >= 50
    found = model(images, index, targets[0])
    assert found.heat.shape == (len(index), 256)
    assert found.boxes.shape == (len(index), 256, 4)


def test_only_one_model_sees_the_order_of_words(tool):
    torch.manual_seed(0)
    data = tool.make_split('L2', 'val', 3, 0)
    (images, index, tokens, *_), = tool.batches(data, False)
    lengths = (tokens > 0).sum(1)
    turned = torch.stack([torch.cat([row[:n].flip(0), row[n:]])
                          for row, n in zip(tokens, lengths.tolist())])
    for model, sees in ((tool.WordsModel(145, 3), False),
                        (tool.OrderModel(145, 3), True)):
        one, other = (model(images, index, words).heat for words in (tokens, turned))
        assert torch.allclose(one, other, atol=1e-4) != sees
    blind = tool.WordsModel(145, 3, blind=True)
    assert torch.equal(blind(images, index, tokens).heat, blind(
        images, index, tokens * 0).heat)


def test_landmarks_are_what_the_object_is_related_to(tool):
    data = tool.make_split('L2', 'val', 20, 0)
    known = data.landmarks[:, 0].isfinite()
    assert 0.6 < known.float().mean() < 1
    inside = (data.boxes[:, :2] < data.landmarks) & (data.landmarks < data.boxes[:, 2:])
    assert inside.all(1)[known].float().mean() < 0.1


def test_command_trains_and_keeps_the_data(tool, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(torch, 'set_num_threads', lambda number: None)
    kept = tmp_path / 'L1.pt'
    arguments = ['x', '--level', 'L1', '--images', '8', '--seconds', '0.2', '--keep',
                 str(kept)]
    for model in ('blind', 'order'):
        monkeypatch.setattr('sys.argv', [*arguments, '--model', model])
        tool.main()
        assert f'L1, {model}: ' in capsys.readouterr().out
        assert kept.is_file()
