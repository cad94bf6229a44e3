"""gIoU, cIoU, N-acc, T-acc: hand-made numbers, corners, messages."""
import numpy as np
import pytest
import torch

from segvg.evaluation import GeneralizedMaskIoU
from segvg.evaluation.generalized_iou import compare_masks, generalized_scores

SHAPE = (10, 10)


def block(columns):
    mask = np.zeros(SHAPE, dtype=bool)
    mask[:, :columns] = True
    return mask


def record(columns):
    return dict(poly=[[0, 0, columns, 0, columns, 10, 0, 10]])


def sample(number, targets, columns, none=None, **changes):
    """An expression whose targets and predicted mask are so many columns wide."""
    found = dict(
        dataset='own', split='val', expr_idx=number, text='a man', img_path='a.jpg',
        ori_shape=SHAPE, no_target=not targets,
        image_instances=dict(segmentations=[record(width) for width in targets]),
        pred_instances=dict(scores=torch.ones(1), masks=torch.from_numpy(
            block(columns))[None]), **changes)
    return found if none is None else dict(found, no_target_score=none)


def evaluate(samples, **settings):
    metric = GeneralizedMaskIoU(**settings)
    metric.process(None, samples)
    return metric.evaluate(len(samples))


def test_four_cases_by_hand():
    assert compare_masks(block(3), block(0), False, True) == (0, 0, 1.0, False, True)
    assert compare_masks(block(3), block(0), False, False) == (0, 30, 0, False, False)
    assert compare_masks(block(3), block(5), True, True) == (0, 50, 0, True, True)
    assert compare_masks(block(4), block(5), True, False) == (40, 50, 0.8, True, False)
    assert compare_masks(block(0), block(0), True, False).credit == 0


def test_scores_by_hand():
    scores = evaluate([sample(0, [5, 2], 4, 0.1), sample(1, [], 3, 0.9),
                       sample(2, [], 3, 0.5), sample(3, [10], 10, 0.7)])
    assert scores == {
        'gres/gIoU': 45.0, 'gres/cIoU': pytest.approx(100 * 40 / 180),
        'gres/N-acc': 50.0, 'gres/T-acc': 50.0, 'gres/Pr@0.7': 50.0,
        'gres/Pr@0.8': 50.0, 'gres/Pr@0.9': 0.0}


def test_threshold_moves_the_balance():
    samples = [sample(0, [5], 5, 0.4), sample(1, [], 5, 0.4)]
    assert evaluate(samples)['gres/T-acc'] == 100
    assert evaluate(samples, no_target_threshold=0.3)['gres/N-acc'] == 100


def test_without_a_head_for_it_few_pixels_are_none():
    samples = [sample(0, [], 4), sample(1, [5], 5)]
    scores = evaluate(samples, min_pixels=50)
    assert scores['gres/N-acc'] == scores['gres/T-acc'] == scores['gres/gIoU'] == 100
    with pytest.raises(KeyError, match='no no_target_score'):
        evaluate(samples)


@pytest.mark.parametrize('none', [0.0, 1.0])
def test_splits_of_one_kind_have_scores(none):
    only_targets = evaluate([sample(0, [5], 5, none)])
    assert only_targets['gres/N-acc'] == only_targets['gres/T-acc'] == 0
    no_targets = evaluate([sample(0, [], 0, none)])
    assert no_targets['gres/gIoU'] == 100 * none and no_targets['gres/Pr@0.7'] == 0
    assert no_targets['gres/cIoU'] == 0


def test_masks_are_united_and_weak_ones_left_out():
    found = sample(0, [5], 0, 0.0)
    right = np.zeros(SHAPE, dtype=bool)
    right[:, 5:] = True
    found['pred_instances'] = dict(
        scores=torch.tensor([0.9, 0.8, 0.2]),
        masks=torch.from_numpy(np.stack([block(2), block(5), right])))
    assert evaluate([found], score_threshold=0.5)['gres/gIoU'] == 100
    assert evaluate([found])['gres/gIoU'] == 50
    assert evaluate([found], score_threshold=1.0)['gres/gIoU'] == 0


def test_mask_of_another_size_is_an_error():
    found = sample(0, [5], 5, 0.0, )
    found['pred_instances']['masks'] = torch.zeros(1, 4, 4)
    with pytest.raises(ValueError, match=r"'a man'.*\(4, 4\)"):
        evaluate([found])


def test_order_does_not_matter():
    random = np.random.default_rng(0)
    results = [compare_masks(random.random(SHAPE) > 0.5, random.random(SHAPE) > 0.5,
                             bool(has), bool(none))
               for has, none in random.integers(0, 2, (40, 2))]
    assert generalized_scores(results) == pytest.approx(generalized_scores(
        results[::-1]))
