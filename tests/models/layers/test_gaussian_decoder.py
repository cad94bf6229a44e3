"""The bell-shaped bias on attention to the image."""
import torch

from segvg.models.layers import GaussianDecoderLayer
from segvg.structures import Tokens

GRID = (2, 3)


def make_memory() -> Tokens:
    """Two rows of three cells and a sentence; of the first image a column is padding.
    """
    torch.manual_seed(1)
    padding = torch.zeros(2, 7, dtype=torch.bool)
    padding[0, [2, 5]] = True
    return Tokens(torch.randn(2, 7, 8), padding, torch.randn(2, 7, 8), GRID)


def test_bias_by_hand():
    layer, memory = GaussianDecoderLayer(8, 1, 8), make_memory()
    for linear in layer.point.layers:
        torch.nn.init.zeros_(linear.weight)
    # centre in the middle, width 2 in x and 0 in y
    layer.point.layers[-1].bias.data = torch.tensor([0., 0., 2., 0.])
    bias = layer.bias(torch.zeros(2, 1, 8), memory)[:, 0, 0]
    # of three columns the middle is at 1.5, of two at 1
    row = torch.tensor([[0.5**2, 0.5**2, 1.5**2], [1, 0, 1]]) * 4 / -8
    torch.testing.assert_close(bias, row.repeat(1, 2))


def test_padded_memory_is_not_read():
    layer, memory = GaussianDecoderLayer(8, 2, 8).eval(), make_memory()
    mask = layer.memory_mask(torch.randn(2, 4, 8), memory)
    assert mask.shape == (2, 2, 4, 7)
    assert torch.isinf(mask[0, ..., [2, 5]]).all() and not torch.isinf(mask[1]).any()
    assert (mask[..., 6] == 0).all()
