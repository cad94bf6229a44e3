"""Maps of four sizes from one."""
import torch

from segvg.models.necks import SimplePyramid
from segvg.models.necks.simple_pyramid import ChannelNorm


def test_maps_have_four_two_one_and_half_the_size():
    maps = SimplePyramid(16, 8)(torch.randn(2, 16, 4, 6))
    assert [tuple(values.shape) for values in maps] == [
        (2, 8, 16, 24), (2, 8, 8, 12), (2, 8, 4, 6), (2, 8, 2, 3)]


def test_channels_of_every_pixel_are_normed():
    out = ChannelNorm(16)(torch.randn(2, 16, 4, 6) * 5 + 3)
    torch.testing.assert_close(out.mean(1), torch.zeros(2, 4, 6), atol=1e-5, rtol=0)
    torch.testing.assert_close(out.var(1, unbiased=False), torch.ones(2, 4, 6),
                               atol=1e-3, rtol=0)
