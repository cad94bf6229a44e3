"""Projected tokens, the pyramid and the features that masks are read from."""
import torch

from segvg.models.necks import MaskPyramid
from segvg.models.necks.mask_pyramid import UNetDecoder
from segvg.structures import Tokens


def test_memory_words_and_maps_have_their_sizes():
    neck = MaskPyramid(12, 8)
    image = Tokens(torch.randn(2, 24, 12), grid=(4, 6))
    text = Tokens(torch.randn(2, 5, 12), torch.zeros(2, 5, dtype=torch.bool))
    fused = neck(text, image, (64, 96))
    assert fused.image.shape == (2, 24, 8) and fused.grid == (4, 6)
    assert fused.words.feats.shape == (2, 5, 8)
    assert fused.words.padding_mask is text.padding_mask
    assert [tuple(maps.shape[2:]) for maps in fused.maps] == [
        (2, 3), (4, 6), (8, 12), (16, 24), (16, 24)]
    assert fused.canvas_shape == (64, 96)


def test_tokens_keep_their_place_on_the_grid():
    neck = MaskPyramid(12, 8)
    feats = torch.zeros(1, 24, 12)
    feats[0, 13] = 1  # row 2, column 1
    fused = neck(Tokens(torch.zeros(1, 1, 12)), Tokens(feats, grid=(4, 6)), (64, 96))
    assert fused.image.abs().sum(-1).nonzero()[:, 1].tolist() == [13]


def test_finest_map_gives_the_size():
    decoder = UNetDecoder(8, levels=3).eval()
    maps = [torch.randn(2, 8, side, side) for side in (2, 5, 9)]
    assert decoder(maps).shape == (2, 8, 9, 9)
