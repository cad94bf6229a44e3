"""Deformable attention: plain and compiled sampling, and its initial locations."""
import torch

from segvg.models.layers.deformable_attention import (
    DeformableAttention,
    cell_centers,
    has_compiled_op,
    sample_levels,
    sample_levels_compiled,
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
