"""DETR's image side: what padding does to it."""
import torch
from mmengine.registry import init_default_scope

from segvg.models.backbones import NormedEncoder


def encoder(norm_padding):
    """Return a small image encoder with random norm parameters."""
    init_default_scope('segvg')
    torch.manual_seed(0)
    encoder = NormedEncoder(
        groups=4, norm_padding=norm_padding, in_channels=16, channels=64, num_layers=0,
        heads=4, hidden=16, backbone=dict(
            type='ResNet', depth=18, num_stages=2, strides=(1, 2),
            dilations=(1, 1), out_indices=(1, ), base_channels=8, style='pytorch'))
    torch.nn.init.normal_(encoder.norm.bias)
    return encoder.eval()


def test_padding_is_left_out_of_the_norm_and_of_positions():
    images = torch.randn(1, 3, 64, 64)
    padding = torch.zeros(1, 64, 64, dtype=torch.bool)
    padding[..., 32:] = True
    tokens = encoder(False)(images.masked_fill(padding[:, None], 0), padding)
    outside = tokens.padding_mask[0]
    assert outside.sum() == 32
    assert not tokens.feats[0, outside].any() and not tokens.pos[0, outside].any()
    part = encoder(False)
    feats = torch.randn(1, 64, 64)
    inside = part.norm(feats[:, ~outside].transpose(1, 2)).transpose(1, 2)
    normed = part._norm_inside(feats, outside[None])
    torch.testing.assert_close(normed[:, ~outside], inside)


def test_padding_takes_part_as_published():
    images = torch.randn(1, 3, 64, 64)
    padding = torch.zeros(1, 64, 64, dtype=torch.bool)
    padding[..., 32:] = True
    images = images.masked_fill(padding[:, None], 0)
    published, calm = (encoder(flag)(images, padding) for flag in (True, False))
    inside = ~published.padding_mask[0]
    assert not torch.allclose(published.feats[0, inside], calm.feats[0, inside])
    assert published.pos[0, ~inside].any()
    torch.testing.assert_close(published.pos[0, inside], calm.pos[0, inside])
