"""Recall of phrases, PhraseCut: hand-made numbers, rules, protocols."""
import numpy as np
import pytest
import torch

from segvg.evaluation import PhraseCutIoU, PhraseRecall
from segvg.evaluation.phrases import fill_polygons

TARGET = [[0., 0., 10., 10.]]
GOOD, FAR = [0., 0., 10., 9.], [50., 50., 60., 60.]


def sample(bboxes, scores, targets=TARGET, **more) -> dict:
    return dict(expr_idx=0, text='a', img_path='a.jpg',
                image_instances=dict(bboxes=torch.tensor(targets).view(-1, 4)),
                pred_instances=dict(bboxes=torch.tensor(bboxes).view(-1, 4),
                                    scores=torch.tensor(scores), **more))


def score(metric, *samples) -> dict:
    metric.process({}, [dict(item, expr_idx=i) for i, item in enumerate(samples)])
    return metric.evaluate(0)


def caption(ranking, phrases, bboxes=(GOOD, FAR), targets=(TARGET[0], FAR)) -> dict:
    return dict(sample(list(bboxes), [.5] * len(bboxes), list(targets),
                       phrase_scores=torch.tensor(ranking)), phrases=phrases)


def test_phrases_rank_the_boxes_each_in_their_order():
    phrases = [dict(targets=[0], types=['people']), dict(targets=[1], types=['other']),
               dict(targets=[])]
    found = score(PhraseRecall(topk=(1, 2), by_type=True),
                  caption([[.9, .8, 0], [.1, .2, 0]], phrases))
    assert found['phrase/R@1'] == 50 and found['phrase/R@2'] == 100
    assert found['phrase/R@1 people'] == 100 and found['phrase/R@1 other'] == 0


def test_any_box_and_the_box_around_all():
    phrases, around = [dict(targets=[0, 1])], [0., 0., 60., 60.]
    sure = caption([[.9], [.1]], phrases, [GOOD, around])
    assert score(PhraseRecall(topk=(1, )), sure)['phrase/R@1'] == 100
    merged = score(PhraseRecall(topk=(1, 2), protocol='merged_box'), sure)
    assert merged['phrase_merged/R@1'] == 0 and merged['phrase_merged/R@2'] == 100


def test_an_expression_without_phrases_is_one():
    found = score(PhraseRecall(topk=(1, )), sample([GOOD, FAR], [.9, .1]))
    assert found == {'phrase/R@1': 100, 'phrase/R@all': 100}


def test_what_cannot_be_scored_is_told():
    bare = dict(sample([GOOD], [1.]), phrases=[dict(targets=[0])])
    with pytest.raises(KeyError, match='predictions without phrase_scores'):
        score(PhraseRecall(), bare)
    with pytest.raises(ValueError, match='no phrase with a target'):
        score(PhraseRecall(), caption([[.9], [.1]], [dict(targets=[])]))
    with pytest.raises(ValueError, match="protocol is one of .* not 'all'"):
        PhraseRecall(protocol='all')


def test_phrasecut_unites_masks_and_polygons():
    def masked(masks, bboxes) -> dict:
        item = sample(bboxes, [1.] * len(bboxes), [[0., 0., 5., 5.]],
                      masks=torch.tensor(masks).reshape(-1, 8, 8))
        item['image_instances']['segmentations'] = [
            dict(poly=[[0, 0, 3, 0, 3, 3, 0, 3]])]
        return dict(item, ori_shape=(8, 8))

    whole = np.zeros((8, 8), bool)
    whole[:4, :4] = True  # the outline belongs to the polygon
    assert (fill_polygons([[0, 0, 3.9, 0, 3, 3, 0, 3]], 8, 8) == whole).all()
    upper, lower = whole.copy(), whole.copy()
    upper[2:], lower[:2] = False, False
    box = [0., 0., 5., 5.]
    found = score(PhraseCutIoU(), masked(np.stack([upper, lower]), [box, box]),
                  masked(upper[None], [box]), masked(np.zeros((0, 8, 8), bool), []))
    assert found['phrasecut/mIoU'] == pytest.approx(50)
    assert found['phrasecut/cIoU'] == pytest.approx(50)
    assert found['phrasecut/Pr@0.5'] == pytest.approx(100 / 3)  # above, not at
    assert found['phrasecut/box mIoU'] == pytest.approx(200 / 3)
    with pytest.raises(KeyError, match='predictions without masks'):
        score(PhraseCutIoU(), sample([GOOD], [1.]) | dict(ori_shape=(8, 8)))
