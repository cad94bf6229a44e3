"""Deformable attention: plain and compiled sampling, and its initial locations."""
import pytest
import torch

from segvg.models.layers.deformable_attention import (
    DeformableAttention,
    cell_centers,
    has_compiled_op,
    sample_levels,
    sample_levels_compiled,
    sample_rows,
)
from segvg.utils.mmcv_ops import provide_mmcv_ext


def deformable_inputs(device='cpu'):
    shapes = [(2, 3), (5, 4)]
    value = torch.randn(2, 26, 4, 8, device=device)
    locations = torch.rand(2, 7, 4, 2, 3, 2, device=device) * 1.4 - 0.2
    weights = torch.rand(2, 7, 4, 2, 3, device=device)
    return value, shapes, locations, weights


def test_sampling_equals_mmcv():
    from mmcv.ops.multi_scale_deform_attn import multi_scale_deformable_attn_pytorch
    value, shapes, locations, weights = deformable_inputs()
    theirs = multi_scale_deformable_attn_pytorch(
        value, torch.tensor(shapes), locations, weights)
    torch.testing.assert_close(sample_levels(value, shapes, locations, weights), theirs)


@pytest.mark.parametrize('shift', [0.0, 0.5, 1e9])  # inside, at the border, outside
def test_sums_of_rows_are_the_same_with_the_same_gradients(shift):
    value, shapes, locations, weights = deformable_inputs()
    found = []
    for sample in (sample_levels, sample_rows):
        inputs = [tensor.double().requires_grad_()
                  for tensor in (value, locations + shift, weights)]
        out = sample(inputs[0], shapes, *inputs[1:])
        out.mul(torch.arange(out.numel()).view_as(out).sin()).sum().backward()
        found.append([out, *(tensor.grad for tensor in inputs)])
    torch.testing.assert_close(*found)
    assert found[0][0].any() == (shift < 1)


def test_sums_of_rows_keep_what_is_no_number():
    value, shapes, locations, weights = deformable_inputs()
    locations[0, 0, 0, 0, 0, 0] = float('nan')
    out = sample_rows(value, shapes, locations, weights)
    assert out[0, 0, :8].isnan().all() and out.isnan().sum() == 8


class TwoMaps(torch.nn.Module):
    """Deformable attention of two maps, as a graph."""
    shapes = [(4, 4), (8, 8)]

    def __init__(self):
        super().__init__()
        self.attention = DeformableAttention(16, 4, 2, 2)

    def forward(self, *tensors):
        return self.attention(*tensors, self.shapes)


@torch.no_grad()
def test_way_of_a_cpu_is_not_recorded():
    module = TwoMaps()
    inputs = (torch.randn(1, 80, 16), cell_centers(module.shapes, torch.device('cpu')),
              torch.randn(1, 80, 16))
    graph = torch.export.export(module, inputs, strict=False)
    names = ' '.join(str(node.target) for node in graph.graph.nodes)
    traced = torch.jit.trace(module, inputs)
    for text in (names, str(traced.inlined_graph)):
        assert 'grid_sampler' in text and 'embedding_bag' not in text
    for run in (graph.module(), traced):
        torch.testing.assert_close(run(*inputs), module(*inputs))


def test_compiled_op_gets_levels_in_order(monkeypatch):
    import mmcv.ops.multi_scale_deform_attn as ops
    value, shapes, locations, weights = deformable_inputs()

    def fake(value, sizes, starts, locations, weights, step):
        assert sizes.tolist() == [[2, 3], [5, 4]] and starts.tolist() == [0, 6]
        assert step == 2
        return ops.multi_scale_deformable_attn_pytorch(value, sizes, locations, weights)
    monkeypatch.setattr(ops.MultiScaleDeformableAttnFunction, 'apply', fake)
    torch.testing.assert_close(
        sample_levels_compiled(value, shapes, locations, weights),
        sample_levels(value, shapes, locations, weights))


def test_stand_in_is_not_the_compiled_op():
    assert has_compiled_op() is not provide_mmcv_ext()


def test_fresh_attention_looks_around_its_own_cell():
    shapes = [(4, 4), (8, 8)]
    attention = DeformableAttention(16, 4, 2, 2)
    offsets = attention.sampling_offsets.bias.view(4, 2, 2, 2)
    torch.testing.assert_close(offsets[0, 0, 1], torch.tensor([2., 0.]))
    centers = cell_centers(shapes, torch.device('cpu'))
    assert centers.shape == (1, 80, 2, 2)
    torch.testing.assert_close(centers[0, 5, 1], torch.tensor([0.375, 0.375]))
    assert attention(torch.randn(1, 80, 16), centers, torch.randn(1, 80, 16),
                     shapes).shape == (1, 80, 16)
