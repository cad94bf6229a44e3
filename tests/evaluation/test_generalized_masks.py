"""gIoU, cIoU, N-acc, T-acc: hand-made numbers, corners, messages."""
import numpy as np
import pytest
import torch

from segvg.evaluation import GeneralizedMaskIoU, NetworkGeneralizedMaskIoU
from segvg.evaluation.base import shares
from segvg.evaluation.generalized_masks import compare_masks, generalized_terms

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
        'gres/Pr@0.8': 50.0, 'gres/Pr@0.9': 0.0, 'gres/mIoU with targets': 40.0,
        'gres/oIoU with targets': pytest.approx(100 * 40 / 150)}


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
    assert shares(generalized_terms(results)) == pytest.approx(
        shares(generalized_terms(results[::-1])))


def test_nothing_against_nothing_counts_only_when_said():
    """No target and no pixel, but not said to be none: wrong, and no pixel counts."""
    scores = evaluate([sample(0, [], 0, 0.1), sample(1, [5], 5, 0.1)])
    assert scores['gres/gIoU'] == 50 and scores['gres/cIoU'] == 100
    assert scores['gres/N-acc'] == 0 and scores['gres/T-acc'] == 100
    said = evaluate([sample(0, [], 7, 0.9), sample(1, [5], 5, 0.1)])
    assert said['gres/gIoU'] == said['gres/cIoU'] == said['gres/N-acc'] == 100


def test_a_suppressed_mask_still_counts_in_the_union():
    """Targets of 50 and 50 pixels; the first is called none over a mask of 80."""
    scores = evaluate([sample(0, [5], 8, 0.9), sample(1, [5], 5, 0.1)])
    assert scores['gres/cIoU'] == pytest.approx(100 * 50 / (80 + 50))
    assert scores['gres/gIoU'] == 50 and scores['gres/Pr@0.7'] == 50


def test_a_target_without_pixels_is_a_target():
    """Nothing drawn for it: credit 0 and no pixel in the union, but a right "some"."""
    scores = evaluate([sample(0, [0], 0, 0.1), sample(1, [], 0, 0.9)])
    assert scores['gres/gIoU'] == 50 and scores['gres/cIoU'] == 0
    assert scores['gres/N-acc'] == scores['gres/T-acc'] == 100
    assert scores['gres/mIoU with targets'] == scores['gres/oIoU with targets'] == 0


@pytest.mark.parametrize('threshold', [0.7, 0.8, 0.9])
def test_less_than_a_threshold_of_precision_is_not_enough(threshold):
    """Of 100 pixels, one fewer is drawn than the threshold asks for."""
    found = sample(0, [10], 10, 0)
    mask = np.arange(100).reshape(SHAPE) < round(100 * threshold) - 1
    found['pred_instances']['masks'] = torch.from_numpy(mask)[None]
    assert evaluate([found, sample(1, [], 0, 1)])[f'gres/Pr@{threshold}'] == 0


def test_thresholds_of_precision_are_met_by_equality():
    scores = evaluate([sample(i, [10], width, 0) for i, width in enumerate(
        [7, 8, 9, 10])] + [sample(4, [], 0, 1)])
    assert [scores[f'gres/Pr@{t}'] for t in (0.7, 0.8, 0.9)] == [100, 75, 50]


def test_no_prediction_at_all_is_none():
    found = [sample(0, [5], 0, 0.0), sample(1, [], 0, 0.0)]
    for item in found:
        item['pred_instances'] = dict(scores=torch.zeros(0),
                                      masks=torch.zeros(0, *SHAPE))
    scores = evaluate(found)
    assert scores['gres/N-acc'] == 100 and scores['gres/T-acc'] == 0
    assert scores['gres/gIoU'] == 50 and scores['gres/cIoU'] == 0


def test_official_scores_are_those_of_the_resized_image():
    """10 x 10 pixels become 20 x 5: the target is 20 x 2, the mask 20 x 4."""
    found = sample(0, [4], 4, 0.1, img_shape=(20, 5))
    metric = NetworkGeneralizedMaskIoU()
    with pytest.raises(KeyError, match="'a man'.* without canvas_masks"):
        metric.process(None, [found])
    wide = np.zeros((20, 5), dtype=bool)
    wide[:, :4] = True
    found['pred_instances']['canvas_masks'] = torch.from_numpy(wide)[None]
    metric.process(None, [found, sample(
        1, [], 0, 0.9, img_shape=(20, 5)) | dict(pred_instances=found['pred_instances'])
        ])
    scores = metric.evaluate(2)
    assert scores['gres/cIoU (official ReLA)'] == 50
    assert scores['gres/gIoU (official ReLA)'] == 75
    assert scores['gres/N-acc (official ReLA)'] == 100
    assert evaluate([found])['gres/gIoU'] == 100


def test_scores_at_another_threshold_are_those_of_a_metric_with_it():
    samples = [sample(i, [5] if i % 3 else [], 4 + i % 3, i / 10) for i in range(10)]
    metric = GeneralizedMaskIoU()
    results = [metric.score(item) for item in samples]
    for threshold in (0.0, 0.3, 0.55, 1.0):
        again = {f'gres/{name}': score for name, score in
                 metric.sweep(results, [threshold])[0].items()}
        assert again == evaluate(samples, no_target_threshold=threshold)
    few = GeneralizedMaskIoU(min_pixels=50)
    with pytest.raises(ValueError, match='these predictions have none'):
        few.sweep([few.score(sample(0, [5], 5))], [0.5])
