"""Small stacks of layers."""
import torch

from segvg.models.layers import MLP


def test_mlp_has_no_activation_at_the_end():
    mlp = MLP(3, 4, 2)
    x = torch.randn(5, 3)
    expected = mlp.layers[1](mlp.layers[0](x).relu())
    torch.testing.assert_close(mlp(x), expected)
