"""ReLA's head: one mask for all that is meant, or "nothing is"."""
from typing import Sequence

import torch
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor

from segvg.models.heads.segvg_head import masks_to_image
from segvg.models.heads.set_box_head import gt_masks
from segvg.models.losses.region_loss import RegionOutputs
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, GroundingDataSample


def target_masks(data_samples: Sequence[GroundingDataSample],
                 canvas_shape: tuple[int, int]) -> Tensor:
    """Return the union (B, H, W) bool of each expression's targets."""
    return torch.stack([gt_masks(sample, canvas_shape).any(0)
                        for sample in data_samples])


def mask_bounds(mask: Tensor) -> Tensor:
    """Return the box (4,) xyxy around a mask (H, W) bool; zeros if it is empty."""
    rows, columns = mask.any(1).nonzero()[:, 0], mask.any(0).nonzero()[:, 0]
    if not len(rows):
        return mask.new_zeros(4, dtype=torch.float32)
    edges = [columns[0], rows[0], columns[-1] + 1, rows[-1] + 1]
    return torch.stack(edges).float()


@MODELS.register_module()
class RegionHead(BaseModule):
    """A region decoder, its loss, and one mask for all targets together.

    Args:
        decoder: config of the decoder.
        loss_region: config of the loss.
        init_cfg: mmengine's.

    Source: Liu et al., "GRES", CVPR 2023.
    """

    def __init__(self, decoder: dict, loss_region: dict,
                 init_cfg: dict | None = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.decoder = MODELS.build(decoder)
        self.loss_region = MODELS.build(loss_region)

    def forward(self, fused: FusedFeatures) -> RegionOutputs:
        """Return the logits of B expressions."""
        *levels, fine = fused.maps
        return self.decoder(levels, fine, fused.words)

    def loss(self, fused: FusedFeatures,
             data_samples: list[GroundingDataSample]) -> dict[str, Tensor]:
        """Return ``loss_mask``, ``loss_minimap`` and ``loss_no_target``."""
        outputs = self(fused)
        targets = target_masks(data_samples, fused.canvas_shape)
        empty = torch.tensor([not len(sample.gt_instances.bboxes)
                              for sample in data_samples], device=targets.device)
        return self.loss_region(outputs, targets, empty)

    def predict(self, fused: FusedFeatures,
                data_samples: list[GroundingDataSample]) -> list[GroundingDataSample]:
        """Write ``no_target_score`` and ``pred_instances`` with one mask.

        The mask is drawn also where the answer is "none", since metrics count its
        pixels. ``bboxes`` is the box around the whole mask, whatever it is of.
        ``canvas_masks`` (1, H, W) is the mask at the size that the network saw.
        """
        masks, _, no_target = (values.float() for values in self(fused))
        logits = masks[:, 1:] - masks[:, :1]
        scores = (no_target[:, 1] - no_target[:, 0]).sigmoid()
        for sample, logit, score in zip(data_samples, logits, scores, strict=True):
            on_image = masks_to_image(logit, fused.canvas_shape, sample.metainfo) > 0
            on_canvas = torch.nn.functional.interpolate(
                logit[None], size=fused.canvas_shape, mode='bilinear',
                align_corners=False)[0] > 0
            sample.set_data(dict(no_target_score=score))
            sample.pred_instances = InstanceData(
                bboxes=mask_bounds(on_image[0])[None], scores=1 - score[None],
                masks=on_image, canvas_masks=on_canvas)
        return data_samples
