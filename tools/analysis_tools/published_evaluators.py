"""What the published evaluators do for each expression, written from their description.

benchmark_metrics.py times them beside our metrics on the same predictions. Each reads
the samples of our metrics, does the same operations with the same libraries as the
published one, and gives its headline score. What a published reader does to annotated
masks before the evaluator sees them is part of it, because our metrics do that, too.
"""
import contextlib
import io
from typing import Protocol

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch import Tensor


class Evaluator(Protocol):
    """Takes batches, then gives a score in percent."""

    def process(self, batch: list[dict]) -> None:
        """Evaluate a batch of expressions."""

    def score(self) -> float:
        """Return the headline score of all that were processed."""


def overlaps(first: Tensor, second: Tensor) -> tuple[Tensor, Tensor]:
    """Return intersection and union (N, M) of every pair of boxes (N, 4), (M, 4)."""
    low = torch.max(first[:, None, :2], second[None, :, :2])
    high = torch.min(first[:, None, 2:], second[None, :, 2:])
    inter = (high - low).clamp(min=0).prod(2)
    areas = [(boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
             for boxes in (first, second)]
    return inter, areas[0][:, None] + areas[1][None] - inter


def generalized_iou(first: Tensor, second: Tensor) -> Tensor:
    """Return the generalized IoU (N, M) of every pair of boxes, as DETR computes it."""
    assert (first[:, 2:] >= first[:, :2]).all()
    assert (second[:, 2:] >= second[:, :2]).all()
    inter, union = overlaps(first, second)
    low = torch.min(first[:, None, :2], second[None, :, :2])
    high = torch.max(first[:, None, 2:], second[None, :, 2:])
    hull = (high - low).clamp(min=0).prod(2)
    return inter / union - (hull - union) / hull


class TransVGBoxes:
    """TransVG and SegVG: accuracy of a batch of boxes, averaged over the batches."""

    def __init__(self) -> None:
        self.right, self.count = 0.0, 0

    def process(self, batch: list[dict]) -> None:
        """Compare boxes one by one, in one operation."""
        boxes = torch.cat([sample['pred_instances']['bboxes'] for sample in batch])
        targets = torch.cat([sample['image_instances']['bboxes'] for sample in batch])
        low = torch.max(boxes[:, :2], targets[:, :2])
        high = torch.min(boxes[:, 2:], targets[:, 2:])
        inter = (high - low).clamp(min=0).prod(1)
        areas = [(part[:, 2] - part[:, 0]) * (part[:, 3] - part[:, 1])
                 for part in (boxes, targets)]
        iou = inter / (areas[0] + areas[1] - inter + 1e-16)
        accuracy = (iou >= 0.5).sum().item() / len(batch)
        self.right += accuracy * len(batch)
        self.count += len(batch)

    def score(self) -> float:
        """Return Acc@0.5."""
        return 100 * self.right / self.count


class KeptBoxes:
    """What the evaluators after MDETR share: all boxes are kept until the end."""

    def __init__(self) -> None:
        self.predictions: dict[int, dict] = {}
        self.targets: dict[int, Tensor] = {}

    def process(self, batch: list[dict]) -> None:
        """Keep the predictions, which are compared at the end."""
        for sample in batch:
            prediction = sample['pred_instances']
            self.predictions[sample['expr_idx']] = dict(
                scores=prediction['scores'], boxes=prediction['bboxes'])
            self.targets[sample['expr_idx']] = sample['image_instances']['bboxes']


class SiRiBoxes(KeptBoxes):
    """SiRi and MDETR: ranked boxes by generalized IoU, one expression at a time."""
    ranks = (1, 5, 10)

    def score(self) -> float:
        """Return R@1."""
        hits = dict.fromkeys(self.ranks, 0.0)
        for number, target in self.targets.items():
            prediction = self.predictions[number]
            ranked = sorted(zip(prediction['scores'].tolist(),
                                prediction['boxes'].tolist()), reverse=True)
            boxes = torch.cat([torch.as_tensor(box).view(1, 4) for _, box in ranked])
            similarity = generalized_iou(boxes, target.float().view(-1, 4))
            for k in self.ranks:
                if max(similarity[:k]) >= 0.5:
                    hits[k] += 1.0
        return 100 * hits[1] / len(self.targets)


class RefTRMasks:
    """RefTR: masks at the size of the network, compared pixel by pixel."""

    def __init__(self) -> None:
        self.total, self.count = 0.0, 0

    def process(self, batch: list[dict]) -> None:
        """Draw the targets, resize them, count pixels."""
        for sample in batch:
            height, width = sample['ori_shape']
            polygons = sample['image_instances']['segmentations'][0]['poly']
            parts = coco_mask.decode(coco_mask.frPyObjects(polygons, height, width))
            target = torch.as_tensor(parts, dtype=torch.uint8).any(dim=2)
            target = F.interpolate(target[None, None].float(),
                                   size=sample['img_shape'], mode='nearest')[0, 0] > 0.5
            mask = sample['pred_instances']['canvas_masks'][0]
            inter, union = (mask & target).sum(), (mask | target).sum()
            self.total += (inter.float() / union.float()).item()
            self.count += 1

    def score(self) -> float:
        """Return mIoU."""
        return 100 * self.total / self.count


class SeqTRMasks:
    """SeqTR: run-length codes on the canvas, every pair of a batch."""

    def __init__(self) -> None:
        self.ious: list[np.ndarray] = []

    def process(self, batch: list[dict]) -> None:
        """Code targets and contours, take the diagonal of all pairs."""
        found, targets, crowds = [], [], []
        for sample in batch:
            polygons = sample['image_instances']['segmentations'][0]['poly']
            codes = coco_mask.frPyObjects(polygons, *sample['ori_shape'])
            mask = coco_mask.decode(coco_mask.merge(codes))
            height, width = sample['img_shape']
            mask = cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST)
            canvas = np.zeros(sample['canvas_shape'], dtype=np.uint8)
            canvas[:height, :width] = mask
            targets.append(coco_mask.encode(np.asfortranarray(canvas)))
            contour = [sample['pred_instances']['canvas_polygons'][0].ravel()]
            found.append(coco_mask.merge(coco_mask.frPyObjects(contour, *canvas.shape)))
            crowds.append(len(polygons) > 1)
        self.ious.append(np.diag(coco_mask.iou(found, targets, crowds)))

    def score(self) -> float:
        """Return mIoU."""
        return 100 * float(np.concatenate(self.ious).mean())


class ReLAMasks:
    """ReLA and gRefCOCO: masks at the size of the network, targets or none."""

    def __init__(self) -> None:
        self.samples: list[tuple[np.ndarray, np.ndarray, bool, bool]] = []

    def process(self, batch: list[dict]) -> None:
        """Draw the targets; keep the masks, which are compared at the end."""
        for sample in batch:
            height, width = sample['img_shape']
            scale = [width / sample['ori_shape'][1], height / sample['ori_shape'][0]]
            target = np.zeros((height, width), dtype=np.uint8)
            for record in sample['image_instances']['segmentations']:
                polygons = [(np.asarray(part).reshape(-1, 2) * scale).reshape(-1)
                            for part in record['poly']]
                codes = coco_mask.frPyObjects(polygons, height, width)
                target = target + coco_mask.decode(coco_mask.merge(codes))
            target = torch.as_tensor(target).clamp(max=1)
            mask = sample['pred_instances']['canvas_masks'][0].to(torch.uint8)
            self.samples.append((
                mask.numpy().astype(np.int8), target.numpy().astype(np.int8),
                bool(sample['no_target_score'] > 0.5), sample['no_target']))

    def score(self) -> float:
        """Return gIoU."""
        credit = 0.0
        for mask, target, said_none, is_none in self.samples:
            inter = np.sum(np.logical_and(mask, target))
            union = np.sum(np.logical_or(mask, target))
            if is_none:
                credit += float(said_none)
            elif not said_none:
                credit += float(inter / union) if union else 0.0
        return 100 * credit / len(self.samples)


class GrefCOCOBoxes(KeptBoxes):
    """GREC of gRefCOCO, after MDETR: greedy pairs, one expression at a time."""

    def score(self) -> float:
        """Return the share of expressions with an F1 of 1."""
        right = 0
        for number, target in self.targets.items():
            prediction = self.predictions[number]
            ranked = sorted(zip(prediction['scores'].tolist(),
                                prediction['boxes'].tolist()), reverse=True)
            kept = [box for score, box in ranked if score >= 0.7]
            if not len(target):
                right += not kept
                continue
            pairs = 0
            if kept:
                boxes = torch.cat([torch.as_tensor(box).view(1, 4) for box in kept])
                similarity = generalized_iou(boxes.double(), target.double())
                for _ in range(min(similarity.shape)):
                    best = int(similarity.argmax())
                    row, column = divmod(best, similarity.shape[1])
                    if similarity[row, column] < 0.5:
                        break
                    pairs += 1
                    similarity[row], similarity[:, column] = 0, 0
            right += 2 * pairs == len(kept) + len(target)
        self._average_precision()
        return 100 * right / len(self.targets)

    def _average_precision(self) -> float:
        """Return the AP of all boxes, by COCO's evaluation, which is part of it."""
        annotations, found = [], []
        for number, target in self.targets.items():
            for box in _corners_to_sides(target):
                annotations.append(dict(id=len(annotations) + 1, image_id=number,
                                        category_id=1, bbox=box, iscrowd=0,
                                        area=box[2] * box[3]))
            prediction = self.predictions[number]
            found += [dict(image_id=number, category_id=1, bbox=box, score=score)
                      for box, score in zip(_corners_to_sides(prediction['boxes']),
                                            prediction['scores'].tolist())]
        data = COCO()
        data.dataset = dict(images=[dict(id=number) for number in self.targets],
                            annotations=annotations, categories=[dict(id=1)])
        with contextlib.redirect_stdout(io.StringIO()):
            data.createIndex()
            evaluation = COCOeval(data, data.loadRes(found), 'bbox')
            evaluation.params.useCats = 0
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        return float(evaluation.stats[0])


def _corners_to_sides(boxes: Tensor) -> list[list[float]]:
    """Return boxes (N, 4) xyxy as x, y, width and height."""
    x1, y1, x2, y2 = boxes.unbind(1)
    return torch.stack([x1, y1, x2 - x1, y2 - y1], dim=1).tolist()


#: Kind of our metric -> its settings, its score that is compared, the published way.
PUBLISHED: dict[str, tuple[dict, str, type[Evaluator]]] = dict(
    BoxAccuracy=({}, 'rec/acc@0.5', TransVGBoxes),
    BoxRecall=({}, 'rec/R@1 (official SiRi)', SiRiBoxes),
    NetworkMaskIoU=({}, 'res/mIoU (official RefTR)', RefTRMasks),
    SeqTRMaskIoU=({}, 'res/mIoU (official SeqTR)', SeqTRMasks),
    NetworkGeneralizedMaskIoU=({}, 'gres/gIoU (official ReLA)', ReLAMasks),
    GeneralizedBoxF1=(dict(official=True), 'grec/Pr@(F1=1) (official MDETR)',
                      GrefCOCOBoxes))
