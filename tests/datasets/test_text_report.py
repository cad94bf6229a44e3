"""What the start of training says of sentences, vocabularies and flips."""
import numpy as np
import pytest
from mmengine.dataset import Compose
from torch.utils.data import ConcatDataset, Dataset

from segvg.datasets.text_report import text_reports
from segvg.datasets.tokenizers import (
    CutWordPieceTokenizer,
    WordPieceTokenizer,
    WordTokenizer,
)
from segvg.datasets.transforms import (
    RandomApplyUnlessWords,
    RandomFlip,
    TokenizeExpression,
)

IDS = {'PAD': 0, 'UNK': 1, 'CLS': 2, 'the': 3, 'left': 4, 'man': 5}


class Sentences(Dataset):
    """A data set with nothing but sentences, two a sample."""
    ann_file = 'own_train.jsonl'

    def __init__(self, texts, *steps):
        self.texts = texts
        self.pipeline = Compose(list(steps))

    def __len__(self):
        return len(self.texts) // 2

    def get_data_info(self, index):
        return dict(expressions=[dict(text=text)
                                 for text in self.texts[2 * index:2 * index + 2]])


def report_of(texts, *steps, max_length=3):
    data = Sentences(texts, *steps, TokenizeExpression(WordTokenizer(IDS), max_length))
    (name, report), = text_reports(data)
    assert name == 'own_train.jsonl'
    return report


def test_shares_are_counted():
    report = report_of(['the left man', 'the very left man'])
    assert report.sentences == 2 and report.cut == 0.5
    assert report.unknown == pytest.approx(1 / 7)
    assert report.describe() == (
        '50.0% of 2 sentences are cut at 3 tokens, 14.3% of the words are not in the '
        'vocabulary')
    assert 'is the vocabulary for this language' in next(report.warnings())


def test_nothing_to_warn_of():
    report = report_of(['the left man', 'left man'], RandomFlip(0.5))
    assert list(report.warnings()) == [] and report.language == 'english'


@pytest.mark.parametrize('texts, flip, warned', [
    (['左边的人', '右边的车'], RandomFlip(), 'Chinese'),
    (['左边的人', '右边的车'], RandomFlip(swap='word'), None),
    (['der Mann links', 'die Frau rechts'], RandomFlip(swap='word'), 'German'),
    (['der Mann links', 'ein Hund'],
     RandomApplyUnlessWords([RandomFlip(swap='word')], 0.5, []), 'German'),
    (['der Mann links', 'ein Hund'], RandomFlip(swap='word', languages=['german']),
     None),
    (['слева', 'справа'], RandomFlip(swap='word', pairs=[('слева', 'справа')]), None),
    (['слева', 'справа'], RandomFlip(0.0), None)])
def test_flip_without_words_for_the_sides_is_warned_of(texts, flip, warned):
    warnings = [text for text in report_of(texts, flip).warnings()
                if 'flips images' in text]
    assert len(warnings) == (warned is not None)
    if warned:
        assert f'most sentences seem to be {warned}' in warnings[0]


def test_parts_are_reported_apart_and_what_is_not_tokenized_is_left_out():
    tokenize = TokenizeExpression(lambda text, length: np.arange(len(text.split())), 2)
    parts = [Sentences(['a b c', 'a'] * 50, tokenize), Sentences(['a', 'b'])]
    (_, report), = text_reports(ConcatDataset(parts), limit=10)
    assert report.sentences == 20 and report.cut == 0.5 and report.unknown is None
    assert 'vocabulary' not in report.describe()


PIECES = {piece: number for number, piece in enumerate((
    '[PAD]', '[UNK]', '[CLS]', '[SEP]', 'the', 'left', 'man', '##s', '人', '左'))}


@pytest.mark.parametrize('tokenizer, unknown, cut', [
    (WordTokenizer(IDS), 4 / 7, 0), (WordPieceTokenizer(PIECES), 1 / 7, 0.5),
    (CutWordPieceTokenizer(PIECES), 1 / 7, 0.5)])
def test_every_tokenizer_says_what_it_lacks_and_cuts(tokenizer, unknown, cut):
    data = Sentences(['the left mans zebra', '左 the 人'],
                     TokenizeExpression(tokenizer, 5))
    (_, report), = text_reports(data)
    assert report.unknown == pytest.approx(unknown) and report.cut == cut
