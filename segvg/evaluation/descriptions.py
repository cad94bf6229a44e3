"""Described object detection: descriptions as the classes of a detector (D-cube)."""
import numpy as np
import torch

from segvg.evaluation.average_precision import RankedBoxes, class_precisions
from segvg.evaluation.base import GroundingMetric, describe, get_prediction
from segvg.registry import METRICS

PARTS = ('presence', 'absence')


@METRICS.register_module()
class DescriptionAP(GroundingMetric):
    """Average precision of COCO with a class for each description.

    The boxes of a description in all images that are asked for it are ranked together,
    100 an image at most; its AP is the mean over IoU 0.50 to 0.95 in steps of 0.05.
    ``AP`` is the mean over all descriptions that have a target in some image,
    ``AP presence`` and ``AP absence`` are the means over those that say what is there
    and over those that say what is not. Without any target a score is 0.

    The description of a sample is its ``ref_id``, the part its ``source``.

    Source: Xie et al., "Described Object Detection", NeurIPS 2023 (FULL, PRES, ABS).
    """
    default_prefix = 'dod'

    def score(self, sample: dict) -> RankedBoxes:
        """Return the boxes in an image; their class is (part, description).

        Raises:
            ValueError: the sample has no description id, or its part is unknown.
        """
        part, description = sample.get('source'), sample.get('ref_id')
        if description is None or part not in PARTS:
            raise ValueError(f'{describe(sample)} has ref_id {description!r} and '
                             f'source {part!r}: DescriptionAP needs the number of the '
                             'description, and presence or absence')
        prediction = get_prediction(sample)
        return RankedBoxes(
            str(sample['img_path']), (part, str(description)),
            *(torch.as_tensor(value).double().cpu().numpy() for value in (
                prediction['bboxes'], prediction['scores'],
                sample['image_instances']['bboxes'])))

    def compute_metrics(self, results: list[RankedBoxes]) -> dict[str, float]:
        """Return ``AP``, ``AP presence`` and ``AP absence``."""
        found = class_precisions(results)
        by_part = {f'AP {part}': [value for (of, _), value in found.items()
                                  if of == part] for part in PARTS}
        return {name: 100 * float(np.mean(values)) if values else 0.0
                for name, values in {'AP': list(found.values()), **by_part}.items()}
