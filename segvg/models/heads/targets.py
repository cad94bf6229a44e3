"""What a head learns from, taken out of data samples; for heads of your own too."""
from typing import Sequence

import torch
from torch import Tensor, nn

from segvg.structures import GroundingDataSample
from segvg.structures.geometry import Frame, Geometry


def single_targets(data_samples: Sequence[GroundingDataSample], field: str) -> Tensor:
    """Stack ``gt_instances[field]`` of samples that have exactly one target each.

    Returns:
        (B, ...) on the device of the targets.

    Raises:
        ValueError: a sample has no target, several, or lacks the field.
    """
    targets = []
    for sample in data_samples:
        values = sample.gt_instances.get(field)
        if values is None:
            raise ValueError(
                f'{field!r} is missing for expression {sample.text!r} in '
                f'{sample.img_path}: the training pipeline has to make it '
                '(target_masks: a bbox-to-mask transform before PackGroundingInputs)')
        if len(values) != 1:
            raise ValueError(
                f'{len(values)} targets for expression {sample.text!r} in '
                f'{sample.img_path}: this head grounds exactly one object')
        targets.append(values[0])
    return torch.stack(targets)


def single_boxes(data_samples: Sequence[GroundingDataSample], frame: Frame,
                 canvas_shape: tuple[int, int]) -> Tensor:
    """Return the box of the one target of each sample.

    Args:
        data_samples: B samples.
        frame: ``'canvas'`` or ``'image'``.
        canvas_shape: (H, W) of the canvas of the batch.

    Returns:
        (B, 4) cxcywh in [0, 1] of the frame.

    Raises:
        ValueError: a sample has no target or several.
    """
    bboxes = single_targets(data_samples, 'bboxes')[:, None]
    geometry = Geometry.from_samples(data_samples, canvas_shape)
    return geometry.normalize_boxes(bboxes, frame)[:, 0]


def gt_boxes(data_samples: Sequence[GroundingDataSample], frame: Frame,
             canvas_shape: tuple[int, int]) -> list[Tensor]:
    """Return the boxes of all targets: for each sample (T, 4), T >= 0.

    Arguments and format as of ``single_boxes``.
    """
    bboxes = [sample.gt_instances.bboxes for sample in data_samples]
    padded = nn.utils.rnn.pad_sequence(bboxes, batch_first=True)  # (B, max T, 4)
    geometry = Geometry.from_samples(data_samples, canvas_shape)
    boxes = geometry.normalize_boxes(padded, frame)
    return [values[:len(own)] for values, own in zip(boxes, bboxes)]


def gt_masks(data_samples: Sequence[GroundingDataSample],
             canvas_shape: tuple[int, int]) -> list[Tensor]:
    """Return the masks of all targets, padded to the canvas of the batch.

    Returns:
        For each sample (T, H, W) bool, T >= 0.

    Raises:
        ValueError: the pipeline made none.
    """
    padded = []
    for sample in data_samples:
        masks = sample.gt_instances.get('masks')
        if masks is None:
            raise ValueError(
                f"'masks' is missing for expression {sample.text!r} in "
                f'{sample.img_path}: set with_mask=True of LoadGroundingAnnotations')
        height, width = masks.shape[-2:]
        margin = (0, canvas_shape[1] - width, 0, canvas_shape[0] - height)
        padded.append(nn.functional.pad(masks, margin))
    return padded


def union_masks(data_samples: Sequence[GroundingDataSample],
                canvas_shape: tuple[int, int]) -> Tensor:
    """Return the union (B, H, W) bool of the targets' masks; empty without a target.

    Raises:
        ValueError: the pipeline made no masks.
    """
    return torch.stack([masks.any(0) for masks in gt_masks(data_samples, canvas_shape)])
