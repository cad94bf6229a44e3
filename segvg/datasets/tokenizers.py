"""Tokenizers: text in, ids out. A tokenizer reads no file before its first call."""
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Mapping, Optional, Union

import numpy as np

from segvg.datasets.vocabulary import clean, read_vocabulary
from segvg.registry import TASK_UTILS
from segvg.utils.layout import VOCABULARIES
from segvg.utils.lower_case import lower_with_origins

if TYPE_CHECKING:
    from tokenizers import Tokenizer

VOCAB_FILE = 'vocab.txt'
BYTE_PAIR_FILES = ('vocab.json', 'merges.txt')
HUB_TIMEOUT = 5  # seconds for the one question whether the hub has the file
HUB_NAME = re.compile(r'[\w.-]+(/[\w.-]+)?')


def find_vocab_file(name: Union[str, Path]) -> Path:
    """Return the vocabulary file that ``name`` stands for.

    Args:
        name: ``synthref``, path of a vocabulary file, path of a folder that holds a
            ``vocab.txt``, or name of a model on the Hugging Face hub. A local path is
            preferred to the cache of the hub, and the cache to the hub itself.

    Raises:
        FileNotFoundError: none of them has it; the message says where it was
            looked for.
    """
    if name in VOCABULARIES:
        return VOCABULARIES[str(name)]
    path = Path(name).expanduser()
    if path.is_file():
        return path
    if path.is_dir():
        if (path / VOCAB_FILE).is_file():
            return path / VOCAB_FILE
        raise FileNotFoundError(
            f'folder {path} has no {VOCAB_FILE}: give the path of a '
            'WordPiece vocabulary, one piece a line')
    if path.suffix == '.txt' or not HUB_NAME.fullmatch(str(name)):
        raise FileNotFoundError(
            f'vocabulary file {path} does not exist: give the path of a WordPiece '
            'vocabulary, one piece a line')
    return _find_on_hub(str(name))


def _find_on_hub(name: str) -> Path:
    """Return the vocabulary of the model ``name`` from the hub's cache or the hub."""
    import huggingface_hub as hub
    cached = hub.try_to_load_from_cache(name, VOCAB_FILE)
    if isinstance(cached, str):
        return Path(cached)
    try:
        # hf_hub_download alone would repeat a failed question for half a minute.
        hub.get_hf_file_metadata(hub.hf_hub_url(name, VOCAB_FILE), timeout=HUB_TIMEOUT)
        return Path(hub.hf_hub_download(name, VOCAB_FILE))
    except Exception as error:  # the client's network errors have no common class
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise FileNotFoundError(
            f'no WordPiece vocabulary for {name!r}. Looked for a file or folder '
            f'{Path(name).absolute()}, for {VOCAB_FILE} of {name!r} in the cache '
            f'{hub.constants.HF_HUB_CACHE} and on the hub ({reason}). Where the hub '
            f'cannot be reached, copy {VOCAB_FILE} of that model to this machine and '
            "give its path as the tokenizer's `vocab`") from error


@TASK_UTILS.register_module()
class WordPieceTokenizer:
    """BERT's tokenizer: basic tokenisation, then the longest known pieces.

    The text is trimmed, lower-cased and stripped of accents (both with ``lower_case``);
    punctuation and CJK characters become words of their own; each word is cut into the
    longest pieces of the vocabulary, from the left.

    Args:
        vocab: path of a vocabulary file (one piece a line, the id is the line number
            from 0), a folder with a ``vocab.txt``, the name of a model on the Hugging
            Face hub, ``synthref`` for the words of SynthRef, or a mapping piece -> id,
            whose ids may have gaps.
        lower_case: whether the vocabulary is an uncased one.
    """
    PAD, UNKNOWN, START, END = '[PAD]', '[UNK]', '[CLS]', '[SEP]'

    def __init__(self, vocab: Union[str, Path, Mapping[str, int]],
                 lower_case: bool = True) -> None:
        self.vocab = vocab
        self.lower_case = lower_case

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of every piece; read from the file at the first use."""
        if isinstance(self.vocab, Mapping):
            name, ids = 'the given vocabulary', dict(self.vocab)
        else:
            name = find_vocab_file(self.vocab)
            with open(name, encoding='utf-8') as file:
                ids = {line.rstrip('\r\n'): number for number, line in enumerate(file)}
        special = (self.PAD, self.UNKNOWN, self.START, self.END)
        missing = [piece for piece in special if piece not in ids]
        if missing:
            raise ValueError(
                f'{name} lacks {", ".join(missing)}: a WordPiece vocabulary with one '
                f'piece a line and {", ".join(special)} is expected')
        return ids

    @property
    def pad_id(self) -> int:
        """The id of padding."""
        return self.ids[self.PAD]

    @cached_property
    def _engine(self) -> 'Tokenizer':
        """The tokenizer of the ``tokenizers`` library."""
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
        model = models.WordPiece(self.ids, unk_token=self.UNKNOWN,
                                 max_input_chars_per_word=100)
        engine = Tokenizer(model)
        engine.normalizer = normalizers.BertNormalizer(lowercase=self.lower_case)
        engine.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        return engine

    def __call__(self, text: str, max_length: Optional[int] = None) -> np.ndarray:
        """Return the ids (L,) int64 of ``[CLS] pieces [SEP]``, L <= ``max_length``.

        Pieces beyond ``max_length`` are cut off; nothing is padded.
        """
        return self.encode(text, max_length)[0]

    def encode(self, text: str,
               max_length: Optional[int] = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids (L,) int64 and the spans (L, 2) of characters of the pieces.

        A span is [begin, end) in the text; (0, 0) for ``[CLS]`` and ``[SEP]``.
        """
        if max_length is not None and max_length < 3:
            raise ValueError('max_length counts [CLS] and [SEP] and leaves room for a '
                             f'piece, so it is at least 3, not {max_length}')
        blanks = len(text) - len(text.lstrip())
        stripped = text.strip()
        origins = np.arange(len(stripped))
        if self.lower_case:  # makes two characters of a capital I with a dot
            origins = np.array(lower_with_origins(stripped)[1], dtype=np.int64)
        origins += blanks
        found = self._engine.encode(
            stripped.lower() if self.lower_case else stripped, add_special_tokens=False)
        count = None if max_length is None else max_length - 2
        ids = [self.ids[self.START], *found.ids[:count], self.ids[self.END]]
        spans = [(0, 0), *((origins[begin], origins[end - 1] + 1)
                           for begin, end in found.offsets[:count]), (0, 0)]
        return np.array(ids, dtype=np.int64), np.array(spans, dtype=np.int64)

    def known_words(self, text: str) -> list[bool]:
        """Say of every word of the text whether the vocabulary has pieces for it."""
        text = text.strip().lower() if self.lower_case else text.strip()
        pieces = self._engine.encode(text, add_special_tokens=False).tokens
        return [piece != self.UNKNOWN for piece in pieces if not piece.startswith('##')]

    def __getstate__(self) -> dict:
        """Leave out what can be rebuilt: workers read the vocabulary themselves."""
        return dict(vocab=self.vocab, lower_case=self.lower_case)

    def __repr__(self) -> str:
        vocab = (f'{len(self.vocab)} pieces' if isinstance(self.vocab, Mapping)
                 else repr(str(self.vocab)))
        return f'{type(self).__name__}(vocab={vocab}, lower_case={self.lower_case})'


@TASK_UTILS.register_module()
class CutWordPieceTokenizer(WordPieceTokenizer):
    """``WordPieceTokenizer`` that cuts a long text after adding ``[SEP]``.

    A text that is cut then has no ``[SEP]``, as in the published ReLA and LAVT.
    """

    def encode(self, text: str,
               max_length: Optional[int] = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids (L,) int64 and the spans (L, 2) of the pieces."""
        ids, spans = super().encode(text)
        return ids[:max_length], spans[:max_length]


def find_byte_pairs(name: Union[str, Path]) -> tuple[Path, Path]:
    """Return vocabulary and merges of a folder, or of a model in the hub's cache.

    Raises:
        FileNotFoundError: neither has both files; the message says where they were
            looked for.
    """
    folder = Path(name).expanduser()
    paths = [folder / file for file in BYTE_PAIR_FILES]
    if all(path.is_file() for path in paths):
        return paths[0], paths[1]
    where = f'the folder {folder.absolute()}'
    if not folder.exists() and len(Path(name).parts) <= 2:
        import huggingface_hub as hub
        cached = [hub.try_to_load_from_cache(str(name), file)
                  for file in BYTE_PAIR_FILES]
        if all(isinstance(path, str) for path in cached):
            return Path(cached[0]), Path(cached[1])
        where += f' and the cache {hub.constants.HF_HUB_CACHE}'
    raise FileNotFoundError(
        f'no byte pairs for {str(name)!r}: {" and ".join(BYTE_PAIR_FILES)} were looked '
        f'for in {where}. Copy both files of the model into a folder and give its path '
        "as the tokenizer's `vocab`")


@TASK_UTILS.register_module()
class BytePairTokenizer:
    """RoBERTa's tokenizer: byte pairs of the text as it is, case and blanks count.

    Args:
        vocab: folder with ``vocab.json`` and ``merges.txt``, or the name of a model in
            the cache of the Hugging Face hub.

    Source: Liu et al., "RoBERTa", 2019.
    """
    START, PAD, END = '<s>', '<pad>', '</s>'

    def __init__(self, vocab: Union[str, Path]) -> None:
        self.vocab = vocab

    @cached_property
    def _engine(self) -> 'Tokenizer':
        """The tokenizer of the ``tokenizers`` library."""
        from tokenizers import Tokenizer, models, pre_tokenizers, processors
        vocab, merges = find_byte_pairs(self.vocab)
        engine = Tokenizer(models.BPE.from_file(str(vocab), str(merges)))
        engine.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        ids = {piece: engine.token_to_id(piece)
               for piece in (self.START, self.PAD, self.END)}
        missing = [piece for piece, number in ids.items() if number is None]
        if missing:
            raise ValueError(f'{vocab} lacks {", ".join(missing)}: the vocabulary of a '
                             'RoBERTa is expected')
        engine.post_processor = processors.RobertaProcessing(
            (self.END, ids[self.END]), (self.START, ids[self.START]),
            trim_offsets=True, add_prefix_space=False)
        return engine

    @property
    def pad_id(self) -> int:
        """The id of padding."""
        return self._engine.token_to_id(self.PAD)

    def known_words(self, text: str) -> list[bool]:
        """Say of every word of the text that it is known: bytes always are."""
        return [True] * len(text.split())

    def encode(self, text: str,
               max_length: Optional[int] = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids (L,) int64 of ``<s> pieces </s>`` and their spans (L, 2).

        A span is [begin, end) in characters, without blanks; (0, 0) for ``<s>`` and
        ``</s>``. Pieces beyond ``max_length`` are cut off; nothing is padded.
        """
        found = self._engine.encode(text)
        ids = np.array(found.ids, dtype=np.int64)
        offsets = np.array(found.offsets, dtype=np.int64).reshape(-1, 2)
        if max_length is not None and len(ids) > max_length:
            ids = np.append(ids[:max_length - 1], ids[-1])
            offsets = np.append(offsets[:max_length - 1], offsets[-1:], axis=0)
        return ids, offsets

    def __call__(self, text: str, max_length: Optional[int] = None) -> np.ndarray:
        """Return the ids (L,) int64, see ``encode``."""
        return self.encode(text, max_length)[0]

    def __getstate__(self) -> dict:
        """Leave out what can be rebuilt: workers read the files themselves."""
        return dict(vocab=self.vocab)

    def __repr__(self) -> str:
        return f'{type(self).__name__}(vocab={str(self.vocab)!r})'


@TASK_UTILS.register_module()
class WordTokenizer:
    """Whole words of a vocabulary, after cleaning.

    The text is lower-cased and stripped of punctuation; *-* and */* separate words, and
    every Chinese or Japanese character is a word. An expression without any word
    becomes one unknown word.

    Args:
        vocab: path of a vocabulary (one word a line, as ``tools/build_vocab.py`` writes
            it, or a published ``token_to_ix.pkl``), ``synthref`` for the words of
            SynthRef, or a mapping word -> id. Padding has the id 0; the unknown word is
            called UNK or [UNK].

    Source: Zhu et al., "SeqTR", ECCV 2022.
    """
    UNKNOWN = ('UNK', '[UNK]')

    def __init__(self, vocab: Union[str, Path, Mapping[str, int]]) -> None:
        self.vocab = vocab

    @cached_property
    def ids(self) -> dict[str, int]:
        """The id of every word; read from the file at the first use."""
        given = isinstance(self.vocab, Mapping)
        ids = dict(self.vocab) if given else read_vocabulary(self.vocab)
        if not any(name in ids for name in self.UNKNOWN):
            name = 'the given vocabulary' if given else self.vocab
            raise ValueError(f'{name} has no word UNK: a vocabulary of whole words is '
                             'expected, as tools/build_vocab.py makes it')
        return ids

    @cached_property
    def unknown_id(self) -> int:
        """The id of an unknown word."""
        return next(self.ids[name] for name in self.UNKNOWN if name in self.ids)

    def __call__(self, text: str, max_length: Optional[int] = None) -> np.ndarray:
        """Return the ids (L,) int64 of the words, L <= ``max_length``, at least one."""
        words = clean(text).split()[:max_length] or [self.UNKNOWN[0]]
        return np.array([self.ids.get(word, self.unknown_id) for word in words],
                        dtype=np.int64)

    def known_words(self, text: str) -> list[bool]:
        """Say of every word of the text whether it is in the vocabulary."""
        return [word in self.ids for word in clean(text).split()]

    def __getstate__(self) -> dict:
        """Leave out what can be rebuilt: workers read the vocabulary themselves."""
        return dict(vocab=self.vocab)

    def __repr__(self) -> str:
        vocab = (f'{len(self.vocab)} words' if isinstance(self.vocab, Mapping)
                 else repr(str(self.vocab)))
        return f'{type(self).__name__}(vocab={vocab})'
