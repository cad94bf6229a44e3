"""Described object detection: descriptions as the classes of a detector (D-cube)."""
import contextlib
import io
from typing import NamedTuple, Sequence

import numpy as np
import torch

from segvg.evaluation.base import GroundingMetric, describe, get_prediction
from segvg.registry import METRICS

PARTS = ('presence', 'absence')


class Detections(NamedTuple):
    """What was found of a description in an image.

    Attributes:
        description: which one.
        image: which one.
        part: ``presence`` or ``absence``.
        bboxes, scores: predictions, (Q, 4) xyxy and (Q,).
        targets: (T, 4) xyxy.
    """
    description: str
    image: str
    part: str
    bboxes: np.ndarray
    scores: np.ndarray
    targets: np.ndarray


@METRICS.register_module()
class DescriptionAP(GroundingMetric):
    """Average precision of COCO with a class for each description.

    The boxes of a description in all images that are asked for it are ranked together,
    100 an image at most; its AP is the mean over IoU 0.50 to 0.95 in steps of 0.05.
    ``AP`` is the mean over all descriptions that have a target anywhere,
    ``AP presence`` and ``AP absence`` over those that say what is there and what is
    not. Without any target a score is 0.

    The description of a sample is its ``ref_id``, the part its ``source``.

    Source: Xie et al., "Described Object Detection", NeurIPS 2023 (FULL, PRES, ABS).
    """
    default_prefix = 'dod'

    def score(self, sample: dict) -> Detections:
        """Return the boxes of a description in an image.

        Raises:
            ValueError: the sample has no description id, or its part is unknown.
        """
        if sample.get('ref_id') is None or sample.get('source') not in PARTS:
            raise ValueError(f'{describe(sample)} has ref_id {sample.get("ref_id")!r} '
                             f'and source {sample.get("source")!r}: DescriptionAP '
                             'needs the number of the description, and '
                             'presence or absence')
        prediction = get_prediction(sample)
        return Detections(
            str(sample['ref_id']), str(sample['img_path']), sample['source'],
            *(torch.as_tensor(value).double().cpu().numpy() for value in (
                prediction['bboxes'], prediction['scores'],
                sample['image_instances']['bboxes'])))

    def compute_metrics(self, results: list[Detections]) -> dict[str, float]:
        """Return ``AP``, ``AP presence`` and ``AP absence``."""
        found = [Detections(*result) for result in results]
        return {'AP': description_ap(found)} | {
            f'AP {part}': description_ap([one for one in found if one.part == part])
            for part in PARTS}


def description_ap(found: Sequence[Detections]) -> float:
    """Return the mean AP over descriptions in percent; 0 without any target."""
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval
    images = {name: i for i, name in enumerate(dict.fromkeys(
        one.image for one in found), 1)}
    classes = {name: i for i, name in enumerate(dict.fromkeys(
        one.description for one in found), 1)}
    truth, answers = COCO(), COCO()
    with contextlib.redirect_stdout(io.StringIO()):
        for container, is_truth in ((truth, True), (answers, False)):
            records = [record for one in found for record in _records(
                one, images[one.image], classes[one.description], is_truth)]
            for number, record in enumerate(records, 1):
                record['id'] = number
            container.dataset = dict(
                images=[dict(id=i) for i in images.values()], annotations=records,
                categories=[dict(id=i) for i in classes.values()])
            container.createIndex()
        evaluation = COCOeval(truth, answers, 'bbox')
        evaluation.params.areaRng = evaluation.params.areaRng[:1]
        evaluation.params.areaRngLbl = evaluation.params.areaRngLbl[:1]
        evaluation.params.maxDets = evaluation.params.maxDets[-1:]
        evaluation.evaluate()
        evaluation.accumulate()
    precision = evaluation.eval['precision']
    known = precision[precision > -1]
    return 100 * float(known.mean()) if len(known) else 0.0


def _records(one: Detections, image: int, label: int, is_truth: bool) -> list[dict]:
    """Return targets, or predictions with their scores, as COCO's records."""
    bboxes = one.targets if is_truth else one.bboxes
    sides = bboxes[:, 2:] - bboxes[:, :2]
    records: list[dict] = [
        dict(image_id=image, category_id=label, iscrowd=0, ignore=0, bbox=row,
             area=area)
        for row, area in zip(np.concatenate([bboxes[:, :2], sides], axis=1).tolist(),
                             sides.prod(1).tolist(), strict=True)]
    if not is_truth:
        for record, score in zip(records, one.scores.tolist(), strict=True):
            record['score'] = score
    return records
