"""All answers on one picture."""
import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from segvg.structures import GroundingDataSample
from segvg.structures.answers import AnswerRule
from segvg.visualization import together
from segvg.visualization.colors import NUMBER_COLORS
from segvg.visualization.together import draw_together

IMAGE = np.full((300, 500, 3), 128, np.uint8)
BOXES = torch.tensor([[40.0, 30, 200, 220], [260.0, 60, 460, 280]])


def sample(text, scores, masks=None):
    made = GroundingDataSample(metainfo=dict(text=text))
    made.pred_instances = InstanceData(bboxes=BOXES[:len(scores)],
                                       scores=torch.tensor(scores))
    if masks is not None:
        made.pred_instances.masks = masks
    return made


def has_color(picture, color):
    return (np.abs(picture.astype(int) - color).sum(-1) < 6).any()


def test_each_expression_has_its_color_number_and_score(monkeypatch):
    seen, draw = [], together.draw_picture

    def spy(image, text, layers, **settings):
        seen.append((text, layers))
        return draw(image, text, layers, **settings)

    monkeypatch.setattr(together, 'draw_picture', spy)
    masks = torch.zeros(2, 300, 500, dtype=torch.bool)
    masks[1, 60:280, 260:460] = True
    samples = [sample('the left box', [0.9, 0.4]), sample('right', [0.2, 0.7], masks),
               sample('nothing', [])]
    picture = draw_together(IMAGE, samples)
    [(title, layers)] = seen
    assert title == '3 expressions'
    assert [layer.label for layer in layers] == [
        '1  the left box: 0.90', '2  right: 0.70', '3  nothing: nothing predicted']
    assert [layer.tag for layer in layers] == ['1', '2', '3']
    np.testing.assert_array_equal(layers[1].bboxes, BOXES[1:])
    assert layers[1].mask.sum() == 220 * 200 and layers[0].mask is None
    assert all(has_color(picture[-300:], color) for color in NUMBER_COLORS[:2])
    assert not has_color(picture[-300:], NUMBER_COLORS[2])


@pytest.mark.parametrize('score_thr, boxes', [(0.5, 1), (0.1, 2), (0.95, 0)])
def test_answers_follow_the_rule(monkeypatch, score_thr, boxes):
    seen = []
    monkeypatch.setattr(together, 'draw_picture', lambda image, text, layers, **_:
                        seen.append(layers[0]))
    draw_together(IMAGE, [sample('x' * 80, [0.9, 0.2])],
                  rule=AnswerRule(score_threshold=score_thr))
    assert len(seen[0].bboxes) == boxes
    assert seen[0].label.startswith('1  ' + 'x' * 59 + '…')
    assert seen[0].label.endswith('not in this image') == (not boxes)


def test_colors_start_again_and_pictures_are_limited():
    samples = [sample('red', [0.9])] * (len(NUMBER_COLORS) + 1)
    picture = draw_together(IMAGE, samples, longest_side=250)
    assert picture.shape[1] == 250
