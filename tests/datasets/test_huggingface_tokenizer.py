"""Tokenizers from one file, and their lengths, spans and known words."""
import pickle

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from segvg.datasets.huggingface_tokenizer import HuggingFaceTokenizer

WORDS = ('[PAD]', '[UNK]', '[CLS]', '[SEP]', 'the', 'red', 'box', 'i')


@pytest.fixture
def folder(tmp_path):
    """A tokenizer of whole words, saved with padding and a length of its own."""
    engine = Tokenizer(models.WordLevel(
        {word: number for number, word in enumerate(WORDS)}, unk_token='[UNK]'))
    engine.pre_tokenizer = pre_tokenizers.Whitespace()
    engine.post_processor = processors.TemplateProcessing(
        single='[CLS] $A [SEP]', special_tokens=[('[CLS]', 2), ('[SEP]', 3)])
    engine.enable_padding(length=12)
    engine.enable_truncation(3)
    engine.save(str(tmp_path / 'tokenizer.json'))
    return tmp_path


def test_text_becomes_ids_without_padding(folder):
    tokenizer = HuggingFaceTokenizer(folder)
    ids = tokenizer('the red box box')
    assert ids.tolist() == [2, 4, 5, 6, 6, 3] and ids.dtype == np.int64
    assert tokenizer('the red box', 4).tolist() == [2, 4, 5, 3]
    assert tokenizer('the red box').tolist() == [2, 4, 5, 6, 3]


def test_spans_are_those_of_the_text_as_typed(folder):
    tokenizer = HuggingFaceTokenizer(folder, lower_case=True)
    text = ' The \u0130 RED box'  # the dotted capital I becomes two characters
    ids, spans = tokenizer.encode(text)
    assert ids[[1, -3, -2]].tolist() == [4, 5, 6]
    assert [text[begin:end] for begin, end in spans[[1, -3, -2]]] == ['The', 'RED',
                                                                     'box']
    assert spans[0].tolist() == spans[-1].tolist() == [0, 0]


def test_blanks_before_a_piece_are_not_of_its_span(tmp_path):
    engine = Tokenizer(models.Unigram([('<unk>', 0.0), ('\u2581red', -1.0),
                                       ('\u2581box', -1.0)], 0))
    engine.pre_tokenizer = pre_tokenizers.Metaspace()
    engine.save(str(tmp_path / 'tokenizer.json'))
    tokenizer = HuggingFaceTokenizer(tmp_path)
    ids, spans = tokenizer.encode('red box')
    assert ids.tolist() == [1, 2] and spans.tolist() == [[0, 3], [4, 7]]
    with pytest.raises(ValueError, match="'' gives no token"):
        tokenizer('')


def test_known_words(folder):
    tokenizer = HuggingFaceTokenizer(folder, lower_case=True)
    assert tokenizer.known_words('the Red cow') == [True, True, False]


def test_length_without_room_for_a_piece(folder):
    with pytest.raises(ValueError, match='counts 2 special tokens .* not 2'):
        HuggingFaceTokenizer(folder)('the', 2)


def test_used_tokenizer_can_be_sent_to_a_worker(folder):
    tokenizer = HuggingFaceTokenizer(folder)
    ids = tokenizer('the box')
    copied = pickle.loads(pickle.dumps(tokenizer))
    assert copied('the box').tolist() == ids.tolist()
    assert repr(copied) == f"HuggingFaceTokenizer(vocab='{folder}', lower_case=False)"


def test_file_that_is_missing_or_is_none(tmp_path):
    with pytest.raises(FileNotFoundError, match='tokenizer.json of the model into a'):
        HuggingFaceTokenizer(tmp_path)('the')
    (tmp_path / 'tokenizer.json').write_text('{}')
    with pytest.raises(ValueError, match='tokenizer.json cannot be read as a token'):
        HuggingFaceTokenizer(tmp_path)('the')
