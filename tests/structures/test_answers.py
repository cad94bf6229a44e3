"""Which predictions are the answer."""
import pytest
import torch
from mmengine.structures import InstanceData

from segvg.structures.answers import AnswerRule, answer_indices

SCORES = [0.2, 0.9, 0.7]


@pytest.mark.parametrize('rule, none, expected', [
    (None, None, [1]), (None, 1.0, [1]), (AnswerRule(0.5), None, [1, 2]),
    (AnswerRule(0.95), None, []), (AnswerRule(0.1, 0.5), 0.6, []),
    (AnswerRule(0.1, 0.5), 0.5, [0, 1, 2])])
@pytest.mark.parametrize('kind', [dict, InstanceData])
def test_answer_is_the_best_or_what_the_rule_counts(kind, rule, none, expected):
    prediction = kind(scores=torch.tensor(SCORES))
    found = answer_indices(prediction, rule, none)
    assert found.dtype == torch.int64 and found.tolist() == expected


@pytest.mark.parametrize('rule', [None, AnswerRule(0.0)])
def test_no_prediction_is_no_answer(rule):
    found = InstanceData(scores=torch.zeros(0), bboxes=torch.zeros(0, 4))
    assert found[answer_indices(found, rule)].bboxes.shape == (0, 4)
