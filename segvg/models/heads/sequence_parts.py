"""What a sequence of coordinates encodes: a box, a contour; and the choice of a token.
"""
import random
from abc import ABC, abstractmethod
from typing import Sequence

import numpy as np
import torch
from mmengine.structures import InstanceData
from torch import Tensor

from segvg.models.heads.targets import single_targets
from segvg.registry import TASK_UTILS
from segvg.structures import GroundingDataSample
from segvg.structures.geometry import Geometry
from segvg.structures.masks import decode_polygons
from segvg.structures.packing import whole_numbers


class SequencePart(ABC):
    """Points as targets and as predictions; a point is two tokens, x before y.

    Attributes:
        num_points: points of a target.
        num_steps: tokens to generate.
        min_steps: first steps in which END cannot be chosen.
    """
    num_points: int
    num_steps: int
    min_steps: int

    @abstractmethod
    def points(self, data_samples: list[GroundingDataSample]) -> Tensor:
        """Return the target points (B, n, 2) in canvas pixels; negative = none."""

    @abstractmethod
    def weights(self, targets: Tensor, end: int) -> Tensor:
        """Return the loss weights (B, 2 n + 1) of targets of that shape."""

    @abstractmethod
    def write(self, predictions: Sequence[InstanceData], values: Sequence[Tensor],
              geometry: Geometry) -> None:
        """Add what the tokens encode to predictions, in the frame of the image.

        Args:
            predictions: B, one instance each.
            values: B (S,) float64 on the CPU, canvas pixels, x and y in turn, each cut
                at END.
            geometry: of the batch.
        """


@TASK_UTILS.register_module()
class BoxPart(SequencePart):
    """A box: x1, y1, x2, y2. END follows in training and is never generated.

    Args:
        first_weight: loss weight of x1, on which everything else depends.
    """
    num_points = 2
    num_steps = 4
    min_steps = 4

    def __init__(self, first_weight: float = 1.5) -> None:
        self.first_weight = first_weight

    def points(self, data_samples: list[GroundingDataSample]) -> Tensor:
        """Return the corners (B, 2, 2) of the one target of each."""
        return single_targets(data_samples, 'bboxes').unflatten(1, (2, 2)).clamp(min=0)

    def weights(self, targets: Tensor, end: int) -> Tensor:
        """Return 1, but ``first_weight`` for the first token."""
        weights = torch.ones(targets.shape, device=targets.device)
        weights[:, 0] = self.first_weight
        return weights

    def write(self, predictions: Sequence[InstanceData], values: Sequence[Tensor],
              geometry: Geometry) -> None:
        """Add ``bboxes`` (1, 4)."""
        write_boxes(predictions, torch.stack(list(values)).float(), geometry)


@TASK_UTILS.register_module()
class ContourPart(SequencePart):
    """A contour of at most ``num_points`` points, then END.

    Args:
        num_points: N; a target with fewer is filled up with END.
        end_weight: loss weight of END, the true one and the filling.
        min_steps: first steps in which END cannot be chosen.
        shuffle_fraction: part of a batch whose points are permuted in training, all by
            the same permutation.
        two_points_as_box: read a contour of two points as x, y, width and height of a
            box, as the published evaluation does; else it has no area.
    """

    def __init__(self,
                 num_points: int = 18,
                 *,
                 end_weight: float = 0.1,
                 min_steps: int = 0,
                 shuffle_fraction: float = 0.0,
                 two_points_as_box: bool = True) -> None:
        self.num_points = num_points
        self.num_steps = 2 * num_points + 1
        self.end_weight = end_weight
        self.min_steps = min_steps
        self.shuffle_fraction = shuffle_fraction
        self.two_points_as_box = two_points_as_box

    def points(self, data_samples: list[GroundingDataSample]) -> Tensor:
        """Return the contours (B, N, 2), some of them permuted."""
        contours = single_targets(data_samples, 'contours')
        if contours.shape[1] != self.num_points:
            raise ValueError(
                f'contours of {contours.shape[1]} points for a head of '
                f'{self.num_points}: num_points of SampleContour and of ContourPart '
                'must agree')
        chosen = random.sample(
            range(len(contours)), int(len(contours) * self.shuffle_fraction))
        if chosen:
            order = torch.randperm(self.num_points, device=contours.device)
            rows = whole_numbers(chosen, contours.device)
            contours = contours.clone()
            contours[rows] = contours[rows][:, order]
        return contours

    def weights(self, targets: Tensor, end: int) -> Tensor:
        """Return 1, but ``end_weight`` where the target is END."""
        weights = torch.ones(targets.shape, device=targets.device)
        return weights.masked_fill(targets == end, self.end_weight)

    def polygon(self, values: np.ndarray) -> np.ndarray:
        """Return the polygon (n, 2) of coordinates (S,); n = 0 when it has no area."""
        points = values[:len(values) // 2 * 2].reshape(-1, 2)
        if len(points) == 2 and self.two_points_as_box:
            (x, y), (width, height) = points
            return np.array([[x, y], [x, y + height], [x + width, y + height],
                             [x + width, y]])
        return points if len(points) > 2 else points[:0]

    def write(self, predictions: Sequence[InstanceData], values: Sequence[Tensor],
              geometry: Geometry) -> None:
        """Add ``masks`` (1, H0, W0), ``canvas_polygons`` and, if it lacks, ``bboxes``.

        ``canvas_polygons`` has one array (n, 2) in canvas pixels.
        """
        corners = torch.zeros(len(predictions), 4)
        for i, (prediction, pixels) in enumerate(zip(predictions, values, strict=True)):
            polygon = self.polygon(pixels.numpy())
            if len(polygon):
                corners[i] = torch.tensor([*polygon.min(0), *polygon.max(0)])
            own = geometry.select(i)
            on_image = own.points_to_image(torch.from_numpy(polygon))
            width, height = own.original_size.long().tolist()
            mask = decode_polygons([on_image.flatten().tolist()], height, width)
            prediction.masks = torch.from_numpy(mask[None])
            prediction.canvas_polygons = [polygon]
        if 'bboxes' not in predictions[0]:
            write_boxes(predictions, corners, geometry)


def write_boxes(predictions: Sequence[InstanceData], bboxes: Tensor,
                geometry: Geometry) -> None:
    """Add ``bboxes`` (1, 4) to B predictions, given in canvas pixels as (B, 4) xyxy."""
    corners = bboxes.unflatten(1, (2, 2))
    on_image = geometry.points_to_image(corners, clip=True).flatten(1)
    for prediction, bbox in zip(predictions, on_image, strict=True):
        prediction.bboxes = bbox[None]


@TASK_UTILS.register_module()
class MostProbable:
    """The most probable token."""

    def __call__(self, logits: Tensor) -> Tensor:
        """Return tokens (B, 1) for logits (B, K)."""
        return logits.argmax(-1, keepdim=True)


@TASK_UTILS.register_module()
class NucleusSample:
    """A random one of the most probable tokens that together reach a probability.

    The token that reaches the probability is among them. Draws come from torch's
    generator, so two calls differ.

    Args:
        top_p: the probability, above 0 and at most 1; close to 0 is ``MostProbable``.

    Source: Zhu et al., "SeqTR", ECCV 2022, an option that no published run uses.
    """

    def __init__(self, top_p: float) -> None:
        if not 0 < top_p <= 1:
            raise ValueError(f'top_p lies above 0 and is at most 1, not {top_p}')
        self.top_p = top_p

    def __call__(self, logits: Tensor) -> Tensor:
        """Return tokens (B, 1) for logits (B, K)."""
        probabilities, order = logits.float().softmax(-1).sort(-1, descending=True)
        before = probabilities.cumsum(-1) - probabilities
        kept = probabilities.masked_fill(before > self.top_p, 0.0)
        return order.gather(1, torch.multinomial(kept, 1))
