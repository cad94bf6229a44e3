"""RefTR's official mask score."""
import numpy as np
import pytest
import torch

from segvg.evaluation import NetworkMaskIoU
from segvg.evaluation.network_mask_iou import iou_of, nearest_resize


def test_nearest_pixel_is_the_one_below():
    mask = np.array([[True, False, False, True]])
    assert nearest_resize(mask, (2, 8)).astype(int).tolist() == [
        [1, 1, 0, 0, 0, 0, 1, 1]] * 2
    assert nearest_resize(mask, (1, 2)).tolist() == [[True, False]]


def test_empty_masks_count_nothing():
    assert iou_of(np.zeros((2, 2), bool), np.zeros((2, 2), bool)) == 0


def test_masks_meet_at_the_size_of_the_network(make_sample):
    """The target is 20 x 20 of 40 x 60, 10 x 10 in the resized image; half is found."""
    metric = NetworkMaskIoU()
    sample = make_sample(img_shape=(20, 30))
    with pytest.raises(KeyError, match='canvas_masks: a PhraseHead with a mask branch'):
        metric.process(None, [sample])
    found = torch.zeros((1, 20, 30), dtype=torch.bool)
    found[:, 5:15, 5:10] = True
    sample.pred_instances.canvas_masks = found
    metric.process(None, [sample])
    assert metric.evaluate(1) == {'res/mIoU (official RefTR)': 50.0}
