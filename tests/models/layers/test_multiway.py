"""Multiway layers: which weights a token sees, and what padding changes."""
import pytest
import torch
from torch import nn

from segvg.models.layers.multiway import Multiway, MultiwayLayer, NormedFeedForward


@pytest.mark.parametrize('split', [0, 2, 5])
def test_tokens_before_the_split_have_the_weights_of_images(split):
    twice = Multiway(lambda: nn.Linear(4, 3))
    tokens = torch.randn(2, 5, 4)
    out = twice(tokens, split)
    torch.testing.assert_close(out[:, :split], twice.image(tokens[:, :split]))
    torch.testing.assert_close(out[:, split:], twice.text(tokens[:, split:]))


def test_both_sides_start_from_weights_of_their_own():
    twice = Multiway(lambda: nn.Linear(4, 3))
    assert not torch.equal(twice.image.weight, twice.text.weight)


def test_feed_forward_norms_its_hidden_width():
    block = NormedFeedForward(4, 16)
    assert block.norm.normalized_shape == (16, )
    assert block(torch.randn(2, 3, 4)).shape == (2, 3, 4)


def test_padding_is_read_by_nobody():
    layer = MultiwayLayer(8, 2, 16).eval()
    tokens = torch.randn(1, 6, 8)
    padding = torch.tensor([[False] * 4 + [True] * 2])
    changed = tokens.clone()
    changed[:, 4:] = 9
    with torch.no_grad():
        torch.testing.assert_close(layer(tokens, 3, padding)[:, :4],
                                   layer(changed, 3, padding)[:, :4])


def test_image_and_text_attend_to_each_other():
    layer = MultiwayLayer(8, 2, 16).eval()
    tokens = torch.randn(1, 6, 8)
    changed = tokens.clone()
    changed[:, 5] = torch.randn(8)
    with torch.no_grad():
        assert not torch.equal(layer(tokens, 3)[:, 0], layer(changed, 3)[:, 0])


def test_skipped_blocks_leave_the_tokens_alone():
    layer = MultiwayLayer(8, 2, 16, drop_path=1 - 1e-7)
    tokens = torch.randn(3, 6, 8)
    torch.testing.assert_close(layer.train()(tokens, 3), tokens)
    assert not torch.allclose(layer.eval()(tokens, 3), tokens)
