"""Expressions, captions and phrases become tokens."""
import numpy as np

from segvg.datasets.tokenizers import WordPieceTokenizer
from segvg.datasets.transforms import (
    TokenizeCaption,
    TokenizeExpression,
    TokenizePhrases,
)
from segvg.datasets.transforms.tokenize import char_to_token, span_to_tokens, token_map

PIECES = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'a', 'man', 'with', 'red', 'hat', 'cup',
          'left', 'cat']
VOCAB = {piece: index for index, piece in enumerate(PIECES)}


def test_every_expression_is_tokenised(make_results):
    transform = TokenizeExpression(dict(type='WordPieceTokenizer', vocab=VOCAB), 4)
    results = transform(make_results(texts=['left cat', 'cat', 'cat cat cat cat']))
    ids = [item['token_ids'].tolist() for item in results['expressions']]
    assert ids == [[2, 10, 11, 3], [2, 11, 3], [2, 11, 11, 3]]
    for item in results['expressions']:
        assert item['token_ids'].dtype == np.int64
        assert item['text_padding_mask'].dtype == bool
        assert item['text_padding_mask'].tolist() == [False] * len(item['token_ids'])


def test_config_of_the_tokenizer_is_left_alone():
    config = dict(type='WordPieceTokenizer', vocab=VOCAB)
    TokenizeExpression(config, 5)
    assert config == dict(type='WordPieceTokenizer', vocab=VOCAB)


def test_edges_between_tokens_look_inside():
    offsets = [(0, 0), (0, 3), (4, 7), (0, 0)]
    assert char_to_token(offsets, 3) is None
    assert span_to_tokens([0, 3], offsets) == range(1, 2)
    assert span_to_tokens([3, 8], offsets) == range(2, 3)  # ' cup '
    assert len(span_to_tokens([8, 9], offsets)) == 0
    assert token_map([[0, 3], [4, 7]], offsets, 6).tolist() == [0, 1, 1, 0, 0, 0]


def test_targets_and_phrases_get_their_tokens():
    expression = dict(
        text='a red cup left a cup', targets=[], phrases=[
            dict(span=[[0, 9]], targets=[2]), dict(span=[[15, 20]], targets=[2, 0]),
            dict(span=[[10, 14]], targets=[])])
    transform = TokenizeCaption(WordPieceTokenizer(VOCAB), max_length=20)
    new = transform(dict(expressions=[expression]))['expressions'][0]
    both, first = [0, 1, 1, 1, 0, 1, 1, 0], [0, 0, 0, 0, 0, 1, 1, 0]
    # Targets in the order of their first naming.
    np.testing.assert_array_equal(new['target_tokens'], [both, first])
    assert new['phrase_tokens'].tolist() == [
        [0, 1, 1, 1, 0, 0, 0, 0], first, [0, 0, 0, 0, 1, 0, 0, 0]]


def test_a_target_without_phrase_gets_all_words():
    transform = TokenizeCaption(WordPieceTokenizer(VOCAB), max_length=20)
    new = transform(dict(expressions=[dict(text='red cup', targets=[0])]))
    assert new['expressions'][0]['target_tokens'].tolist() == [[0, 1, 1, 0]]
    assert 'phrase_tokens' not in new['expressions'][0]


def tokenized(phrases):
    """Return the expression *a man with a red hat* after the transform."""
    transform = TokenizePhrases(WordPieceTokenizer(VOCAB), 12, 5)
    expression = dict(text='a man with a red hat', targets=[], phrases=phrases)
    return transform(dict(expressions=[expression]))['expressions'][0]


def test_phrases_are_tokens_of_the_caption_and_texts_of_their_own():
    out = tokenized([dict(span=[[0, 5]], targets=[0]),
                     dict(span=[[11, 20]], targets=[1])])
    assert out['phrase_tokens'].astype(int).tolist() == [
        [0, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 0]]
    assert out['phrase_ids'][1].tolist() == [2, 4, 7, 8, 3]
    assert out['phrase_ids'][0, :4].tolist() == [2, 4, 5, 3]
    assert out['phrase_padding_mask'].sum(1).tolist() == [1, 0]


def test_parts_of_a_phrase_are_joined():
    out = tokenized([dict(span=[[2, 5], [17, 20]], targets=[0])])
    assert out['phrase_ids'].tolist() == [[2, 5, 8, 3]]


def test_text_without_phrases_is_left_alone():
    assert 'phrase_ids' not in tokenized(None)
