"""Vocabularies of whole words: clean texts, build, read and write; word vectors."""
import re
from pathlib import Path
from typing import Iterable, Mapping, Union

import numpy as np

from segvg.annotations.files.pickles import load_pickle
from segvg.utils.files import write_whole
from segvg.utils.layout import VOCABULARIES

PAD, UNKNOWN, START = 'PAD', 'UNK', 'CLS'
WORDPIECE_MARKS = ('[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]')
DROPPED = re.compile(r"""[.,'!?"()*#:;，。！？、；：（）「」『』《》【】]""")
SPLIT = re.compile('[-/]')
# Chinese characters and Japanese syllables, which no blanks separate: each is a word
UNSPACED = re.compile(
    '[\u3041-\u3096\u30a1-\u30fa\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff'
    '\U00020000-\U0003fffd]')


def clean(text: str) -> str:
    """Return the text in lower case without punctuation; - and / become spaces.

    Chinese and Japanese characters are surrounded by spaces.
    """
    return UNSPACED.sub(r' \g<0> ', SPLIT.sub(' ', DROPPED.sub('', text.lower())))


def build_vocabulary(texts: Iterable[str]) -> dict[str, int]:
    """Return the id of every word, in the order in which the words occur.

    The first three are padding, unknown and a start that nothing uses, as in the
    published vocabularies.
    """
    ids = {PAD: 0, UNKNOWN: 1, START: 2}
    for text in texts:
        for word in clean(text).split():
            ids.setdefault(word, len(ids))
    return ids


def build_wordpiece_vocabulary(texts: Iterable[str]) -> dict[str, int]:
    """Return the id of every word as an uncased BERT splits texts, and of its marks.

    The words are whole; a model with it is trained from random weights.
    """
    from tokenizers.normalizers import BertNormalizer
    from tokenizers.pre_tokenizers import BertPreTokenizer
    normalizer, splitter = BertNormalizer(), BertPreTokenizer()
    ids = {mark: number for number, mark in enumerate(WORDPIECE_MARKS)}
    for text in texts:
        for word, _ in splitter.pre_tokenize_str(normalizer.normalize_str(text)):
            ids.setdefault(word, len(ids))
    return ids


def write_vocabulary(path: Union[str, Path], ids: Mapping[str, int]) -> None:
    """Write one word a line; the id is the number of the line from 0."""
    words = sorted(ids, key=ids.get)
    if [ids[word] for word in words] != list(range(len(words))):
        raise ValueError('the ids of a vocabulary are 0, 1, 2, ... without a gap')
    write_whole(path, '\n'.join(words) + '\n')


def read_vocabulary(path: Union[str, Path]) -> dict[str, int]:
    """Return the ids of a text file, one word a line, or of ``token_to_ix.pkl``.

    Raises:
        FileNotFoundError: the file does not exist.
        ValueError: it is not a vocabulary, or would run code.
    """
    path = VOCABULARIES.get(str(path), Path(path))
    if not path.is_file():
        raise FileNotFoundError(
            f'vocabulary file {path} does not exist; tools/build_vocab.py makes one')
    if path.suffix != '.pkl':
        try:
            words = path.read_text(encoding='utf-8').splitlines()
        except UnicodeDecodeError as error:
            raise ValueError(f'{path} is not a text in UTF-8: {error}') from None
        return {word: number for number, word in enumerate(words)}
    ids = load_pickle(path)
    if not isinstance(ids, dict) or not all(
            isinstance(key, str) and isinstance(value, int)
            for key, value in ids.items()):
        raise ValueError(f'{path} is not a dict of words and their ids')
    if sorted(ids.values()) != list(range(len(ids))):
        raise ValueError(f'{path}: the ids of a vocabulary are 0, 1, 2, ... without a '
                         'gap')
    return ids


def read_glove(path: Union[str, Path], ids: Mapping[str, int]) -> np.ndarray:
    """Return the vectors (V, C) float32 of words from a GloVe text file.

    Words that the file lacks have zeros. A line is a word and its numbers, separated by
    spaces.

    Raises:
        ValueError: two lines have vectors of different width, or one has other than
            numbers.
    """
    vectors, width = {}, None
    with open(path, encoding='utf-8', errors='replace') as file:
        for number, line in enumerate(file, 1):
            word, _, values = line.rstrip('\n').partition(' ')
            if word not in ids:
                continue
            try:
                vector = np.array(values.split(), dtype=np.float32)
            except ValueError as error:
                raise ValueError(f'{path}, line {number}: {error}') from None
            if width not in (None, len(vector)):
                raise ValueError(f'{path}, line {number}: {len(vector)} numbers, '
                                 f'but {width} in the lines before')
            width = len(vector)
            vectors[ids[word]] = vector
    if width is None:
        raise ValueError(f'{path} has a vector for none of the {len(ids)} words')
    table = np.zeros((max(ids.values()) + 1, width), dtype=np.float32)
    for index, vector in vectors.items():
        table[index] = vector
    return table


def read_spacy(name: str, ids: Mapping[str, int]) -> np.ndarray:
    """Return the vectors (V, C) float32 of words from an installed spaCy model.

    Raises:
        FileNotFoundError: the model is not installed.
        ValueError: it has no vectors, or spaCy is not installed.
    """
    try:
        import spacy
    except ImportError as error:
        raise ValueError('vectors of a spaCy model need spaCy: '
                         'pip install spacy') from error
    try:
        model = spacy.load(name)
    except OSError as error:
        raise FileNotFoundError(
            f'spaCy model {name!r} does not exist: {error}') from error
    if not model.vocab.vectors_length:
        raise ValueError(f'the spaCy model {name!r} has no word vectors')
    table = np.zeros((max(ids.values()) + 1, model.vocab.vectors_length),
                     dtype=np.float32)
    for word, index in ids.items():
        # As published: a word that spaCy splits has the mean of its parts.
        table[index] = model.make_doc(word).vector
    return table
