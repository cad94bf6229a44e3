"""Accuracy by topic of a caption and by size of its object."""
import pytest
import torch

from segvg.evaluation import TopicAccuracy

SQUARE = (0., 0., 100., 100.)  # small: below 128 x 128 pixels
LARGE = (0., 0., 300., 300.)


def sample(number, target, box, source):
    """A sample with one target and one predicted box."""
    return dict(
        img_path='a.jpg', dataset='toy', split='val', expr_idx=number, text='he',
        source=source, ori_shape=(400, 400),
        image_instances=dict(bboxes=torch.tensor([target])),
        pred_instances=dict(bboxes=torch.tensor([box]), scores=torch.tensor([0.5])))


def evaluate(samples):
    metric = TopicAccuracy()
    metric.process(None, samples)
    return metric.evaluate(len(samples))


def test_a_caption_counts_for_each_of_its_topics_and_its_size():
    """IoU 0.7 reaches 5 of the 10 thresholds, IoU 1 all, IoU 0.4 none."""
    scores = evaluate([
        sample(0, SQUARE, (0., 0., 70., 100.), 'Action; Location'),
        sample(1, SQUARE, SQUARE, 'Action'),
        sample(2, LARGE, (0., 0., 120., 300.), 'Location; OCR')])
    assert scores == pytest.approx({
        'rec/mAcc (Action)': 75, 'rec/mAcc (Location)': 25, 'rec/mAcc (OCR)': 0,
        'rec/mAcc (small)': 75, 'rec/mAcc (large)': 0})


@pytest.mark.parametrize('side,name', [(127.9, 'small'), (128., 'medium'),
                                       (255.9, 'medium'), (256., 'large')])
def test_sizes_begin_where_the_authors_let_them_begin(side, name):
    box = (0., 0., side, side)
    assert evaluate([sample(0, box, box, None)]) == {f'rec/mAcc ({name})': 100}
