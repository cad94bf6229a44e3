"""Small stacks of layers."""
import torch

from segvg.models.layers import MLP
from segvg.models.layers.blocks import plain_on_cpu


def test_mlp_has_no_activation_at_the_end():
    mlp = MLP(3, 4, 2)
    x = torch.randn(5, 3)
    expected = mlp.layers[1](mlp.layers[0](x).relu())
    torch.testing.assert_close(mlp(x), expected)


def test_maps_of_tokens_are_laid_out_for_training_on_a_cpu():
    tokens = torch.rand(2, 12, 5)
    maps = tokens.transpose(1, 2).unflatten(2, (3, 4))
    plain = plain_on_cpu(maps)
    assert plain.is_contiguous() and torch.equal(plain, maps)
    assert plain_on_cpu(plain) is plain
    with torch.no_grad():
        assert plain_on_cpu(maps) is maps
