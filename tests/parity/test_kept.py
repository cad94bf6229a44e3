"""Parts that answer once for evaluation and training."""
import pytest
import torch
from torch import nn

from segvg.structures import TextTokens
from tests.parity.kept import Kept, first_corner


def test_part_answers_once_with_its_graph():
    layer = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.0)).eval()
    kept = Kept(layer)
    inputs = torch.rand(4, 3)
    with torch.no_grad():
        answer = layer(inputs)
    other = layer(inputs + 1)
    layer.train()
    assert layer(inputs.clone()) is answer and layer(inputs + 1) is other
    assert len(kept.answers) == 2
    answer.sum().backward()
    torch.testing.assert_close(layer[0].weight.grad, inputs.sum(0).expand(2, 3))
    with pytest.raises(AssertionError, match='other inputs'):
        layer(inputs + 2)


@pytest.mark.parametrize('part', [nn.BatchNorm1d(3), nn.Dropout(0.5)])
def test_part_that_depends_on_the_mode_is_an_error(part):
    model = nn.Sequential(nn.Linear(3, 3), part).eval()
    Kept(model, lambda inputs: (inputs,))
    inputs = torch.rand(50, 3)
    model(inputs)
    model.train()
    with pytest.raises(AssertionError, match='Sequential'):
        model(inputs)


def test_first_corner_of_images_and_first_of_texts():
    images, maps = torch.rand(2, 3, 100, 70), torch.rand(2, 5, 10, 20)
    text = TextTokens(torch.zeros(2, 5, dtype=torch.int64), torch.zeros(2, 5).bool())
    corner, (first, cells), small, number = first_corner(
        images, (images, maps), text, 7)
    torch.testing.assert_close(corner, images[:1, :, :64, :64])
    torch.testing.assert_close(first, corner)
    torch.testing.assert_close(cells, maps[:1, :, :8, :8])
    assert isinstance(small, TextTokens) and small.ids.shape == (1, 5)
    assert number == 7
