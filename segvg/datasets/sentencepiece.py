"""SentencePiece's unigram models: read, bounded, and run by ``tokenizers``.

Neither the library sentencepiece nor protobuf is needed: a model file is a protobuf
message of which three fields matter.
"""
import re
import struct
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Iterator, NamedTuple, Optional, Union

import numpy as np

from segvg.registry import TASK_UTILS

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MAX_BYTES = 1 << 26
MAX_VARINT_BYTES = 10
#: Kinds of pieces in a model file.
NORMAL, UNKNOWN, USER_DEFINED, BYTE = 1, 2, 4, 6
UNIGRAM = 1  # model type in the settings of the training
#: Names of a model file in a folder.
MODEL_FILES = ('beit3.spm', 'sentencepiece.bpe.model', 'spiece.model')

Value = Union[int, bytes]


class UnigramModel(NamedTuple):
    """What a model file holds.

    Attributes:
        pieces: text and logarithm of the probability of every piece.
        kinds: of every piece.
        charsmap: compiled normalisation of characters; empty: none.
    """
    pieces: list[tuple[str, float]]
    kinds: list[int]
    charsmap: bytes

    @property
    def unknown(self) -> int:
        """Index of the piece for unknown text."""
        return self.kinds.index(UNKNOWN)


def read_varint(data: bytes, place: int) -> tuple[int, int]:
    """Return the number at a place and the place behind it."""
    value = 0
    for count, byte in enumerate(data[place:place + MAX_VARINT_BYTES]):
        value |= (byte & 0x7f) << (7 * count)
        if not byte & 0x80:
            return value, place + count + 1
    raise ValueError(f'a number that does not end at byte {place}')


def read_fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Yield number and value of the fields of a protobuf message, in their order.

    Raises:
        ValueError: it is not such a message.
    """
    place = 0
    while place < len(data):
        key, place = read_varint(data, place)
        number, wire = key >> 3, key & 7
        if wire == 0:
            value: Value
            value, place = read_varint(data, place)
        elif wire in (1, 2, 5):
            size = {1: 8, 5: 4}.get(wire)
            if size is None:
                size, place = read_varint(data, place)
            value = data[place:place + size]
            if len(value) < size:
                raise ValueError(f'a field of {size} bytes at byte {place}, but only '
                                 f'{len(value)} are left')
            place += size
        else:
            raise ValueError(f'a field of the unknown type {wire} at byte {place}')
        yield number, value


def as_bytes(value: Value) -> bytes:
    """Return the value of a field that holds bytes."""
    if not isinstance(value, bytes):
        raise ValueError(f'a field holds the number {value} where bytes are expected')
    return value


def read_piece(data: bytes) -> tuple[str, float, int]:
    """Return text, score and kind of a piece."""
    fields = dict(read_fields(data))
    text = as_bytes(fields.get(1, b'')).decode('utf-8')
    score, = struct.unpack('<f', as_bytes(fields.get(2, bytes(4))))
    return text, score, int(fields.get(3, NORMAL))


def read_unigram(path: Union[str, Path]) -> UnigramModel:
    """Return the unigram model of a SentencePiece file (``.spm``, ``.model``).

    Raises:
        ValueError: the file is not one.
    """
    path = Path(path)
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f'{path} has {path.stat().st_size} bytes; a SentencePiece '
                         f'model has at most {MAX_BYTES}')
    pieces, kinds, charsmap = [], [], b''
    try:
        for number, value in read_fields(path.read_bytes()):
            if number == 1:
                text, score, kind = read_piece(as_bytes(value))
                pieces.append((text, score))
                kinds.append(kind)
            elif number == 2:
                model_type = dict(read_fields(as_bytes(value))).get(3, UNIGRAM)
                if model_type != UNIGRAM:
                    raise ValueError(f'a model of type {model_type}, not {UNIGRAM}, '
                                     'which is unigram')
            elif number == 3:
                charsmap = as_bytes(dict(read_fields(as_bytes(value))).get(2, b''))
        if kinds.count(UNKNOWN) != 1:
            raise ValueError(f'{kinds.count(UNKNOWN)} pieces for unknown text among '
                             f'{len(pieces)} pieces, expected 1')
    except (ValueError, struct.error) as error:
        raise ValueError(f'{path} is not a unigram model of SentencePiece: {error}'
                         ) from error
    return UnigramModel(pieces, kinds, charsmap)


def find_model_file(name: Union[str, Path]) -> Path:
    """Return the model file that a path of a file or a folder stands for.

    Raises:
        FileNotFoundError: the path leads to no model file.
    """
    path = Path(name).expanduser()
    candidates = [path, *(path / file for file in MODEL_FILES)]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise FileNotFoundError(
        f'{path} is neither a SentencePiece model nor a folder with '
        f'{" or ".join(MODEL_FILES)}. BEiT-3\'s is beit3.spm: copy it to this machine '
        "and give its path as the tokenizer's `vocab`")


@TASK_UTILS.register_module()
class SentencePieceTokenizer:
    """BEiT-3's tokenizer: cleaned text, pieces of a unigram model, XLM-R's numbers.

    The text is lower-cased and stripped of ``. , ' ! ? " ( ) * # : ;``; *-* and */*
    become spaces. ``<s>`` is 0, padding 1, ``</s>`` 2, unknown 3, and every other piece
    has its number in the file plus 1.

    Args:
        vocab: path of the model file (``beit3.spm``), or of a folder that holds it.

    Source: Kudo, ACL 2018 (unigram model); Dai et al., "InstanceVG" (cleaning).
    """
    START_ID, PAD_ID, END_ID, UNKNOWN_ID = 0, 1, 2, 3
    DROPPED = re.compile(r"""[.,'!?"()*#:;]""")
    SPACED = re.compile('[-/]')

    def __init__(self, vocab: Union[str, Path]) -> None:
        self.vocab = vocab

    @property
    def pad_id(self) -> int:
        """The id of padding."""
        return self.PAD_ID

    @classmethod
    def clean(cls, text: str) -> str:
        """Return the text in lower case without punctuation."""
        return cls.SPACED.sub(' ', cls.DROPPED.sub('', text.lower()))

    @cached_property
    def _engine(self) -> tuple['Tokenizer', int]:
        """The tokenizer of the ``tokenizers`` library, and its unknown piece."""
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
        path = find_model_file(self.vocab)
        model = read_unigram(path)
        # Other kinds are never found in a text: they get a text that does not occur.
        pieces = [piece if kind in (NORMAL, USER_DEFINED, BYTE) else
                  (f'\uffff{index}', piece[1])
                  for index, (piece, kind) in enumerate(zip(model.pieces, model.kinds))]
        engine = Tokenizer(models.Unigram(pieces, model.unknown,
                                          byte_fallback=BYTE in model.kinds))
        if model.charsmap:
            try:
                engine.normalizer = normalizers.Precompiled(model.charsmap)
            except Exception as error:  # the library has no class of its own
                raise ValueError(f'{path} has a normalisation that cannot be read: '
                                 f'{error}') from error
        engine.pre_tokenizer = pre_tokenizers.Sequence([
            pre_tokenizers.WhitespaceSplit(),
            pre_tokenizers.Metaspace(replacement='▁', prepend_scheme='always')])
        return engine, model.unknown

    def _pieces(self, text: str) -> list[int]:
        """Return the ids of the pieces of a cleaned text."""
        engine, unknown = self._engine
        found = engine.encode(text, add_special_tokens=False).ids
        return [self.UNKNOWN_ID if index == unknown else index + 1 for index in found]

    def __call__(self, text: str, max_length: Optional[int] = None) -> np.ndarray:
        """Return the ids (L,) int64 of ``<s> pieces </s>``, L <= ``max_length``.

        Pieces beyond ``max_length`` are cut off; nothing is padded.

        Raises:
            ValueError: the text has no pieces, or ``max_length`` leaves room for none.
        """
        if max_length is not None and max_length < 3:
            raise ValueError('max_length counts <s> and </s> and leaves room for a '
                             f'piece, so it is at least 3, not {max_length}')
        pieces = self._pieces(self.clean(text))
        if not pieces:
            raise ValueError(f'the expression {text!r} has no word: nothing is left of '
                             'it without punctuation')
        count = None if max_length is None else max_length - 2
        return np.array([self.START_ID, *pieces[:count], self.END_ID], dtype=np.int64)

    def known_words(self, text: str) -> list[bool]:
        """Say of every word of the text whether the model has pieces for it."""
        return [self.UNKNOWN_ID not in self._pieces(word)
                for word in self.clean(text).split()]

    def __getstate__(self) -> dict:
        """Leave out what can be rebuilt: workers read the file themselves."""
        return dict(vocab=self.vocab)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(vocab={str(self.vocab)!r})'
