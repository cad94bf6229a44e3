"""A sample as the loading transforms leave it."""
from typing import Callable

import numpy as np
import pytest


def expression(text: str = 'a cat', targets=(0, ), **more) -> dict:
    """Return an expression as the data set gives it."""
    return dict(text=text, expr_id=7, ref_id=3, expr_idx=5, targets=list(targets),
                no_target=not targets, phrases=None) | more


def bounds(mask: np.ndarray) -> list[int]:
    """Return the bounding box of a mask."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]


def mapped(results: dict) -> np.ndarray:
    """Return the boxes of the image where the record says they lie now."""
    scale = np.tile(results['scale_factor'], 2)
    return results['image_bboxes'] * scale + np.tile(results['pad_offset'], 2)


@pytest.fixture
def make_results() -> Callable[..., dict]:
    """Make the results of loading: an image, boxes and their filled masks."""

    def make(height=60, width=80, bboxes=((10, 20, 40, 50), ), texts=('a cat', ),
             with_mask=True, seed=0) -> dict:
        shape = (height, width)
        image = np.random.RandomState(seed).randint(0, 256, (*shape, 3), dtype=np.uint8)
        boxes = np.array(bboxes, dtype=np.float32).reshape(-1, 4)
        results = dict(
            img=image, img_path='images/1.jpg', img_id='coco:1', height=height,
            width=width, dataset='toy', split='val', sample_idx=0, img_shape=shape,
            ori_shape=shape, scale_factor=(1.0, 1.0), pad_offset=(0.0, 0.0), flip=False,
            gt_bboxes=boxes.copy(), image_bboxes=boxes,
            instances=[dict(bbox=list(box), mask=None, ann_id=i)
                       for i, box in enumerate(bboxes)],
            expressions=[expression(text, range(len(boxes))) for text in texts])
        if with_mask:
            masks = np.zeros((len(boxes), *shape), dtype=np.uint8)
            for mask, (x1, y1, x2, y2) in zip(masks, boxes.astype(int)):
                mask[y1:y2, x1:x2] = 1
            results['gt_masks'] = masks
        return results

    return make
