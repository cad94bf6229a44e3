"""ReLA's head: one mask for all that is meant, or "nothing is"."""
import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor

from segvg.models.heads.targets import union_masks
from segvg.models.losses.region_loss import RegionOutputs
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, GroundingDataSample
from segvg.structures.geometry import Geometry
from segvg.structures.masks import mask_bounds
from segvg.structures.packing import fetch, whole_numbers


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
        *levels, mask_features = fused.maps
        return self.decoder(levels, mask_features, fused.words)

    def loss(self, fused: FusedFeatures,
             data_samples: list[GroundingDataSample]) -> dict[str, Tensor]:
        """Return ``loss_mask``, ``loss_minimap`` and ``loss_no_target``."""
        outputs = self(fused)
        targets = union_masks(data_samples, fused.canvas_shape)
        empty = whole_numbers([not len(sample.gt_instances.bboxes)
                               for sample in data_samples], targets.device)
        return self.loss_region(outputs, targets, empty)

    def predict(self, fused: FusedFeatures,
                data_samples: list[GroundingDataSample]) -> list[GroundingDataSample]:
        """Write ``no_target_score`` and ``pred_instances`` with one mask.

        There is a mask also where the answer is "none", since metrics count its pixels.
        ``bboxes`` is the box around the whole mask, however many objects it covers.
        ``canvas_masks`` (1, H, W) is the mask at the size that the network saw.
        """
        return self.write(self.answer(fused), fused.canvas_shape, data_samples)

    def answer(self, fused: FusedFeatures) -> dict[str, Tensor]:
        """Return what an exported graph gives.

        ``masks`` (B, 2, h, w) and ``no_target`` (B, 2), logits of "no" and "yes".
        """
        masks, _, no_target = self(fused)
        return dict(masks=masks.float(), no_target=no_target.float())

    @staticmethod
    def write(answer: dict[str, Tensor], canvas_shape: tuple[int, int],
              data_samples: list[GroundingDataSample]) -> list[GroundingDataSample]:
        """Write what ``answer`` returned for B samples."""
        both, no_target = answer['masks'], answer['no_target']
        logits = F.interpolate(
            both[:, 1:] - both[:, :1], size=canvas_shape, mode='bilinear',
            align_corners=False)  # (B, 1, H, W)
        no_target_scores = (no_target[:, 1] - no_target[:, 0]).sigmoid()
        geometry = Geometry.from_samples(data_samples, canvas_shape)
        masks = [on_image > 0 for on_image in geometry.masks_to_image(logits)]
        bboxes = torch.stack([mask_bounds(mask) for mask in masks])
        no_target_scores, bboxes, on_canvas, *masks = fetch(
            [no_target_scores, bboxes, logits > 0, *masks])
        for i, (sample, mask) in enumerate(zip(data_samples, masks, strict=True)):
            sample.set_data(dict(no_target_score=no_target_scores[i]))
            sample.pred_instances = InstanceData(
                bboxes=bboxes[i], scores=1 - no_target_scores[i:i + 1], masks=mask,
                canvas_masks=on_canvas[i])
        return data_samples
