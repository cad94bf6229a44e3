"""PhraseCut: the union of predicted masks against the union of polygons."""
from typing import Optional, Sequence

import numpy as np
import torch

from segvg.evaluation.base import (
    GroundingMetric,
    Terms,
    describe,
    get_prediction,
    mean_terms,
    threshold_terms,
)
from segvg.registry import METRICS
from segvg.structures.masks import decode_segmentation


def fill_polygons(polygons: Sequence[Sequence[float]], height: int,
                  width: int) -> np.ndarray:
    """Return the union (H, W) bool of polygons, flat x, y lists, as PhraseCut draws it.

    Coordinates are cut to whole pixels and the outline belongs to the polygon.
    """
    from PIL import Image, ImageDraw
    canvas = Image.new('L', (width, height), 0)
    for polygon in polygons:
        points = [(int(x), int(y)) for x, y in zip(polygon[::2], polygon[1::2])]
        if len(points) > 1:
            ImageDraw.Draw(canvas).polygon(points, outline=1, fill=1)
    return np.array(canvas).astype(bool)


def fill_boxes(bboxes: np.ndarray, height: int, width: int) -> np.ndarray:
    """Return the union (H, W) bool of xyxy boxes (T, 4), each a pixel short.

    PhraseCut takes the last pixel for x + w - 1 and then leaves it out.
    """
    mask = np.zeros((height, width), dtype=bool)
    for x1, y1, x2, y2 in bboxes:
        mask[int(y1):int(y2 - 1), int(x1):int(x2 - 1)] = True
    return mask


def overlap(first: np.ndarray, second: np.ndarray) -> tuple[int, int]:
    """Return the pixels in the intersection and in the union of two masks."""
    return int((first & second).sum()), int((first | second).sum())


@METRICS.register_module()
class PhraseCutIoU(GroundingMetric):
    """IoU of united masks and of united boxes, in the original image.

    ``mIoU`` is the mean over phrases, ``cIoU`` the sum of all intersections over the
    sum of all unions, ``Pr@t`` the part with an IoU above t (above, not at); the same
    for boxes with ``box`` before the name. All predictions count, so the head keeps
    what is sure enough (``mask_threshold``); none is an empty mask.

    Args:
        prefix: of the names of the scores.

    Source: Wu et al., "PhraseCut", CVPR 2020, its own evaluator.
    """
    default_prefix = 'phrasecut'

    def __init__(self, prefix: Optional[str] = None) -> None:
        super().__init__(prefix=prefix)

    def score(self, sample: dict) -> tuple[int, int, int, int]:
        """Return intersection and union of masks, then of boxes."""
        height, width = sample['ori_shape']
        prediction = get_prediction(sample)
        if 'masks' not in prediction:
            raise KeyError(f'{describe(sample)} has predictions without masks, which '
                           'PhraseCutIoU scores: does the head make masks?')
        masks = torch.as_tensor(prediction['masks']).bool().cpu().numpy()
        found = masks.any(0) if len(masks) else np.zeros((height, width), dtype=bool)
        boxes = [np.asarray(torch.as_tensor(part['bboxes']).cpu(), dtype=np.float64)
                 for part in (prediction, sample['image_instances'])]
        return (*overlap(found, self._target(sample)),
                *overlap(*(fill_boxes(box, height, width) for box in boxes)))

    @staticmethod
    def _target(sample: dict) -> np.ndarray:
        """Return the union (H, W) bool of the annotated masks."""
        height, width = sample['ori_shape']
        mask = np.zeros((height, width), dtype=bool)
        for record in sample['image_instances']['segmentations']:
            mask |= (fill_polygons(record['poly'], height, width)
                     if record and 'poly' in record
                     else decode_segmentation(record, height, width))
        return mask

    def terms(self, results: list) -> Terms:
        """Return those of the scores of masks and of boxes."""
        table = np.array(results, dtype=np.float64)
        terms: Terms = {}
        for name, pixels in (('', table[:, :2]), ('box ', table[:, 2:])):
            ious = pixels[:, 0] / pixels[:, 1].clip(min=1)
            # Above the threshold, not at it.
            found = threshold_terms(ious - 1e-12, f'{name}Pr')
            del found['mIoU']
            terms |= found | {f'{name}mIoU': mean_terms(ious), f'{name}cIoU': pixels}
        return terms
