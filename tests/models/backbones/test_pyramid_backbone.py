"""A neck on the map of a plain transformer, as one backbone."""
import torch
import torch.nn.functional as F
from mmengine.registry import init_default_scope
from torch import nn

from segvg.registry import MODELS
from tests.models.tiny_encoders import VISION


@MODELS.register_module()
class TwoSizes(nn.Module):
    """A map and half of it."""

    def forward(self, maps):
        return maps, F.max_pool2d(maps, 2)


@torch.no_grad()
def test_maps_are_those_of_the_neck_and_padding_reaches_the_backbone():
    init_default_scope('segvg')
    torch.manual_seed(0)
    config = dict(type='PyramidBackbone', pyramid=dict(type='TwoSizes'), backbone=dict(
        type='HuggingFaceBackbone', config=VISION['dinov2']))
    both = MODELS.build(config).eval()
    second = MODELS.build(dict(config, out_indices=(1, ))).eval()
    second.load_state_dict(both.state_dict())
    images = torch.randn(1, 3, 64, 96)
    padding = torch.zeros(1, 64, 96, dtype=torch.bool)
    padding[..., 48:] = True
    fine, coarse = both(images, padding)
    assert fine.shape[2:] == (4, 6) and coarse.shape[2:] == (2, 3)
    assert torch.equal(fine, both.backbone(images, padding)[0])
    assert torch.equal(second(images, padding)[0], coarse)
    assert not torch.equal(fine, both(images)[0])


@torch.no_grad()
def test_plain_transformer_gives_four_sizes():
    init_default_scope('segvg')
    backbone = MODELS.build(dict(
        type='PyramidBackbone', pyramid=dict(
            type='SimplePyramid', in_channels=16, channels=8),
        backbone=dict(type='HuggingFaceBackbone', config=VISION['siglip2'])))
    sizes = [tuple(values.shape) for values in backbone(torch.randn(1, 3, 64, 96))]
    assert sizes == [(1, 8, 16, 24), (1, 8, 8, 12), (1, 8, 4, 6), (1, 8, 2, 3)]
