"""Positions added to image tokens."""
import torch
from mmengine.registry import init_default_scope

from segvg.registry import MODELS

ENCODER = dict(
    type='DETREncoder',
    backbone=dict(
        type='ResNet', depth=18, num_stages=2, strides=(1, 2), dilations=(1, 1),
        out_indices=(1, ), base_channels=8, style='pytorch'),
    in_channels=16, channels=16, num_layers=1, heads=4, hidden=16, dropout=0.0)


def test_equal_pixels_differ_by_their_positions_alone():
    init_default_scope('segvg')
    torch.manual_seed(0)
    encoder = MODELS.build(dict(type='PositionedEncoder', encoder=ENCODER)).eval()
    images = torch.randn(1, 3, 32, 64)
    padding_mask = torch.zeros(1, 32, 64, dtype=torch.bool)
    plain = encoder.encoder.embed(images, padding_mask)
    tokens = encoder.embed(images, padding_mask)
    torch.testing.assert_close(tokens.feats - plain.feats, plain.pos)
    assert tokens.grid == (4, 8)
    torch.testing.assert_close(encoder(images, padding_mask).feats,
                               encoder.encoder.layer(0, tokens).feats)
    assert len(encoder.layers) == 1
