"""BERT and its relatives."""
import torch

from segvg.models.language_encoders import PooledTransformer
from segvg.structures import TextTokens

TINY = dict(vocab_size=20, hidden_size=8, num_hidden_layers=2, num_attention_heads=2,
            intermediate_size=16, max_position_embeddings=12)


@torch.no_grad()
def test_padding_changes_neither_words_nor_the_vector_of_the_text():
    torch.manual_seed(0)
    encoder = PooledTransformer('bert', TINY).eval()
    ids = torch.tensor([[5, 6, 7, 0, 0]])
    padded = encoder(TextTokens(ids, ids == 0))
    short = encoder(TextTokens(ids[:, :3], ids[:, :3] == 0))
    torch.testing.assert_close(padded.feats[:, :3], short.feats)
    torch.testing.assert_close(encoder.pool(padded), encoder.pool(short))


@torch.no_grad()
def test_no_mask_is_no_padding():
    torch.manual_seed(0)
    encoder = PooledTransformer('bert', TINY).eval()
    ids = torch.tensor([[5, 6, 7]])
    tokens = encoder.embed(TextTokens(ids, ids == 0))
    torch.testing.assert_close(
        encoder.layer(0, tokens._replace(padding_mask=None)).feats,
        encoder.layer(0, tokens).feats)
