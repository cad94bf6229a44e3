"""Losses of matched queries, by hand."""
import math

import torch

from segvg.models.losses import contrastive_alignment
from segvg.models.losses.set_loss import class_targets
from segvg.models.task_utils import Matches


def test_queries_without_a_target_should_predict_the_last_class():
    zero = torch.tensor([0])
    matches = Matches(zero, zero, torch.tensor([1]), zero)
    targets = class_targets(torch.randn(1, 1, 2, 3), torch.tensor([[1., 1., 0.]]),
                            matches)
    assert targets.tolist() == [[[[0, 0, 1], [1, 1, 0]]]]


def test_contrast_counts_queries_and_words_with_a_partner():
    """One query and two orthogonal words: similarity 1 to the first, 0 to the other."""
    query = torch.tensor([[[[1., 0.]]]])
    words = torch.tensor([[[1., 0.], [0., 1.]]])
    positive = torch.tensor([[[[True, False, False]]]])
    loss = contrastive_alignment(query, words, positive, temperature=1.0)
    over_words = math.log(math.e + 1) - 1
    over_queries = 0  # there is no other query
    torch.testing.assert_close(loss, torch.tensor([(over_words + over_queries) / 2]),
                               atol=1e-5, rtol=0)
