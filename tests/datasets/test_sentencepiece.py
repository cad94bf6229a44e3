"""SentencePiece models without sentencepiece: a file written by hand, and bad ones."""
import pickle
import struct

import pytest

from segvg.datasets.sentencepiece import (
    SentencePieceTokenizer,
    read_fields,
    read_unigram,
)
from segvg.registry import TASK_UTILS

UNKNOWN, CONTROL = 2, 3
PIECES = [('<unk>', 0., UNKNOWN), ('<s>', 0., CONTROL), ('</s>', 0., CONTROL),
          ('▁the', -1., 1), ('▁man', -2., 1), ('▁', -3., 1), ('a', -4., 1),
          ('▁half', -2., 1), ('e', -4.5, 1), ('▁eaten', -3., 1), ('man', -2.5, 1)]
THE, MAN, A, HALF, E, EATEN = 4, 5, 7, 8, 9, 10


def varint(value):
    out = b''
    while True:
        value, low = value >> 7, value & 0x7f
        out += bytes([low | (0x80 if value else 0)])
        if not value:
            return out


def field(number, value):
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack('<f', value)
    return varint(number << 3) + varint(value)


def model_bytes(pieces=PIECES, model_type=1):
    data = b''
    for text, score, kind in pieces:
        piece = field(1, text.encode()) + field(2, score)
        data += field(1, piece + (field(3, kind) if kind != 1 else b''))
    return data + field(2, field(3, model_type) + field(4, 8000)) + field(
        3, field(1, b'identity') + field(2, b''))


@pytest.fixture
def model_file(tmp_path):
    path = tmp_path / 'beit3.spm'
    path.write_bytes(model_bytes())
    return path


@pytest.fixture
def tokenizer(model_file):
    return SentencePieceTokenizer(model_file)


def test_pieces_are_read(model_file):
    model = read_unigram(model_file)
    assert model.pieces == [(text, score) for text, score, _ in PIECES]
    assert model.unknown == 0 and model.charsmap == b''


@pytest.mark.parametrize('text, expected', [
    ('The MAN!', [THE, MAN]), ('half-eaten', [HALF, EATEN]),
    ('half/eaten', [HALF, EATEN]), ('  the \t man\n', [THE, MAN]),
    ('theman', [THE, 11]),  # a piece inside a word is another one
    ('the xyz man', [THE, 6, 3, MAN]),  # unknown letters in a row are one
    ('the <s> man', [THE, 6, 3, MAN])])  # no text makes a special token
def test_text_becomes_ids(tokenizer, text, expected):
    assert tokenizer(text).tolist() == [0, *expected, 2]


def test_cleaning_keeps_what_is_not_listed():
    assert SentencePieceTokenizer.clean('[A] {b} c_d 100% *e* #2;') == (
        '[a] {b} c_d 100% e 2')


def test_long_texts_are_cut_before_the_end(tokenizer):
    assert tokenizer('the man the man', 4).tolist() == [0, THE, MAN, 2]
    with pytest.raises(ValueError, match='at least 3, not 2'):
        tokenizer('the man', 2)


@pytest.mark.parametrize('text', ['', ' ... ', '"?!"'])
def test_text_without_a_word_is_an_error(tokenizer, text):
    with pytest.raises(ValueError, match='has no word'):
        tokenizer(text)


def test_known_words(tokenizer):
    assert tokenizer.known_words('the xyz, man') == [True, False, True]
    assert tokenizer.pad_id == 1


def test_a_folder_and_a_pickled_tokenizer_work(model_file, tokenizer):
    folder = SentencePieceTokenizer(model_file.parent)
    again = pickle.loads(pickle.dumps(tokenizer))
    for other in (folder, again):
        assert other('the man').tolist() == [0, THE, MAN, 2]
    assert repr(again) == f'SentencePieceTokenizer(vocab={str(model_file)!r})'


def test_config_builds_it_without_reading(tmp_path):
    tokenizer = TASK_UTILS.build(dict(type='segvg.SentencePieceTokenizer',
                                      vocab=str(tmp_path / 'none.spm')))
    with pytest.raises(FileNotFoundError, match='none.spm is neither a SentencePiece'):
        tokenizer('the man')


@pytest.mark.parametrize('data, message', [
    (b'', '0 pieces for unknown text among 0'),
    (model_bytes([*PIECES, ('x', 0., UNKNOWN)]), '2 pieces for unknown text'),
    (model_bytes(model_type=2), 'a model of type 2, not 1, which is unigram'),
    (model_bytes()[:40], 'only .* are left'), (b'\xff' * 40, 'does not end'),
    (b'\x0b', 'unknown type 3'), (field(1, 5), 'the number 5 where bytes'),
    (field(1, field(2, b'ab')), 'unpack requires'),
    (field(1, field(1, b'\xff\xfe')), "can't decode"),
    (b'\x0a\xff\xff\xff\xff\x0fabc', 'only 3 are left')])
def test_files_that_are_no_model_are_refused(tmp_path, data, message):
    path = tmp_path / 'bad.spm'
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f'(?s)bad.spm is not a unigram.*{message}'):
        read_unigram(path)


def test_normalisation_that_is_none_is_refused(tmp_path):
    path = tmp_path / 'bad.spm'
    path.write_bytes(model_bytes() + field(3, field(2, b'\xff\xff\xff\xff')))
    with pytest.raises(ValueError, match='a normalisation that cannot be read'):
        SentencePieceTokenizer(path)('the man')


def test_large_files_are_not_read(tmp_path, monkeypatch, model_file):
    monkeypatch.setattr('segvg.datasets.sentencepiece.MAX_BYTES', 10)
    with pytest.raises(ValueError, match='has at most 10'):
        read_unigram(model_file)


def test_fields_of_all_types():
    data = field(1, 300) + field(2, b'xy') + field(3, 1.5) + (
        varint(4 << 3 | 1) + bytes(8))
    assert list(read_fields(data)) == [
        (1, 300), (2, b'xy'), (3, struct.pack('<f', 1.5)), (4, bytes(8))]
