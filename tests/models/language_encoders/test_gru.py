"""Word vectors and a GRU."""
import pytest
import torch

from segvg.models.language_encoders import WordVectorGRU
from segvg.structures import TextTokens


def make_text(length: int = 4) -> TextTokens:
    torch.manual_seed(0)
    padding = torch.zeros(2, length, dtype=torch.bool)
    padding[1, 2:] = True
    return TextTokens(torch.randint(3, 9, (2, length)).masked_fill(padding, 0), padding)


def test_padding_counts_only_with_a_text_length():
    text = make_text()
    longer = TextTokens(*(torch.nn.functional.pad(value, (0, 3), value=pad)
                          for value, pad in zip(text, (0, True))))
    unseen = WordVectorGRU(9, 4, 5, text_length=None)
    torch.testing.assert_close(unseen(text).feats, unseen(longer).feats)
    alone = TextTokens(text.ids[1:, :2], text.padding_mask[1:, :2])
    torch.testing.assert_close(unseen(text).feats[1:], unseen(alone).feats)
    fixed = WordVectorGRU(9, 4, 5, text_length=7)
    torch.testing.assert_close(fixed(text).feats, fixed(longer).feats)
    before = fixed(text).feats
    fixed.text_length = 8
    assert not torch.allclose(fixed(text).feats, before)


def test_pools_by_hand():
    model = WordVectorGRU(9, 4, 5, text_length=None, pool='mean')
    text = make_text()
    states = model._states(*text)
    torch.testing.assert_close(model(text).feats[1, 0], states[1, :2].mean(0))
    model.pool = 'max'
    torch.testing.assert_close(model(text).feats[1, 0], states[1, :2].amax(0))


def test_texts_that_do_not_fit_are_errors():
    with pytest.raises(ValueError, match='word id .* in a table of 3 word vectors'):
        WordVectorGRU(3, 4, 5)(make_text())
    with pytest.raises(ValueError, match='4 words in an expression, but text_length'):
        WordVectorGRU(9, 4, 5, text_length=3)(make_text())
    with pytest.raises(ValueError, match="pool is one of .* not 'sum'"):
        WordVectorGRU(9, 4, 5, pool='sum')


def test_states_in_a_graph_and_on_a_gpu_equal_those_of_packed_sequences():
    torch.manual_seed(0)
    encoder = WordVectorGRU(9, word_channels=5, hidden_channels=4).eval()
    ids = torch.randint(1, 9, (3, 6))
    lengths = torch.tensor([6, 1, 4])
    padding_mask = torch.arange(6) >= lengths[:, None]
    packed = encoder._states(ids, padding_mask)
    torch.testing.assert_close(
        encoder._states_without_packing(ids, lengths), packed, rtol=0, atol=1e-6)
    torch.testing.assert_close(
        encoder._states_by_shifting(ids, padding_mask), packed, rtol=0, atol=1e-6)
