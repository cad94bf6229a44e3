"""What instances and the mask of all targets draw together, by hand."""
import numpy as np
import pytest
import torch

from segvg.evaluation import (
    AnswerMaskIoU,
    GeneralizedMaskIoU,
    NetworkAnswerMaskIoU,
    NetworkGeneralizedAnswerIoU,
    NetworkRobustAnswerIoU,
)
from segvg.structures.masks import encode_rle

SIZE = (4, 10)


def columns(*names, width=10):
    """A mask of whole columns."""
    mask = np.zeros((4, width), dtype=bool)
    mask[:, list(names)] = True
    return mask


def sample(number, targets, instances, whole=(), width=10, **meta):
    """A sample: columns of targets, (score, columns) of instances, and of the whole."""
    scores = torch.tensor([score for score, _ in instances])
    masks = torch.from_numpy(np.stack([columns(*own, width=width)
                                       for _, own in instances]))
    whole = torch.from_numpy(columns(*whole, width=width))
    return dict(
        expr_idx=number, ori_shape=(4, width), img_shape=SIZE, no_target=not targets,
        no_target_score=1 - scores.max(),
        image_instances=dict(
            bboxes=torch.zeros(len(targets), 4),
            segmentations=[dict(rle=encode_rle(columns(*own, width=width)))
                           for own in targets]),
        pred_instances=dict(
            bboxes=torch.zeros(len(scores), 4), scores=scores, masks=masks,
            canvas_masks=masks[:, :, ::width // 10]),
        global_mask=whole, canvas_global_mask=whole[:, ::width // 10], **meta)


def evaluate(metric, *samples):
    metric.process(None, samples)
    return metric.evaluate(len(samples))


def test_sure_instances_and_the_whole_are_united():
    scores = evaluate(
        AnswerMaskIoU(),
        sample(0, [[0, 1], [2]], [(0.9, [0, 1]), (0.6, [7, 8])], whole=[2]),
        sample(1, [[0]], [(0.1, [5])], whole=[0, 1]),  # drawn, though nothing is sure
        sample(2, [], [(0.9, [5])], whole=[0]))  # has no target: left out
    assert scores['res/mIoU'] == 75 and scores['res/oIoU'] == pytest.approx(80)
    assert scores['res/Pr@0.5'] == 100 and scores['res/Pr@0.6'] == 50


@pytest.mark.parametrize('kind', [AnswerMaskIoU, NetworkAnswerMaskIoU])
def test_empty_masks_and_no_targets_have_scores(kind):
    empty = sample(0, [[]], [(0.9, [])])  # a target without pixels, nothing drawn
    assert set(evaluate(kind(), empty).values()) == {0.0}
    left_out = sample(1, [], [(0.9, [5])], whole=[0])
    assert set(evaluate(kind(), left_out).values()) == {0.0}
    right = sample(2, [[0]], [(0.9, [0])])
    scores = {name.partition(' ')[0]: score for name, score in
              evaluate(kind(), empty, left_out, right).items()}
    assert scores['res/oIoU'] == 100 and scores['res/mIoU'] == 50
    assert scores['res/Pr@0.5'] == scores['res/Pr@0.9'] == 50


def test_generalized_scores_take_the_whole_too():
    samples = [sample(0, [[0], [1]], [(0.9, [0]), (0.2, [9])], whole=[1]),
               sample(1, [[0, 1]], [(0.5, [0])], whole=[0, 1]),
               sample(2, [], [(0.5, [0])], whole=[3]),
               sample(3, [], [(0.8, [0])], whole=[3])]
    plain = evaluate(GeneralizedMaskIoU(score_threshold=0.7, no_target_threshold=0.3),
                     *samples)
    assert plain['gres/gIoU'] == 50  # right, a wrong "none", a right one, a missed one
    assert plain['gres/N-acc'] == plain['gres/T-acc'] == 50
    assert plain['gres/cIoU'] == pytest.approx(100 * 2 / (2 + 2 + 2))
    network = evaluate(NetworkGeneralizedAnswerIoU(), *samples)
    assert network == {f'{name} (official InstanceVG)': score
                       for name, score in plain.items()}


def test_network_compares_at_its_own_size():
    one = sample(0, [[0, 1, 2]], [(0.9, [0, 1, 2])], width=20)
    scores = evaluate(NetworkAnswerMaskIoU(), one)
    assert scores['res/mIoU (official InstanceVG)'] == 100
    assert NetworkAnswerMaskIoU.frame == 'network'
    with pytest.raises(KeyError, match='InstanceHead sets them'):
        del one['pred_instances']['canvas_masks']
        evaluate(NetworkAnswerMaskIoU(), one)


def test_objects_with_true_and_false_sentences():
    samples = [
        sample(0, [[0, 1]], [(0.1, [9])], whole=[0], ref_id=1),  # drawn, not sure
        sample(1, [], [(0.9, [5])], whole=[6], ref_id=1),
        sample(2, [], [(0.1, [5])], whole=[6, 7], ref_id=1),
        sample(3, [[0]], [(0.9, [0])], ref_id=2)]
    scores = evaluate(NetworkRobustAnswerIoU(), *samples)
    expected = dict(mRR=50, rIoU=100 * (1 / 4 + 1) / 2, mIoU=75, oIoU=100 * 2 / 3)
    assert scores == {f'rres/{name} (official InstanceVG)': pytest.approx(score)
                      for name, score in expected.items()}


def test_a_sure_instance_without_pixels_does_not_reject_a_false_sentence():
    scores = evaluate(NetworkRobustAnswerIoU(),
                      sample(0, [[0]], [(0.9, [0])], ref_id=1),
                      sample(1, [], [(0.9, [])], ref_id=1))
    expected = dict(mRR=0, rIoU=100, mIoU=100, oIoU=100)
    assert scores == {f'rres/{name} (official InstanceVG)': score
                      for name, score in expected.items()}
