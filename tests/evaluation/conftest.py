"""Samples as a grounder returns them."""
from typing import Callable

import numpy as np
import pytest
import torch
from mmengine.structures import InstanceData

from segvg.structures import GroundingDataSample
from segvg.structures.masks import encode_rle


@pytest.fixture
def make_sample() -> Callable[..., GroundingDataSample]:
    """Make a sample with targets and predictions in an image of 40 x 60 pixels."""

    def make(expr_idx=0, targets=((10, 10, 30, 30), ), bboxes=((10, 10, 30, 30), ),
             scores=None, masks=False, **meta) -> GroundingDataSample:
        sample = GroundingDataSample(metainfo=dict(
            expr_idx=expr_idx, dataset='toy', split='val', text=f'object {expr_idx}',
            img_path='images/1.jpg', ori_shape=(40, 60), no_target=not targets) | meta)

        def fill(bbox):
            mask = np.zeros((40, 60), dtype=bool)
            x1, y1, x2, y2 = map(int, bbox)
            mask[y1:y2, x1:x2] = True
            return mask

        records = [dict(rle=encode_rle(fill(bbox))) for bbox in targets]
        sample.image_instances = InstanceData(
            bboxes=torch.tensor(targets, dtype=torch.float32).view(-1, 4),
            segmentations=records)
        sample.pred_instances = InstanceData(
            bboxes=torch.tensor(bboxes, dtype=torch.float32).view(-1, 4),
            scores=torch.tensor(scores or [1.0] * len(bboxes)))
        if masks:
            filled = [fill(bbox) for bbox in bboxes]
            sample.pred_instances.masks = torch.tensor(
                np.array(filled, dtype=bool).reshape(-1, 40, 60))
        return sample

    return make
