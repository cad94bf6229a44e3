"""Text encoders of transformers: their tokens and vectors, padding, lengths."""
import pytest
import torch
import transformers
from mmengine.registry import init_default_scope

from segvg.models.language_encoders import HuggingFaceTextEncoder
from segvg.models.language_encoders.huggingface import CLASSES, FIXED_LENGTH, POOLERS
from segvg.registry import MODELS
from segvg.structures import TextTokens
from tests.models.tiny_encoders import TEXT, quiet, save, settings_of, spread

EACH = pytest.mark.parametrize('name', TEXT)


def texts(length: int = 6) -> TextTokens:
    """Two expressions, of six and four tokens; 19 ends them."""
    ids = torch.tensor([[1, 5, 6, 7, 8, 19], [1, 9, 4, 19, 0, 0]])
    ids = torch.nn.functional.pad(ids, (0, length - 6))
    return TextTokens(ids, ids == 0)


def published(name, folder):
    """Save a model as transformers would publish it, with weights of its own."""
    settings = settings_of(TEXT[name])
    model = getattr(transformers, CLASSES[settings.model_type])(settings)
    spread(model)
    save(model, folder)
    with quiet():
        return type(model).from_pretrained(folder, use_safetensors=True).eval()


@EACH
@torch.no_grad()
def test_tokens_and_vectors_equal_those_of_transformers_bit_for_bit(name, tmp_path):
    model, text = published(name, tmp_path), texts()
    kind = model.config.model_type
    ids, keep = text.ids, text.padding_mask.logical_not().long()
    if kind in FIXED_LENGTH:  # as they were trained
        ids, keep = texts(16).ids, None
    theirs = model(input_ids=ids, attention_mask=keep)
    pooling = 'own' if kind in POOLERS else 'mean'
    encoder = HuggingFaceTextEncoder(str(tmp_path), pooling=pooling)
    init_default_scope('segvg')
    encoder.init_weights()
    tokens = encoder.eval()(text)
    assert torch.equal(tokens.feats, theirs.last_hidden_state[:, :6])
    assert torch.equal(tokens.padding_mask, text.padding_mask)
    assert tokens.feats.shape[2] == encoder.channels
    if kind in POOLERS:
        assert torch.equal(encoder.pool(tokens), theirs.pooler_output)
    else:
        torch.testing.assert_close(encoder.pool(tokens)[1], tokens.feats[1, :4].mean(0))


@EACH
@torch.no_grad()
def test_padding_changes_neither_words_nor_the_vector_of_the_text(name):
    torch.manual_seed(0)
    pooling = 'own' if TEXT[name]['model_type'] in POOLERS else 'mean'
    encoder = HuggingFaceTextEncoder(TEXT[name], pooling=pooling).eval()
    text = texts()
    longer = TextTokens(
        torch.nn.functional.pad(text.ids, (0, 5), value=7),
        torch.nn.functional.pad(text.padding_mask, (0, 5), value=True))
    alone = TextTokens(text.ids[1:, :4], text.padding_mask[1:, :4])
    batch, padded, single = (encoder(given) for given in (text, longer, alone))
    inside = ~text.padding_mask
    torch.testing.assert_close(batch.feats[inside], padded.feats[:, :6][inside])
    torch.testing.assert_close(batch.feats[1, :4], single.feats[0])
    torch.testing.assert_close(batch.pooled, padded.pooled)
    torch.testing.assert_close(batch.pooled[1:], single.pooled)


@EACH
def test_every_trainable_parameter_gets_a_gradient(name):
    pooled = TEXT[name]['model_type'] in POOLERS
    for pooling in (None, 'own') if pooled else (None, ):
        encoder = HuggingFaceTextEncoder(TEXT[name], pooling=pooling).train()
        tokens = encoder(texts())
        total = tokens.feats.sum() + (0 if pooling is None else tokens.pooled.sum())
        total.backward()
        without = [key for key, value in encoder.named_parameters()
                   if value.requires_grad and value.grad is None]
        assert without == []


def test_weights_of_a_whole_model_fill_one_tower(tmp_path):
    """CLIP is published with both towers, T5 with its decoder."""
    text = {key: value for key, value in TEXT['clip'].items() if key != 'model_type'}
    clip = transformers.CLIPModel(transformers.CLIPConfig(
        text_config=text, vision_config=dict(
            hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=16, image_size=32, patch_size=16)))
    t5 = transformers.T5ForConditionalGeneration(settings_of(TEXT['t5']))
    init_default_scope('segvg')
    for name, model, part in (('clip', clip, clip.text_model),
                              ('t5', t5, t5.encoder)):
        save(model, tmp_path / name)
        encoder = HuggingFaceTextEncoder(str(tmp_path / name))
        encoder.init_weights()
        ours = encoder.model.encoder if name == 't5' else encoder.model
        for key, value in part.state_dict().items():
            assert torch.equal(value, ours.state_dict()[key])


def test_a_pooler_that_was_not_published_starts_at_random(tmp_path):
    save(transformers.RobertaModel(settings_of(TEXT['roberta']),
                                   add_pooling_layer=False), tmp_path)
    encoder = HuggingFaceTextEncoder(str(tmp_path), pooling='own')
    init_default_scope('segvg')
    encoder.init_weights()
    assert encoder.model.pooler.dense.weight.std() > 0


def test_texts_and_ids_that_the_encoder_has_no_rows_for():
    encoder = HuggingFaceTextEncoder(TEXT['roberta'])
    ids = torch.ones((1, 16), dtype=torch.long)
    with pytest.raises(ValueError, match='16 tokens .* has 15 positions'):
        encoder(TextTokens(ids, ids == 0))
    with pytest.raises(ValueError, match='id 21 in a vocabulary of 20'):
        encoder(TextTokens(20 + ids[:, :3], ids[:, :3] == 0))
    encoder = HuggingFaceTextEncoder(TEXT['t5'])
    long = torch.ones((1, 600), dtype=torch.long)
    assert encoder(TextTokens(long, long == 0)).feats.shape == (1, 600, 16)


def test_poolings_that_there_are_not():
    with pytest.raises(ValueError, match="pooling is one of .* not 'max'"):
        HuggingFaceTextEncoder(TEXT['bert'], pooling='max')
    with pytest.raises(ValueError, match='modernbert has no vector of the whole text'):
        HuggingFaceTextEncoder(TEXT['modernbert'], pooling='own')
    encoder = HuggingFaceTextEncoder(TEXT['bert'])
    with pytest.raises(ValueError, match='set pooling of HuggingFaceTextEncoder'):
        encoder.pool(encoder(texts()))
    with pytest.raises(ValueError, match="'gpt2' is not a text encoder .* modernbert"):
        HuggingFaceTextEncoder(dict(model_type='gpt2'))


@torch.no_grad()
def test_id_of_padding_where_it_is_attended_to():
    encoder = HuggingFaceTextEncoder(TEXT['siglip']).eval()
    other = HuggingFaceTextEncoder(TEXT['siglip'], pad_id=3).eval()
    other.load_state_dict(encoder.state_dict())
    ids = texts(16).ids
    theirs = encoder.model(input_ids=ids.masked_fill(ids == 0, 3)).last_hidden_state
    assert torch.equal(other(texts()).feats, theirs[:, :6])
    assert not torch.equal(encoder(texts()).feats, theirs[:, :6])


def test_first_token_as_the_vector_of_the_text():
    encoder = HuggingFaceTextEncoder(TEXT['modernbert'], pooling='first')
    tokens = encoder(texts())
    assert torch.equal(encoder.pool(tokens), tokens.feats[:, 0])


@pytest.mark.parametrize('encoder', [
    dict(type='HuggingFaceTextEncoder', config=TEXT['modernbert'], pooling='mean'),
    dict(type='PooledTransformer', config=dict(
        vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=16))])
def test_a_sentence_is_one_token(encoder):
    init_default_scope('segvg')
    sentence = MODELS.build(dict(type='SentenceEncoder', encoder=encoder, channels=24))
    assert sentence(texts()).feats.shape == (2, 1, 24)


@pytest.mark.slow
@pytest.mark.parametrize('name', ['bert', 'modernbert', 'siglip2'])
@torch.no_grad()
def test_exported_graph_gives_the_same_tokens(name):
    class Feats(torch.nn.Module):
        def __init__(self, encoder):
            super().__init__()
            self.encoder = encoder

        def forward(self, ids, padding_mask):
            return self.encoder(TextTokens(ids, padding_mask)).feats

    model = Feats(HuggingFaceTextEncoder(TEXT[name])).eval()
    graph = torch.export.export(model, tuple(texts()), strict=False).module()
    torch.testing.assert_close(graph(*texts()), model(*texts()))


def test_every_architecture_is_compared_with_transformers():
    assert {config['model_type'] for config in TEXT.values()} == CLASSES.keys()
