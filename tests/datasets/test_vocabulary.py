"""Vocabularies of whole words and their vectors."""
import os
import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from segvg.datasets.tokenizers import WordPieceTokenizer, WordTokenizer
from segvg.datasets.vocabulary import (
    build_vocabulary,
    build_wordpiece_vocabulary,
    clean,
    read_glove,
    read_spacy,
    read_vocabulary,
    write_vocabulary,
)

IDS = dict(PAD=0, UNK=1, CLS=2, the=3, man=4)


class Bomb:
    """Runs a command when it is unpickled freely."""

    def __reduce__(self):
        return os.system, ('echo boom > boom.txt',)


def test_words_in_order_of_occurrence():
    ids = build_vocabulary(['The man, left!', 'red-shirt man'])
    assert ids == dict(PAD=0, UNK=1, CLS=2, the=3, man=4, left=5, red=6, shirt=7)
    assert clean("Don't (look)/up") == 'dont look up'


def test_vocabulary_survives_a_text_file(tmp_path):
    write_vocabulary(tmp_path / 'v.txt', IDS)
    assert read_vocabulary(tmp_path / 'v.txt') == IDS
    with pytest.raises(ValueError, match='without a gap'):
        write_vocabulary(tmp_path / 'w.txt', dict(a=0, b=2))


def test_published_pickle_is_read_and_code_in_it_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'token_to_ix.pkl').write_bytes(pickle.dumps(IDS))
    assert read_vocabulary('token_to_ix.pkl') == IDS
    (tmp_path / 'bad.pkl').write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ValueError, match='bad.pkl'):
        read_vocabulary('bad.pkl')
    assert not (tmp_path / 'boom.txt').exists()
    (tmp_path / 'list.pkl').write_bytes(pickle.dumps([1]))
    with pytest.raises(ValueError, match='not a dict of words'):
        read_vocabulary('list.pkl')
    (tmp_path / 'far.pkl').write_bytes(pickle.dumps(dict(a=0, b=1 << 40)))
    with pytest.raises(ValueError, match='far.pkl: the ids .* without a gap'):
        read_vocabulary('far.pkl')
    (tmp_path / 'latin.txt').write_bytes(b'caf\xe9\n')
    with pytest.raises(ValueError, match='latin.txt is not a text in UTF-8'):
        read_vocabulary('latin.txt')
    with pytest.raises(FileNotFoundError, match='tools/build_vocab.py'):
        read_vocabulary('none.txt')


def test_glove_vectors_by_hand(tmp_path):
    path = tmp_path / 'glove.txt'
    path.write_text('man 1 2\nother 9 9\nthe 3 4\n')
    assert read_glove(path, IDS).tolist() == [[0, 0], [0, 0], [0, 0], [3, 4], [1, 2]]
    path.write_text('man 1 2\nthe 3\n')
    with pytest.raises(ValueError, match='line 2: 1 numbers, but 2 in the'):
        read_glove(path, IDS)
    path.write_text('man 1 x\n')
    with pytest.raises(ValueError, match="glove.txt, line 1: .* 'x'"):
        read_glove(path, IDS)
    path.write_text('none 1 2\n')
    with pytest.raises(ValueError, match='a vector for none of the 5 words'):
        read_glove(path, IDS)


class FakeModel:
    """What of a spaCy model is used; spaCy itself is optional."""

    def __init__(self, vectors: dict) -> None:
        width = len(next(iter(vectors.values()), ()))
        self.vocab = SimpleNamespace(vectors_length=width)
        self._vectors = vectors

    def make_doc(self, word):
        missing = np.zeros(self.vocab.vectors_length)
        return SimpleNamespace(vector=self._vectors.get(word, missing))


def test_spacy_vectors(monkeypatch):
    models = dict(empty=FakeModel({}), full=FakeModel(dict(man=np.array([1., 2.]))))

    def load(name):
        if name not in models:
            raise OSError(f'[E050] no model {name}')
        return models[name]

    monkeypatch.setitem(sys.modules, 'spacy', SimpleNamespace(load=load))
    with pytest.raises(FileNotFoundError, match='spaCy model .* does not exist'):
        read_spacy('no_such_model', IDS)
    with pytest.raises(ValueError, match='no word vectors'):
        read_spacy('empty', IDS)
    assert read_spacy('full', IDS)[4].tolist() == [1, 2]


def test_missing_spacy_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, 'spacy', None)
    with pytest.raises(ValueError, match='pip install spacy'):
        read_spacy('full', IDS)


def test_tokenizer_knows_words_and_one_unknown(tmp_path):
    tokenizer = WordTokenizer(IDS)
    assert tokenizer('The man!').tolist() == [3, 4]
    assert tokenizer('the zebra').tolist() == [3, 1]
    assert tokenizer('the man the', 2).tolist() == [3, 4]
    assert tokenizer('?!').tolist() == [1]
    write_vocabulary(tmp_path / 'v.txt', {'[PAD]': 0, '[UNK]': 1, 'a': 2})
    assert WordTokenizer(str(tmp_path / 'v.txt'))('a b').tolist() == [2, 1]
    assert repr(tokenizer) == 'WordTokenizer(vocab=5 words)'
    assert pickle.loads(pickle.dumps(tokenizer))('man').tolist() == [4]


def test_vocabulary_without_unknown_word_is_told():
    with pytest.raises(ValueError, match='the given vocabulary has no word UNK'):
        WordTokenizer(dict(a=0))('a')


def test_chinese_and_japanese_characters_are_words():
    assert clean('左边的red杯子。').split() == ['左', '边', '的', 'red', '杯', '子']
    assert clean('ねこ、左').split() == ['ね', 'こ', '左']
    assert clean('왼쪽 사람').split() == ['왼쪽', '사람']
    ids = build_vocabulary(['左边的人', '右边的车'])
    assert list(ids)[3:] == ['左', '边', '的', '人', '右', '车']
    tokenizer = WordTokenizer(ids)
    assert tokenizer('右边的人').tolist() == [7, 4, 5, 6]
    assert tokenizer.known_words('右边的狗') == [True, True, True, False]


def test_wordpiece_vocabulary_has_the_words_that_the_tokenizer_finds(tmp_path):
    texts = ['The red book, left', 'die Fläche', 'the 红 box']
    ids = build_wordpiece_vocabulary(texts)
    assert list(ids)[:7] == ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'the', 'red']
    write_vocabulary(tmp_path / 'words.txt', ids)
    tokenizer = WordPieceTokenizer(tmp_path / 'words.txt')
    for text in texts:
        assert all(tokenizer.known_words(text))
