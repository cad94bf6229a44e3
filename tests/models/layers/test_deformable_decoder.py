"""Deformable decoder layers and the clamped inverse of the sigmoid."""
import torch

from segvg.models.layers.deformable_decoder import (
    DeformableDecoderLayer,
    inverse_sigmoid,
)

SHAPES = [(4, 4), (2, 2)]


def inputs():
    torch.manual_seed(0)
    return (torch.randn(2, 3, 8), torch.randn(2, 3, 8), torch.rand(2, 3, 2, 2),
            torch.randn(2, 20, 8))


def test_inverse_sigmoid_moves_what_lies_beyond_to_the_border():
    values = torch.tensor([-1.0, 0.0, 0.25, 0.5, 1.0, 1.7])
    expected = torch.logit(torch.tensor([0.25, 0.5]))
    out = inverse_sigmoid(values)
    torch.testing.assert_close(out[2:4], expected)
    border = torch.log(torch.tensor(1 / 1e-3))
    torch.testing.assert_close(out[[0, 1, 4, 5]],
                               torch.stack([-border, -border, border, border]))


def test_no_gradient_passes_where_it_is_clamped():
    values = torch.tensor([0.5, 1.2], requires_grad=True)
    inverse_sigmoid(values).sum().backward()
    assert values.grad[0] == 4 and values.grad[1] == 0


def test_queries_read_the_maps_and_each_other():
    layer = DeformableDecoderLayer(8, 2, 16, levels=2, points=2).eval()
    queries, pos, reference, tokens = inputs()
    with torch.no_grad():
        out = layer(queries, pos, reference, tokens, SHAPES)
        other_maps = layer(queries, pos, reference, tokens + 1, SHAPES)
        changed = queries.clone()
        changed[:, 2] += 1
        other_query = layer(changed, pos, reference, tokens, SHAPES)
    assert out.shape == (2, 3, 8)
    assert not torch.allclose(out, other_maps)
    assert not torch.allclose(out[:, 0], other_query[:, 0])


def test_samples_of_a_batch_do_not_see_each_other():
    layer = DeformableDecoderLayer(8, 2, 16, levels=2, points=2).eval()
    whole = inputs()
    with torch.no_grad():
        torch.testing.assert_close(
            layer(*whole, SHAPES)[:1], layer(*(part[:1] for part in whole), SHAPES))
