"""Tokenizers: hand-made vocabularies, files, and what is said when there is none."""
import copy
import json
import pickle
import time
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest

from segvg.datasets.tokenizers import (
    BytePairTokenizer,
    CutWordPieceTokenizer,
    WordPieceTokenizer,
    find_vocab_file,
)
from segvg.registry import TASK_UTILS

PIECES = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'the', 'un', '##aff', '##able', 'cafe',
          'left', '-', 'most', ',', '#', '2', '[', ']', 'sep', '中']


@pytest.fixture
def vocab_file(tmp_path):
    path = tmp_path / 'vocab.txt'
    path.write_text('\n'.join(PIECES) + '\n', encoding='utf-8')
    return path


def pieces(text, max_length=None, **arguments):
    ids = {piece: number for number, piece in enumerate(PIECES)}
    tokenizer = WordPieceTokenizer(ids, **arguments)
    return [PIECES[number] for number in tokenizer(text, max_length)[1:-1]]


@pytest.mark.parametrize('text, expected', [
    ('The Unaffable', ['the', 'un', '##aff', '##able']),
    ('  left-most, #2 ', ['left', '-', 'most', ',', '#', '2']),
    ('Café cafe\u0301', ['cafe', 'cafe']), ('the\tthe\nthe', ['the'] * 3),
    ('the中the', ['the', '中', 'the']), ('[SEP]', ['[', 'sep', ']']),
    ('thex', ['[UNK]']), ('t' * 101, ['[UNK]']), ('', []), ('  ', [])])
def test_text_is_cut_into_pieces(text, expected):
    assert pieces(text) == expected


def test_case_and_accents_stay_for_a_cased_vocabulary():
    assert pieces('The the Café', lower_case=False) == ['[UNK]', 'the', '[UNK]']


def test_ids_are_framed_and_cut_to_the_length():
    special = {'[PAD]': 0, '[UNK]': 100, '[CLS]': 101, '[SEP]': 102}
    tokenizer = WordPieceTokenizer(special | {'man': 2158, 'in': 1999})  # with gaps
    assert tokenizer('man in man').tolist() == [101, 2158, 1999, 2158, 102]
    assert tokenizer('man in man', 4).tolist() == [101, 2158, 1999, 102]
    assert tokenizer('', 4).tolist() == [101, 102]
    assert tokenizer('man').dtype == np.int64
    assert tokenizer.pad_id == 0


def test_length_without_room_for_a_piece_is_an_error():
    with pytest.raises(ValueError, match='at least 3, not 2'):
        pieces('the', 2)


def test_vocabulary_comes_from_a_file_or_its_folder(vocab_file):
    for vocab in (str(vocab_file), vocab_file, str(vocab_file.parent)):
        config = dict(type='WordPieceTokenizer', vocab=vocab)
        assert TASK_UTILS.build(config)('the left').tolist() == [2, 4, 9, 3]


def test_file_with_windows_line_ends_is_read(tmp_path):
    path = tmp_path / 'words.txt'
    path.write_bytes('\r\n'.join(PIECES).encode())
    assert WordPieceTokenizer(path)('the left').tolist() == [2, 4, 9, 3]


def test_nothing_is_read_before_the_first_call(tmp_path):
    tokenizer = WordPieceTokenizer(tmp_path / 'later.txt')
    with pytest.raises(FileNotFoundError, match='file .*later.txt does not exist'):
        tokenizer('the')


@pytest.mark.parametrize('copied', [
    lambda item: pickle.loads(pickle.dumps(item)), copy.deepcopy])
def test_used_tokenizer_can_be_sent_to_a_worker(vocab_file, copied):
    tokenizer = WordPieceTokenizer(vocab_file)
    before = tokenizer('the left')
    np.testing.assert_array_equal(copied(tokenizer)('the left'), before)


def test_vocabulary_without_special_pieces_is_named(tmp_path):
    path = tmp_path / 'words.txt'
    path.write_text('[PAD]\n[UNK]\ncat\n')
    with pytest.raises(ValueError, match=r'words.txt lacks \[CLS\], \[SEP\]'):
        WordPieceTokenizer(path)('cat')


@pytest.mark.parametrize('name, message', [
    ('gone/vocab.txt', 'vocabulary file gone/vocab.txt does not exist'),
    ('./a/b/c', 'vocabulary file a/b/c does not exist'),
    ('/nowhere/bert', 'vocabulary file /nowhere/bert does not exist')])
def test_missing_path_is_named(name, message):
    with pytest.raises(FileNotFoundError, match=message):
        find_vocab_file(name)


def test_folder_without_vocabulary_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='has no vocab.txt'):
        find_vocab_file(tmp_path)


def test_unreachable_hub_is_told_quickly(monkeypatch):
    monkeypatch.setattr(huggingface_hub, 'try_to_load_from_cache', lambda *_: None)
    begin = time.time()
    with pytest.raises(FileNotFoundError) as error:
        find_vocab_file('bert-base-uncased')
    assert time.time() - begin < 5
    for part in ("'bert-base-uncased'", 'vocab.txt', 'cache', 'hub', 'path', '`vocab`'):
        assert part in str(error.value)


def test_cache_of_the_hub_goes_before_the_hub(vocab_file, monkeypatch):
    monkeypatch.setattr(huggingface_hub, 'try_to_load_from_cache',
                        lambda name, file: str(vocab_file))
    assert find_vocab_file('bert-base-uncased') == vocab_file


def test_hub_is_asked_once_then_the_file_is_fetched(vocab_file, monkeypatch):
    asked = []
    monkeypatch.setattr(huggingface_hub, 'try_to_load_from_cache', lambda *_: None)
    monkeypatch.setattr(huggingface_hub, 'get_hf_file_metadata',
                        lambda url, timeout: asked.append((url, timeout)))
    monkeypatch.setattr(huggingface_hub, 'hf_hub_download',
                        lambda name, file: str(vocab_file))
    assert find_vocab_file('org/bert') == vocab_file
    (url, timeout), = asked
    assert 'org/bert' in url and url.endswith('vocab.txt') and timeout <= 10


def test_local_folder_goes_before_the_hub(vocab_file, monkeypatch):
    monkeypatch.chdir(vocab_file.parent.parent)
    assert find_vocab_file(vocab_file.parent.name) == Path(
        vocab_file.parent.name, 'vocab.txt')


def test_repr_is_short(vocab_file):
    shown = repr(WordPieceTokenizer({piece: i for i, piece in enumerate(PIECES)}))
    assert shown == 'WordPieceTokenizer(vocab=19 pieces, lower_case=True)'
    assert 'vocab.txt' in repr(WordPieceTokenizer(vocab_file))


def test_word_pieces_tell_offsets_in_the_text_as_typed():
    text = '  The unable Cafe'
    tokenizer = WordPieceTokenizer(
        {piece: index for index, piece in enumerate(PIECES)})
    ids, offsets = tokenizer.encode(text, 20)
    assert [text[begin:end] for begin, end in offsets] == [
        '', 'The', 'un', 'able', 'Cafe', '']
    assert ids.tolist() == tokenizer(text, 20).tolist()
    assert len(tokenizer.encode(text, 4)[1]) == 4


def test_end_is_cut_off_with_its_special_token():
    pieces = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'the', 'red', 'box']
    tokenizer = CutWordPieceTokenizer(
        {piece: index for index, piece in enumerate(pieces)})
    assert tokenizer('the red box', 10).tolist() == [2, 4, 5, 6, 3]
    assert tokenizer('the red box', 4).tolist() == [2, 4, 5, 6]
    assert tokenizer('the red box').tolist() == [2, 4, 5, 6, 3]


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


def test_spans_survive_lower_casing_that_changes_the_length():
    words = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'ince', 'kadin', 'man', '!']
    tokenizer = WordPieceTokenizer({word: index for index, word in enumerate(words)})
    text = ' \u0130nce man! \u0130\u0130 man'
    ids, spans = tokenizer.encode(text)
    assert [text[begin:end] for begin, end in spans] == [
        '', '\u0130nce', 'man', '!', '\u0130\u0130', 'man', '']
    assert [words[index] for index in ids[1:-1]] == ['ince', 'man', '!', '[UNK]', 'man']


def test_known_words_are_told(roberta):
    tokenizer = WordPieceTokenizer({piece: i for i, piece in enumerate(PIECES)})
    assert tokenizer.known_words('The unable, dog') == [True, True, True, False]
    assert tokenizer.known_words('the中車') == [True, True, False]
    assert roberta.known_words('any words') == [True, True]
