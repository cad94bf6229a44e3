"""Boxes from the parts of a mask, for models that predict none. An extension."""
import torch
from torch import Tensor

from segvg.evaluation.base import describe, get_prediction
from segvg.evaluation.generalized_boxes import GeneralizedBoxF1
from segvg.registry import METRICS
from segvg.structures.masks import mask_parts


@METRICS.register_module()
class MaskPartBoxF1(GeneralizedBoxF1):
    """``GeneralizedBoxF1`` of boxes around the connected parts of the predicted masks.

    No published method does this; it lets a model of masks, ReLA say, take part in
    GREC. Objects that touch become one box, an object in two pieces becomes two. Every
    part has the score of its mask. Names end in ``(mask parts)``.

    Args:
        min_pixels: parts with fewer pixels are left out.
        no_target_threshold: ``no_target_score`` above which no box is kept.
        score_threshold: masks with a lower score are left out.
        **kwargs: of ``GeneralizedBoxF1``.
    """

    def __init__(self, min_pixels: int = 16, no_target_threshold: float = 0.5,
                 score_threshold: float = 0.0, **kwargs) -> None:
        super().__init__(score_threshold, no_target_threshold=no_target_threshold,
                         **kwargs)
        self.min_pixels = min_pixels

    @property
    def ending(self) -> str:
        """What the names of the scores end in."""
        return f'{super().ending} (mask parts)'

    def predicted_boxes(self, sample: dict) -> tuple[Tensor, Tensor]:
        """Return boxes (P, 4) xyxy and scores (P,) of the parts of all masks."""
        prediction = get_prediction(sample)
        if 'masks' not in prediction:
            raise KeyError(f'{describe(sample)} has predictions without masks, whose '
                           f'parts {type(self).__name__} takes boxes from')
        masks = torch.as_tensor(prediction['masks']).bool().cpu().numpy()
        boxes = [torch.from_numpy(mask_parts(mask, self.min_pixels)[0])
                 for mask in masks]
        scores = torch.as_tensor(prediction['scores']).double().cpu()
        counts = torch.tensor([len(part) for part in boxes], dtype=torch.int64)
        return (torch.cat([*boxes, torch.zeros(0, 4, dtype=torch.float64)]),
                scores.repeat_interleave(counts))
