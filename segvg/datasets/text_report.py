"""What a tokenizer and a flip do to the sentences of a data set."""
from typing import Iterator, NamedTuple, Optional, Sequence

import numpy as np
from torch.utils.data import Dataset

from segvg.datasets.languages import language_of
from segvg.datasets.transforms import RandomFlip, TokenizeExpression

NOTABLE = 0.05  # share of unknown words or cut sentences that is worth a warning


class TextReport(NamedTuple):
    """What is known of the sentences of one data set.

    Attributes:
        sentences: number of sentences that were looked at.
        unknown: share of words that the vocabulary lacks; None where the tokenizer
            does not say.
        cut: share of sentences that are longer than ``max_length``.
        max_length: largest number of tokens.
        language: of most sentences, or its script; None without letters.
        flip_languages: languages whose words for left and right a flip swaps; None
            without a flip, or where it has pairs of the user.
    """
    sentences: int
    unknown: Optional[float]
    cut: float
    max_length: int
    language: Optional[str]
    flip_languages: Optional[tuple[str, ...]]

    def describe(self) -> str:
        """Return the shares as text."""
        unknown = ('' if self.unknown is None else
                   f', {self.unknown:.1%} of the words are not in the vocabulary')
        return (f'{self.cut:.1%} of {self.sentences:,} sentences are cut at '
                f'{self.max_length} tokens{unknown}')

    def warnings(self) -> Iterator[str]:
        """Yield what will probably harm the training."""
        if max(self.cut, self.unknown or 0) > NOTABLE:
            yield (f'{self.describe()}: is the vocabulary for this language, and '
                   'max_length of the tokenizer long enough?')
        if (self.flip_languages is not None and self.language is not None
                and self.language not in self.flip_languages):
            yield (f'most sentences seem to be {self.language.capitalize()}, and the '
                   'pipeline flips images, but has no words for left and right in this '
                   "language to swap: give RandomFlip swap='word' and `languages` or "
                   '`pairs`, or leave it out')


def transforms_of(pipeline: object, kind: type) -> Iterator:
    """Yield the transforms of a kind in a pipeline, nested ones included."""
    for step in getattr(pipeline, 'transforms', ()):
        if isinstance(step, kind):
            yield step
        yield from transforms_of(step, kind)


def sentences_of(dataset: Dataset, limit: int) -> Iterator[str]:
    """Yield the sentences of at most ``limit`` samples, spread over the data set."""
    count = len(dataset)
    for index in np.linspace(0, count - 1, min(limit, count)).astype(int).tolist():
        for expression in dataset.get_data_info(index)['expressions']:
            yield expression['text']


def _flip_languages(flips: Sequence[RandomFlip]) -> Optional[tuple[str, ...]]:
    """Return the languages whose sides all flips swap, see ``TextReport``."""
    if not flips or any(flip.pairs for flip in flips):
        return None
    known = [flip.languages if flip.swap == 'word' else ('english',) for flip in flips]
    return tuple(name for name in known[0] if all(name in names for names in known))


def text_report(dataset: Dataset, limit: int = 2000) -> Optional[TextReport]:
    """Return what a pipeline does to the sentences of a data set.

    Args:
        dataset: with a pipeline.
        limit: number of samples to look at.

    Returns:
        The report, or None where nothing is tokenized.
    """
    pipeline = getattr(dataset, 'pipeline', None)
    tokenize = next(transforms_of(pipeline, TokenizeExpression), None)
    if tokenize is None:
        return None
    texts = list(sentences_of(dataset, limit))
    tokenizer, max_length = tokenize.tokenizer, tokenize.max_length
    cut = sum(len(tokenizer(text, None)) > max_length for text in texts)
    known = getattr(tokenizer, 'known_words', None)
    words = [] if known is None else [word for text in texts for word in known(text)]
    flips = list(transforms_of(pipeline, RandomFlip))
    return TextReport(
        len(texts), 1 - sum(words) / len(words) if words else None,
        cut / max(len(texts), 1), max_length, language_of(texts),
        _flip_languages([flip for flip in flips if flip.prob > 0]))


def text_reports(dataset: Dataset, limit: int = 2000) -> Iterator[
        tuple[str, TextReport]]:
    """Yield name and report of a data set, or of each of its parts.

    Args:
        dataset: a data set, a concatenation, or one that wraps another.
        limit: number of samples of each to look at.
    """
    if hasattr(dataset, 'datasets'):
        for part in dataset.datasets:
            yield from text_reports(part, limit)
    elif hasattr(dataset, 'dataset'):
        yield from text_reports(dataset.dataset, limit)
    elif (report := text_report(dataset, limit)) is not None:
        yield str(getattr(dataset, 'ann_file', type(dataset).__name__)), report
