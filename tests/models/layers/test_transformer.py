"""Encoder and decoder layers, and DETR's decoder."""
import pytest
import torch

from segvg.models.layers import DecoderLayer, EncoderLayer, QueryDecoder
from segvg.structures import Tokens


@pytest.mark.parametrize('pre_norm', [False, True])
def test_padding_does_not_change_other_tokens(pre_norm):
    torch.manual_seed(0)
    x = torch.randn(1, 6, 16)
    padding = torch.tensor([[False] * 4 + [True] * 2])
    layer = EncoderLayer(16, 4, 32, pre_norm=pre_norm).eval()
    changed = x.clone()
    changed[:, 4:] = 100.0
    first, second = layer(x, padding), layer(changed, padding)
    torch.testing.assert_close(first[:, :4], second[:, :4])
    torch.testing.assert_close(first[:, :4], layer(x[:, :4]))


@pytest.mark.parametrize('pre_norm', [False, True])
def test_decoder_ignores_padded_memory_and_queries(pre_norm):
    torch.manual_seed(0)
    layer = DecoderLayer(16, 4, 32, pre_norm=pre_norm).eval()
    queries, memory = torch.randn(1, 3, 16), torch.randn(1, 5, 16)
    padding = torch.tensor([[False, False, False, True, True]])
    hidden = torch.tensor([[False, False, True]])
    found = layer(queries, memory, memory, padding, query_padding_mask=hidden)
    expected = layer(queries[:, :2], memory[:, :3], memory[:, :3])
    torch.testing.assert_close(found[:, :2], expected)


@pytest.mark.parametrize('pre_norm', [False, True])
def test_norm_before_a_block_or_after_its_sum(pre_norm):
    torch.manual_seed(0)
    layer = EncoderLayer(16, 4, 32, dropout=0.0, pre_norm=pre_norm)
    x = torch.randn(1, 4, 16)
    if pre_norm:
        normed = layer.attention_norm(x)
        x1 = x + layer.self_attention(normed, normed, normed)
        expected = x1 + layer.feed_forward(layer.feed_forward_norm(x1))
    else:
        x1 = layer.attention_norm(x + layer.self_attention(x, x, x))
        expected = layer.feed_forward_norm(x1 + layer.feed_forward(x1))
    torch.testing.assert_close(layer(x), expected)


def test_query_decoder_starts_from_zeros_and_norms_every_layer():
    torch.manual_seed(0)
    decoder = QueryDecoder(16, 2, 4, 32).eval()
    memory, query_pos = Tokens(torch.randn(2, 5, 16)), torch.randn(1, 3, 16)
    states = decoder(memory, query_pos)
    assert states.shape == (2, 2, 3, 16)
    torch.testing.assert_close(
        states, decoder(memory, query_pos, torch.zeros(2, 3, 16)))
    torch.testing.assert_close(states.mean(-1), torch.zeros(2, 2, 3), atol=1e-5, rtol=0)
