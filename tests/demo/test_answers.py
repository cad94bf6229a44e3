"""Asking a model for the page."""
import json

import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

from segvg.apis import GroundingInferencer
from segvg.demo.answers import Model, Reply, number_answers, to_json
from segvg.demo.limits import read_questions
from segvg.registry import MODELS
from segvg.utils.errors import InputError
from tests.demo.made import SIZE, make_model
from tests.toy import ROOT, make_data, toy_config

IMAGE = np.zeros((*SIZE, 3), np.uint8)


def ask(model: Model, typed: str) -> list[Reply]:
    return model.ask(IMAGE, read_questions(typed))


def test_whole_sentences_are_asked_in_one_call():
    model = make_model('TokenizeExpression')
    replies = ask(model, 'left box\na zebra\nred')
    assert model.ground.asked == [(IMAGE.shape, ['left box', 'a zebra', 'red'], None)]
    assert [reply.text for reply in replies] == ['left box', 'a zebra', 'red']
    numbers = [item for group in number_answers(replies) for item in group]
    assert [item.number for item in numbers] == [1, 2, 3]
    assert [len(item.answer.found) for item in numbers] == [1, 0, 1]
    assert len({item.color for item in numbers}) == 3


def test_phrases_of_a_caption_are_answers_with_spans():
    model = make_model('TokenizeCaption')
    first, second = ask(model, '[a man] by [two dogs]\nred')
    assert [answer['text'] for answer in first.answers] == ['a man', 'two dogs']
    assert first.spans == [(0, 5), (9, 17)] and second.spans == []
    assert [call[1:] for call in model.ground.asked] == [
        (['red'], None), (['a man by two dogs'], ('a man', 'two dogs'))]
    content = json.loads(json.dumps(to_json([first, second], IMAGE, 'made', '/x/a.b')))
    assert content['image'] == 'a.b'
    assert (content['width'], content['height']) == (60, 48)
    assert [(item['number'], item.get('span')) for item in content['answers']] == [
        (1, [0, 5]), (2, [9, 17]), (3, None)]


@pytest.mark.slow
def test_brackets_that_a_model_does_not_take_are_told():
    with pytest.raises(InputError, match='leave out the brackets'):
        ask(make_model('TokenizeExpression'), '[a man] left')
    with pytest.raises(InputError, match='mark them, as in'):  # spaCy has no such model
        ask(make_model('TokenizePhrases'), 'a man left')


@pytest.mark.slow
def test_image_is_encoded_once_for_all_sentences(tmp_path, monkeypatch):
    cfg = toy_config(ROOT / 'configs/segvg/segvg_refcoco.py',
                     make_data(tmp_path / 'data'), tmp_path)
    with DefaultScope.overwrite_default_scope('segvg'):
        state = MODELS.build(cfg.model).state_dict()
    torch.save(dict(state_dict=state), tmp_path / 'toy.pth')
    model = Model('toy', GroundingInferencer(cfg, tmp_path / 'toy.pth', 'cpu'))
    network, seen = model.ground.model, []
    encode = network.encode_image
    monkeypatch.setattr(network, 'encode_image', lambda inputs: (
        seen.append(len(inputs.images)), encode(inputs))[1])
    replies = ask(model, 'left box\nthe red box\nzebra xylophone')
    assert seen == [1] and len(replies) == 3
    assert all(reply.answers[0]['mask'] for reply in replies)
    assert replies[0].warnings == []
    assert 'not in the vocabulary' in replies[2].warnings[0]
