"""Generalized mask scores at the size that the network saw, ReLA's official rule."""
import numpy as np

from segvg.evaluation.base import Terms, describe, get_prediction
from segvg.evaluation.generalized_iou import GeneralizedMaskIoU, unite, unite_records
from segvg.registry import METRICS
from segvg.structures.masks import decode_resized


@METRICS.register_module()
class NetworkGeneralizedMaskIoU(GeneralizedMaskIoU):
    """``GeneralizedMaskIoU`` in the resized image, before masks are brought back.

    For comparison with the published numbers only: the published evaluator compares
    masks of 480 x 480 pixels, whatever the shape of the image was. Reads
    ``canvas_masks`` of the predictions; annotated polygons are scaled and filled at
    that size. Names end in ``(official ReLA)``.

    Source: the evaluator of ReLA (Liu et al., CVPR 2023).
    """
    frame = 'network'
    SUFFIX = ' (official ReLA)'
    headline = f'gIoU{SUFFIX}'

    def predicted_mask(self, sample: dict, shape: tuple[int, int]) -> np.ndarray:
        """Return the union (h, w) bool of the masks that count."""
        prediction = get_prediction(sample)
        if 'canvas_masks' not in prediction:
            raise KeyError(f'{describe(sample)} has predictions without canvas_masks, '
                           'masks of the image as the network saw it')
        return unite(prediction['canvas_masks'], self.rule.counts(prediction), shape,
                     sample)

    def target_mask(self, sample: dict) -> np.ndarray:
        """Return the union (h, w) bool of the annotated masks."""
        size, new_size = tuple(sample['ori_shape']), tuple(sample['img_shape'])
        return unite_records(sample, new_size,
                             lambda record: decode_resized(record, size, new_size))

    def terms(self, results: list) -> Terms:
        """Return those of all scores, named as official."""
        return {f'{name}{self.SUFFIX}': values
                for name, values in super().terms(results).items()}
