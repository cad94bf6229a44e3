"""Spans of characters become tokens, whatever the tokenizer."""
import json

import numpy as np
import pytest

from segvg.datasets.byte_pairs import BytePairTokenizer
from segvg.datasets.token_spans import char_to_token, span_to_tokens, token_map
from segvg.datasets.tokenizers import WordPieceTokenizer
from segvg.datasets.transforms import TokenizeCaption

PIECES = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'a', 'red', '##dish', 'cup', 'left']
WORDS = {piece: number for number, piece in enumerate(PIECES)}


@pytest.fixture
def roberta(tmp_path):
    """A byte-pair vocabulary of single bytes and two merges, as RoBERTa's files."""
    from tokenizers.pre_tokenizers import ByteLevel
    pieces = ['<s>', '<pad>', '</s>', '<unk>', *sorted(ByteLevel.alphabet()), 'cu',
              'cup']
    (tmp_path / 'vocab.json').write_text(json.dumps(
        {piece: number for number, piece in enumerate(pieces)}))
    (tmp_path / 'merges.txt').write_text('#version: 0.2\nc u\ncu p\n')
    return BytePairTokenizer(tmp_path)


def test_edges_between_tokens_look_inside():
    offsets = [(0, 0), (0, 3), (4, 7), (0, 0)]
    assert char_to_token(offsets, 3) is None
    assert span_to_tokens([0, 3], offsets) == range(1, 2)
    assert span_to_tokens([3, 8], offsets) == range(2, 3)  # ' cup '
    assert len(span_to_tokens([8, 9], offsets)) == 0
    assert token_map([[0, 3], [4, 7]], offsets, 6).tolist() == [0, 1, 1, 0, 0, 0]


def test_word_pieces_tell_offsets_in_the_text_as_typed():
    text = '  A reddish Cup'
    ids, offsets = WordPieceTokenizer(WORDS).encode(text, 20)
    assert [text[begin:end] for begin, end in offsets] == [
        '', 'A', 'red', 'dish', 'Cup', '']
    assert ids.tolist() == WordPieceTokenizer(WORDS)(text, 20).tolist()
    assert len(WordPieceTokenizer(WORDS).encode(text, 4)[1]) == 4


def test_byte_pairs_as_roberta_makes_them(roberta):
    text = 'a cup'
    ids, offsets = roberta.encode(text)
    assert ids[0] == 0 and ids[-1] == 2 and roberta.pad_id == 1
    words = [text[begin:end] for begin, end in offsets]
    assert words[:2] == ['', 'a'] and words[-2:] == ['cup', '']
    assert roberta(text, 3).tolist() == [*ids[:2], 2]
    assert roberta.encode('A')[0][1] != roberta.encode('a')[0][1]


def test_missing_byte_pairs_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match='vocab.json and merges.txt were looked '
                       'for in the folder .*Copy both files'):
        BytePairTokenizer(tmp_path / 'none' / 'here' / 'deep')('a')


def test_targets_and_phrases_get_their_tokens():
    expression = dict(
        text='a red cup left a cup', targets=[], phrases=[
            dict(span=[[0, 9]], targets=[2]), dict(span=[[15, 20]], targets=[2, 0]),
            dict(span=[[10, 14]], targets=[])])
    transform = TokenizeCaption(WordPieceTokenizer(WORDS), max_length=20)
    new = transform(dict(expressions=[expression]))['expressions'][0]
    both, first = [0, 1, 1, 1, 0, 1, 1, 0], [0, 0, 0, 0, 0, 1, 1, 0]
    # Targets in the order of their first naming.
    np.testing.assert_array_equal(new['target_tokens'], [both, first])
    assert new['phrase_tokens'].tolist() == [
        [0, 1, 1, 1, 0, 0, 0, 0], first, [0, 0, 0, 0, 1, 0, 0, 0]]


def test_a_target_without_phrase_gets_all_words():
    transform = TokenizeCaption(WordPieceTokenizer(WORDS), max_length=20)
    new = transform(dict(expressions=[dict(text='red cup', targets=[0])]))
    assert new['expressions'][0]['target_tokens'].tolist() == [[0, 1, 1, 0]]
    assert 'phrase_tokens' not in new['expressions'][0]
