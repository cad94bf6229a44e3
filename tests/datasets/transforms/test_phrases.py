"""Captions and their phrases become tokens; brightness changes, colours do not."""
import numpy as np
import pytest

from segvg.datasets.tokenizers import WordPieceTokenizer
from segvg.datasets.transforms import BrightnessJitter, TokenizePhrases
from segvg.datasets.transforms.brightness import scale_value

VOCAB = {piece: number for number, piece in enumerate(
    ['[PAD]', '[UNK]', '[CLS]', '[SEP]', 'a', 'man', 'with', 'red', 'hat'])}


def tokenized(phrases):
    """Return the expression *a man with a red hat* after the transform."""
    transform = TokenizePhrases(WordPieceTokenizer(VOCAB), 12, 5)
    expression = dict(text='a man with a red hat', targets=[], phrases=phrases)
    return transform(dict(expressions=[expression]))['expressions'][0]


def test_phrases_are_tokens_of_the_caption_and_texts_of_their_own():
    out = tokenized([dict(span=[[0, 5]], targets=[0]),
                     dict(span=[[11, 20]], targets=[1])])
    assert out['phrase_tokens'].astype(int).tolist() == [
        [0, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 1, 1, 0]]
    assert out['phrase_ids'][1].tolist() == [2, 4, 7, 8, 3]
    assert out['phrase_ids'][0, :4].tolist() == [2, 4, 5, 3]
    assert out['phrase_padding_mask'].sum(1).tolist() == [1, 0]


def test_parts_of_a_phrase_are_joined():
    out = tokenized([dict(span=[[2, 5], [17, 20]], targets=[0])])
    assert out['phrase_ids'].tolist() == [[2, 5, 8, 3]]


def test_text_without_phrases_is_left_alone():
    assert 'phrase_ids' not in tokenized(None)


def test_value_is_scaled_and_cut():
    image = np.zeros((2, 3, 3), np.uint8)
    image[0] = (100, 50, 0)
    image[1] = (200, 200, 200)
    out = scale_value(image, 1.5)
    assert np.abs(out[0, 0].astype(int) - (150, 75, 0)).max() <= 1
    assert out[1, 0].tolist() == [255, 255, 255]


def test_jitter_stays_in_its_range():
    image = np.full((2, 2, 3), 100, np.uint8)
    seen = [BrightnessJitter(0.5)(dict(img=image))['img'][0, 0, 0] for _ in range(50)]
    assert 50 <= min(seen) < 80 and 120 < max(seen) <= 150
    with pytest.raises(ValueError, match='strength is from 0 to 1'):
        BrightnessJitter(2)
