"""Attention, transformer layers, position encoding, MLP."""
import math

import torch
from torch import nn

from segvg.models.layers import (
    MLP,
    DecoderLayer,
    EncoderLayer,
    MultiHeadAttention,
    additive_mask,
    sine_position,
)


def test_attention_equals_torch_with_same_weights():
    torch.manual_seed(0)
    ours = MultiHeadAttention(16, 4)
    theirs = nn.MultiheadAttention(16, 4, batch_first=True)
    theirs.load_state_dict(ours.state_dict())
    query, key, value = torch.randn(2, 3, 16), torch.randn(2, 5, 16), torch.randn(
        2, 5, 16)
    padding = torch.tensor([[False] * 5, [False, False, False, True, True]])
    expected = theirs(query, key, value, key_padding_mask=padding)[0]
    torch.testing.assert_close(ours(query, key, value, padding), expected)
    expected = theirs(key, key, value, key_padding_mask=padding)[0]
    torch.testing.assert_close(ours(key, key, value, padding), expected)


def test_attention_dropout_only_in_training():
    layer = MultiHeadAttention(16, 4, dropout=0.5)
    x = torch.randn(1, 6, 16)
    assert not torch.equal(layer(x, x, x), layer(x, x, x))
    layer.eval()
    assert torch.equal(layer(x, x, x), layer(x, x, x))


def test_padding_does_not_change_other_tokens():
    torch.manual_seed(0)
    x = torch.randn(1, 6, 16)
    padding = torch.tensor([[False] * 4 + [True] * 2])
    for pre_norm in (False, True):
        layer = EncoderLayer(16, 4, 32, pre_norm=pre_norm).eval()
        changed = x.clone()
        changed[:, 4:] = 100.0
        first, second = layer(x, padding), layer(changed, padding)
        torch.testing.assert_close(first[:, :4], second[:, :4])
        torch.testing.assert_close(first[:, :4], layer(x[:, :4]))


def test_decoder_ignores_padded_memory():
    torch.manual_seed(0)
    layer = DecoderLayer(16, 4, 32).eval()
    queries, memory = torch.randn(1, 2, 16), torch.randn(1, 5, 16)
    padding = torch.tensor([[False, False, False, True, True]])
    torch.testing.assert_close(layer(queries, memory, memory, padding),
                               layer(queries, memory[:, :3], memory[:, :3]))


def test_additive_mask_is_zero_or_lowest():
    mask = additive_mask(torch.tensor([[False, True]]), torch.float32)
    assert mask.tolist() == [[[[0.0, torch.finfo(torch.float32).min]]]]


def test_sine_position_by_hand():
    """Two rows, one column, four channels: sin y, cos y, sin x, cos x."""
    pos = sine_position(torch.zeros(1, 2, 1, dtype=torch.bool), 4)
    half, full = math.pi, 2 * math.pi
    expected = torch.tensor([[[math.sin(half), math.cos(half), 0, 1],
                              [math.sin(full), math.cos(full), 0, 1]]])
    torch.testing.assert_close(pos, expected, atol=1e-5, rtol=0)


def test_sine_position_spans_what_is_not_padding():
    padding = torch.zeros(1, 3, 4, dtype=torch.bool)
    padding[:, :, 2:] = True
    masked = sine_position(padding, 8).view(3, 4, 8)
    small = sine_position(torch.zeros(1, 3, 2, dtype=torch.bool), 8).view(3, 2, 8)
    torch.testing.assert_close(masked[:, :2], small)


def test_mlp_has_no_activation_at_the_end():
    mlp = MLP(3, 4, 2)
    x = torch.randn(5, 3)
    expected = mlp.layers[1](mlp.layers[0](x).relu())
    torch.testing.assert_close(mlp(x), expected)
