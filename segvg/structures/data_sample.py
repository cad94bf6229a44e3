"""One expression about one image, with its targets and its prediction."""
from typing import Iterator

import torch
from mmengine.structures import BaseDataElement, InstanceData


class GroundingDataSample(BaseDataElement):
    """An expression and what is known about it.

    Metainfo: ``img_path, img_id, dataset, split, expr_idx, expr_id, ref_id, text,
    no_target, ori_shape (H0, W0), img_shape (h, w), scale_factor (x, y), pad_offset
    (x, y), canvas_shape (H, W), flip``; ``phrases`` for captions.

    Data fields:
        token_ids: (L,) int64, not padded.
        text_padding_mask: (L,) bool.
        phrase_tokens: (P, L), 1 for the tokens of each phrase of a caption.
        phrase_ids: (P, L') int64, the phrases as texts of their own.
        phrase_padding_mask: (P, L') bool.
        frame: (6, 2) float64 on the device, the fields of ``Geometry`` for
            computations there; added by the preprocessor.
        gt_instances: T targets in the canvas frame: ``bboxes`` (T, 4) xyxy pixels,
            optionally ``masks`` (T, H, W) bool, ``target_masks`` (T, h, w) float, what
            a mask branch learns from, ``contours`` (T, N, 2) of points, -1 = none, and
            ``positive_map`` (T, L), 1 for tokens that describe the target.
        image_instances: the same T targets in the frame of the original image:
            ``bboxes`` (T, 4), ``segmentations``, a list of T mask records or None.
        pred_instances: Q predictions in the frame of the original image, on the CPU:
            ``bboxes`` (Q, 4) xyxy pixels and ``scores`` (Q,); optionally ``masks``
            (Q, H0, W0) bool and ``soft_masks`` (Q, H0, W0) float, ``phrase_scores``
            (Q, P), how well each box fits each phrase, and
            ``canvas_masks`` (Q, h, w) bool, masks of the image as the network saw it.
            ``labels`` (Q,) int64, which programs for detection expect, are all 0
            unless given: the only class is the described object.
        no_target_score: (), of heads that predict it: the confidence in [0, 1] that
            nothing in the image fits the expression.
        global_mask: (H0, W0) bool, of heads that predict it: one mask of all targets
            together, besides the masks of instances. It is part of the mask that is
            scored, whatever the scores of the instances.
        canvas_global_mask: (H, W) bool, the same in the image as the network saw it.
    """

    @property
    def gt_instances(self) -> InstanceData:
        """Targets in the canvas frame."""
        return self._gt_instances

    @gt_instances.setter
    def gt_instances(self, value: InstanceData) -> None:
        self.set_field(value, '_gt_instances', dtype=InstanceData)

    @gt_instances.deleter
    def gt_instances(self) -> None:
        del self._gt_instances

    @property
    def image_instances(self) -> InstanceData:
        """Targets in the frame of the original image."""
        return self._image_instances

    @image_instances.setter
    def image_instances(self, value: InstanceData) -> None:
        self.set_field(value, '_image_instances', dtype=InstanceData)

    @image_instances.deleter
    def image_instances(self) -> None:
        del self._image_instances

    @property
    def pred_instances(self) -> InstanceData:
        """Predictions in the frame of the original image."""
        return self._pred_instances

    @pred_instances.setter
    def pred_instances(self, value: InstanceData) -> None:
        if 'labels' not in value and 'bboxes' in value:
            value.labels = torch.zeros(len(value.bboxes), dtype=torch.int64)
        self.set_field(value, '_pred_instances', dtype=InstanceData)

    @pred_instances.deleter
    def pred_instances(self) -> None:
        del self._pred_instances


class ExpressionGroup:
    """The expressions of one image, in order.

    Not a sequence type on purpose: mmengine's collate function would take a sequence
    apart and demands equal lengths.
    """

    def __init__(self, samples: list[GroundingDataSample]) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __iter__(self) -> Iterator[GroundingDataSample]:
        return iter(self.samples)

    def __repr__(self) -> str:
        texts = [sample.get('text') for sample in self.samples]
        return f'ExpressionGroup({texts!r})'
