"""BERT and RoBERTa: the numbers of transformers."""
import pytest
import torch
from torch import nn
from transformers import AutoConfig, AutoModel

from segvg.models.layers import additive_mask
from segvg.models.layers.bert import ARCHITECTURES, build_bert, is_bert

TINY = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=4,
            intermediate_size=128, vocab_size=160, max_position_embeddings=40)


def run(embeddings, layers, ids, padding):
    """Return the vectors after all layers."""
    torch.manual_seed(5)
    vectors = embeddings(input_ids=ids)
    for layer in layers:
        found = layer(vectors, attention_mask=additive_mask(padding, torch.float32))
        vectors = found if isinstance(found, torch.Tensor) else found[0]
    return vectors


@pytest.mark.parametrize('kind', ARCHITECTURES)
def test_numbers_names_and_random_weights_are_those_of_transformers(kind):
    torch.manual_seed(0)
    settings = AutoConfig.for_model(kind, **TINY)
    model = AutoModel.from_config(settings, add_pooling_layer=False)
    theirs = nn.ModuleList([model.embeddings, model.encoder.layer])
    after = torch.rand(1)
    torch.manual_seed(0)
    ours = nn.ModuleList(build_bert(kind, TINY))
    assert torch.rand(1) == after  # as many draws
    states = ours.state_dict(), theirs.state_dict()
    assert list(states[0]) == list(states[1])
    torch.testing.assert_close(*states, rtol=0, atol=0)
    ids = torch.randint(3, 160, (3, 9))
    ids[1, 5:] = settings.pad_token_id
    padding = ids == settings.pad_token_id
    ours.load_state_dict(states[1])
    for mode in (False, True):
        torch.testing.assert_close(run(*ours.train(mode), ids, padding),
                                   run(*theirs.train(mode), ids, padding))
    # dropout falls where it falls with transformers, and padding changes no word
    short = run(*ours.eval(), ids[1:2, :5], padding[1:2, :5])
    torch.testing.assert_close(run(*ours, ids, padding)[1:2, :5], short)


def test_defaults_are_those_of_the_published_models():
    for kind in ARCHITECTURES:
        theirs = AutoConfig.for_model(kind)
        with torch.device('meta'):
            embeddings, layers = build_bert(kind, {})
        assert embeddings.word_embeddings.weight.shape == (
            theirs.vocab_size, theirs.hidden_size)
        assert len(layers) == theirs.num_hidden_layers
        assert embeddings.word_embeddings.padding_idx == theirs.pad_token_id
        assert embeddings.LayerNorm.eps == theirs.layer_norm_eps


def test_what_is_not_known_is_left_to_transformers():
    assert is_bert('bert', TINY) and is_bert('roberta', {})
    assert not is_bert('electra', TINY) and not is_bert('bert', dict(hidden_act='relu'))
    with pytest.raises(ValueError, match='hidden_size 64 .* num_attention_heads 5'):
        build_bert('bert', {**TINY, 'num_attention_heads': 5})
