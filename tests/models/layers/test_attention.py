"""Attention and the masks of other libraries."""
import torch
from torch import nn

from segvg.models.layers import MultiHeadAttention, additive_mask, attend_outside
from segvg.models.layers.attention import MappedAttention


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


def test_additive_mask_is_zero_or_lowest():
    mask = additive_mask(torch.tensor([[False, True]]), torch.float32)
    assert mask.tolist() == [[[[0.0, torch.finfo(torch.float32).min]]]]


def test_query_that_is_blocked_everywhere_attends_to_all():
    blocked = torch.tensor([[[True, False], [True, True]]])
    assert attend_outside(blocked).tolist() == [[[[False, True], [True, True]]]]


def test_mapped_attention_reads_what_the_plain_one_reads():
    torch.manual_seed(0)
    mapped = MappedAttention(8, 2).eval()
    plain = MultiHeadAttention(8, 2).eval()
    plain.load_state_dict(mapped.state_dict())
    query, key, value = (torch.randn(2, length, 8) for length in (3, 5, 5))
    with torch.no_grad():
        out, maps = mapped.forward_with_map(query, key, value)
        torch.testing.assert_close(out, plain(query, key, value))
    assert maps.shape == (2, 3, 5)
    torch.testing.assert_close(maps.sum(-1), torch.ones(2, 3))


def test_map_of_attention_carries_the_noise_of_dropout():
    torch.manual_seed(0)
    mapped = MappedAttention(8, 2, dropout=0.5)
    tokens = torch.randn(2, 5, 8)
    _, maps = mapped.train().forward_with_map(tokens, tokens, tokens)
    assert (maps.sum(-1) - 1).abs().max() > 0.1
