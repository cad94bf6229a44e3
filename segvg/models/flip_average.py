"""Answers averaged over an image and its mirror image, at test time."""
from typing import Any, Optional, Sequence, Union

import numpy as np
import torch
from mmengine.model import BaseTTAModel
from mmengine.structures import InstanceData
from torch import Tensor, nn

from segvg.registry import MODELS
from segvg.structures import GroundingDataSample
from segvg.structures.boxes import pairwise_iou

#: Fields of predictions with a mask (Q, H, W) each.
MASKS = ('masks', 'canvas_masks', 'soft_masks')
FIELDS = ('bboxes', 'scores', 'labels', 'phrase_scores', *MASKS)


@MODELS.register_module()
class GroundingTTAModel(BaseTTAModel):
    """A grounder that looks at an image and at its mirror image.

    The text of the mirror image has left and right swapped. Its predictions are
    mirrored back and paired with those of the image, so that the sum of IoUs is
    highest. Two predictions with an IoU below ``min_iou``, or of different phrases, are
    not paired.

    - A pair becomes one prediction. Its score is the mean of both scores; its box and
      its soft mask are means weighted by the scores, and its mask is where the soft
      mask is above 0.5. If there are no soft masks and the masks differ in a pixel, the
      prediction with the higher score decides; if the scores are equal, that of the
      image.
    - A prediction without a partner keeps its box, its mask and half of its score.
    - ``no_target_score`` is the mean of both. Fields that describe the whole image,
      such as ``global_mask``, are taken from the image without a flip.

    Polygons of predictions (``canvas_polygons``) are not kept.

    Args:
        module: a grounder, or its config.
        data_preprocessor: for a grounder without one, see ``BaseTTAModel``.
        min_iou: smallest IoU of a pair.
    """

    def __init__(self, module: Union[dict, nn.Module],
                 data_preprocessor: Optional[dict] = None, *,
                 min_iou: float = 0.5) -> None:
        super().__init__(module, data_preprocessor)
        self.min_iou = min_iou

    def merge_preds(self, data_samples_list: Sequence[Sequence[GroundingDataSample]]
                    ) -> list[GroundingDataSample]:
        """Return the B samples of the images with averaged predictions.

        Args:
            data_samples_list: for each of B expressions the sample of the image and
                that of the mirror image.
        """
        return [self._merge(*views) for views in data_samples_list]

    def _merge(self, sample: GroundingDataSample,
               mirrored: GroundingDataSample) -> GroundingDataSample:
        """Return the sample of an image with averaged predictions."""
        if sample.flip or not mirrored.flip:
            raise ValueError('GroundingTTAModel expects an image and its mirror image, '
                             'in this order: RandomFlip with prob=0, then with prob=1, '
                             'in a TestTimeAug')
        width = int(sample.ori_shape[1])
        first = _plain(sample.pred_instances)
        second = mirror(_plain(mirrored.pred_instances), width)
        sample.pred_instances = InstanceData(
            **average(first, second, self.min_iou))
        scores = [view.get('no_target_score') for view in (sample, mirrored)]
        if None not in scores:
            sample.no_target_score = (scores[0] + scores[1]) / 2
        return sample


def _plain(found: InstanceData) -> dict[str, Tensor]:
    """Return the fields of predictions that can be averaged."""
    return {name: found[name] for name in FIELDS if name in found}


def mirror(found: dict[str, Tensor], width: int) -> dict[str, Tensor]:
    """Return predictions about a mirror image as predictions about the image.

    Args:
        found: ``bboxes`` (Q, 4) xyxy pixels, and fields of masks (Q, H, W).
        width: of the image, pixels.
    """
    x1, y1, x2, y2 = found['bboxes'].unbind(-1)
    turned = dict(found, bboxes=torch.stack([width - x2, y1, width - x1, y2], -1))
    turned.update({name: found[name].flip(-1) for name in MASKS if name in found})
    return turned


def pair(first: dict[str, Tensor], second: dict[str, Tensor],
         min_iou: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the P indices of predictions that are pairs; see ``GroundingTTAModel``."""
    from scipy.optimize import linear_sum_assignment  # slow to import
    ious = pairwise_iou(first['bboxes'].double().cpu(), second['bboxes'].double().cpu())
    if 'phrase_scores' in first and first['phrase_scores'].shape[-1]:
        phrases = [view['phrase_scores'].cpu().argmax(-1) for view in (first, second)]
        ious = ious * (phrases[0][:, None] == phrases[1])
    overlaps = ious.nan_to_num().numpy()
    rows, columns = linear_sum_assignment(overlaps, maximize=True)
    kept = overlaps[rows, columns] >= min_iou
    return rows[kept], columns[kept]


def average(first: dict[str, Tensor], second: dict[str, Tensor],
            min_iou: float) -> dict[str, Tensor]:
    """Return predictions averaged over two views; see ``GroundingTTAModel``."""
    rows, columns = pair(first, second, min_iou)
    alone = [np.setdiff1d(np.arange(len(view['bboxes'])), used)
             for view, used in ((first, rows), (second, columns))]
    weights = torch.stack([first['scores'][rows], second['scores'][columns]])  # (2, P)
    total = weights.sum(0)
    share = torch.where(total > 0, weights / total.clamp(min=1e-12), 0.5)
    merged: dict[str, Any] = {}
    for name in first.keys() & second.keys():
        views = first[name][rows], second[name][columns]
        merged[name] = torch.cat([
            _joined(name, *views, share), *(view[name][own] for view, own in zip(
                (first, second), alone))])
    paired = len(rows)
    merged['scores'] = torch.cat([total / 2, merged['scores'][paired:] / 2])
    if 'soft_masks' in merged and 'masks' in merged:
        merged['masks'][:paired] = merged['soft_masks'][:paired] > 0.5
    return merged


def _joined(name: str, first: Tensor, second: Tensor, share: Tensor) -> Tensor:
    """Return a field (P, ...) of pairs, whose views have shares (2, P)."""
    if name == 'labels':
        return first
    share = share.to(first.device).reshape(2, -1, *[1] * (first.dim() - 1))
    if first.dtype == torch.bool:  # where both disagree the higher score decides
        return torch.where(share[0] >= share[1], first, second)
    return (first * share[0] + second * share[1]).to(first.dtype)
