"""Mask scores by SeqTR's official rule."""
import cv2
import numpy as np

from segvg.evaluation.base import (
    GroundingMetric,
    Terms,
    get_prediction,
    threshold_terms,
)
from segvg.evaluation.mask_iou import MaskIoU
from segvg.registry import METRICS
from segvg.structures.masks import decode_polygons


def crowd_iou(mask: np.ndarray, target: np.ndarray, crowd: bool) -> float:
    """Return the IoU of masks (H, W) bool, for a crowd intersection over prediction.

    No intersection is 0, also when both are empty.
    """
    inter = int((mask & target).sum())
    whole = int(mask.sum() if crowd else (mask | target).sum())
    return inter / whole if inter else 0.0


def is_crowd(record: dict) -> bool:
    """Say whether a mask record counts as a crowd: more than one polygon."""
    return len(record.get('poly', ())) > 1


@METRICS.register_module()
class SeqTRMaskIoU(GroundingMetric):
    """IoU on the canvas that the model saw; several polygons count as a crowd.

    For them the area of the prediction is divided by, not that of the union, which
    flatters: for comparison with the published numbers only. The published mean over
    batches is taken over expressions here, so that it does not depend on their size.
    Reads ``canvas_polygons`` of the predictions.
    """
    default_prefix = 'res'
    frame = 'network'
    SUFFIX = ' (official SeqTR)'

    def score(self, sample: dict) -> float:
        """Return the IoU of a sample."""
        record = sample['image_instances']['segmentations'][0]
        target = MaskIoU.target_mask(sample)
        height, width = sample['img_shape']
        resized = cv2.resize(target.astype(np.uint8), (width, height),
                             interpolation=cv2.INTER_NEAREST).astype(bool)
        canvas = np.zeros(sample['canvas_shape'], dtype=bool)
        left, top = sample['paste_offset']
        canvas[top:top + height, left:left + width] = resized
        prediction = get_prediction(sample)
        if 'canvas_polygons' not in prediction:
            raise KeyError('SeqTRMaskIoU scores canvas_polygons, which a SequenceHead '
                           'with a ContourPart predicts')
        polygon = np.asarray(prediction['canvas_polygons'][0])
        mask = decode_polygons([polygon.ravel().tolist()], *canvas.shape)
        return crowd_iou(mask, canvas, is_crowd(record))

    def terms(self, results: list[float]) -> Terms:
        """Return those of ``mIoU`` and ``Pr@0.5`` ... ``Pr@0.9``, named as official."""
        return {f'{name}{self.SUFFIX}': values
                for name, values in threshold_terms(results, 'Pr').items()}
