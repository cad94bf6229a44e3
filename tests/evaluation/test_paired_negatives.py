"""Scores of paired true and false expressions: hand-made numbers."""
import pytest

from segvg.evaluation import PairedNegatives
from segvg.evaluation.paired_negatives import auroc
from tests.evaluation.test_generalized_boxes import LEFT, RIGHT, evaluate, sample

TEXT, IMAGE = 'negative text attribute, level 1', 'negative image object, level 1'


def true(number, level, found, score):
    return dict(sample(number, [LEFT], [found], [score]), expr_id=number,
                source=f'level {level}')


def false(number, of, kind, score):
    return dict(sample(number, [], [LEFT], [score]), expr_id=number, negative_of=of,
                source=kind)


def test_scores_by_hand():
    scores = evaluate(PairedNegatives(), [
        true(1, 1, LEFT, 0.8), true(2, 1, RIGHT, 0.9), true(3, 2, LEFT, 0.5),
        false(4, 1, TEXT, 0.7),    # lower than the true one, which is right
        false(5, 2, TEXT, 0.1),    # lower, but the true one has the wrong box
        false(6, 3, IMAGE, 0.6)])  # higher than the true one
    assert scores == pytest.approx({
        'finecops/Precision@1 (level 1)': 50, 'finecops/Precision@1 (level 2)': 100,
        f'finecops/Recall@1 ({TEXT})': 50, f'finecops/Recall@1 ({IMAGE})': 0,
        'finecops/Recall@1': 25, f'finecops/AUROC ({TEXT})': 100,
        f'finecops/AUROC ({IMAGE})': 0, 'finecops/AUROC': 50})


def test_auroc_counts_a_tie_as_half():
    assert auroc([0.5, 0.9], [0.5, 0.1]) == pytest.approx(3.5 / 4)


def test_a_false_expression_without_its_true_one_is_an_error():
    with pytest.raises(ValueError, match='score both'):
        evaluate(PairedNegatives(), [true(1, 1, LEFT, 0.8), false(4, 9, TEXT, 0.7)])


@pytest.mark.parametrize(('changes', 'words'), [
    (dict(source=None), 'has no source: PairedNegatives needs its level'),
    (dict(negative_of=None), 'exactly one target')])
def test_a_sample_without_its_part_or_target_is_an_error(changes, words):
    with pytest.raises(ValueError, match=words):
        PairedNegatives().score(false(4, 1, TEXT, 0.7) | changes)
