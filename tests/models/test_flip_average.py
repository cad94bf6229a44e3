"""Predictions about an image and its mirror image become one."""
import pytest
import torch
from mmengine.structures import InstanceData
from torch import nn

from segvg.models.flip_average import GroundingTTAModel, average, mirror
from segvg.structures import GroundingDataSample

LEFT, RIGHT = [0.0, 0, 20, 10], [60.0, 10, 100, 30]


def found(bboxes, scores, **fields):
    return dict(bboxes=torch.tensor(bboxes).reshape(-1, 4),
                scores=torch.tensor(scores), **fields)


def test_mirrored_predictions_lie_on_the_image():
    masks = torch.zeros(1, 4, 100, dtype=torch.bool)
    masks[0, :, :20] = True
    turned = mirror(found([LEFT], [1.0], masks=masks), 100)
    assert turned['bboxes'].tolist() == [[80, 0, 100, 10]]
    assert turned['masks'][0, 0].nonzero()[:, 0].tolist() == list(range(80, 100))
    again = mirror(turned, 100)
    assert again['bboxes'].tolist() == [LEFT] and (again['masks'] == masks).all()


def test_pair_is_averaged_by_its_scores_and_the_others_lose_half():
    moved = [0.0, 0, 24, 10]
    merged = average(found([LEFT, RIGHT], [0.9, 0.8]), found([moved], [0.3]), 0.5)
    assert merged['bboxes'][0].tolist() == pytest.approx([0, 0, 21, 10])  # 3 to 1
    assert merged['bboxes'][1].tolist() == RIGHT
    assert merged['scores'].tolist() == pytest.approx([0.6, 0.4])
    far = average(found([LEFT], [1.0]), found([RIGHT], [1.0]), 0.5)
    assert far['bboxes'].tolist() == [LEFT, RIGHT]
    assert far['scores'].tolist() == [0.5, 0.5]


def test_soft_masks_are_averaged_and_bool_masks_follow_the_higher_score():
    first, second = (torch.tensor([[[0.9, 0.6, 0.0]]]), torch.tensor([[[0.9, 0.2, 0.8]]]
                                                                     ))
    views = [found([LEFT], [score], soft_masks=soft, masks=soft > 0.5)
             for score, soft in ((0.5, first), (0.5, second))]
    merged = average(*views, 0.5)
    torch.testing.assert_close(merged['soft_masks'], torch.tensor([[[0.9, 0.4, 0.4]]]))
    assert merged['masks'].tolist() == [[[True, False, False]]]
    for scores, expected in (((0.5, 0.5), first), ((0.9, 0.1), first),
                             ((0.1, 0.9), second)):
        hard = [found([LEFT], [score], masks=soft > 0.5)
                for score, soft in zip(scores, (first, second))]
        assert (average(*hard, 0.5)['masks'] == (expected > 0.5)).all()


def test_predictions_of_different_phrases_are_not_pairs():
    scores = torch.eye(2)
    merged = average(found([LEFT], [1.0], phrase_scores=scores[:1]),
                     found([LEFT], [1.0], phrase_scores=scores[1:]), 0.5)
    assert merged['scores'].tolist() == [0.5, 0.5]
    assert merged['phrase_scores'].tolist() == scores.tolist()


@pytest.mark.parametrize('count', [0, 1])
def test_nothing_found_in_a_view(count):
    some = found([LEFT] * count, [1.0] * count)
    merged = average(some, found([], []), 0.5)
    assert merged['bboxes'].shape == (count, 4)
    assert merged['scores'].tolist() == [0.5] * count


def view(flip, none, bboxes=(LEFT,)):
    sample = GroundingDataSample(metainfo=dict(flip=flip, ori_shape=(40, 100),
                                               text='right' if flip else 'left'))
    sample.pred_instances = InstanceData(bboxes=torch.tensor(bboxes),
                                         scores=torch.ones(len(bboxes)))
    sample.no_target_score = torch.tensor(none)
    return sample


class Grounder(nn.Module):
    """Finds the left object of the image, which is the right one of the mirror image.
    """

    def test_step(self, data):
        return [view(False, 0.2) if kind == 'plain' else
                view(True, 0.4, ([80.0, 0, 100, 10], [0.0, 10, 40, 30]))
                for kind in data['inputs']]


def test_model_merges_a_batch_of_both_views():
    model = GroundingTTAModel(Grounder())
    first, second = model.test_step(dict(inputs=[['plain'] * 2, ['mirrored'] * 2]))
    for sample in (first, second):
        assert sample.text == 'left'
        assert sample.pred_instances.bboxes.tolist() == [LEFT, RIGHT]
        assert sample.pred_instances.scores.tolist() == [1, 0.5]
        assert sample.pred_instances.labels.tolist() == [0, 0]
        assert sample.no_target_score == pytest.approx(0.3)
    with pytest.raises(ValueError, match='an image and its mirror image, in this'):
        model.test_step(dict(inputs=[['mirrored'], ['plain']]))
