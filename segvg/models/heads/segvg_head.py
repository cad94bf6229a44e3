"""SegVG's head: a box query and mask queries, supervised at every decoder layer."""
from typing import Any, NamedTuple, Optional

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor, nn

from segvg.models.heads.mask_branches import QueryMaskBranch
from segvg.models.heads.targets import single_boxes, single_targets
from segvg.models.layers import MLP, DecoderLayer, add_position, init_matrices
from segvg.models.losses import MaskTerms, process_mean
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, GroundingDataSample
from segvg.structures.geometry import Geometry
from segvg.structures.packing import fetch


class SegVGOutputs(NamedTuple):
    """Predictions of D decoder layers.

    Attributes:
        boxes: (D, B, 4) cxcywh in [0, 1] of the canvas.
        mask_logits: (D, Q, B, h, w) of Q mask queries, None without mask branch.
    """
    boxes: Tensor
    mask_logits: Optional[Tensor]


def mask_confidence(probs: Tensor, size: tuple[int, int], threshold: float) -> Tensor:
    """Return the mean (B,) of the enlarged probabilities (B, h, w) >= threshold.

    A mask without such a pixel has confidence 0 (the published code divides by zero).
    """
    probs = F.interpolate(probs[:, None], size=size, mode='bilinear',
                          align_corners=False).flatten(1)
    counted = (probs >= threshold).to(probs.dtype)
    return (probs * counted).sum(1) / counted.sum(1).clamp(min=1)


@MODELS.register_module()
class SegVGHead(BaseModule):
    """Decoder, box branch and mask branch of SegVG.

    Query 0 regresses the box. The others predict the target as a mask, at every layer.
    How well they cover it weights the box and dice losses (the focal factor); at test
    the first of them gives the confidence.

    Args:
        loss_box: config of the box loss.
        channels: C of queries and memory.
        num_layers: decoder layers, all supervised with equal weight.
        heads: attention heads.
        hidden: width of the feed-forward blocks.
        dropout: in the decoder, also on the weights of its self-attention.
        loss_mask: config of the mask loss; None: no masks, every factor is 1.
        factor_gamma: exponent of the focal factor 1 + (1 - coverage) ** gamma.
        detach_factor: treat the factor as a constant; the published code passes the
            gradients of the weighted losses through it.
        confidence_threshold: probabilities below are left out of the confidence.
        predict_masks: add ``soft_masks`` and, at 0.5, ``masks`` to the predictions.
        init_cfg: mmengine's.

    Source: Kang et al., "SegVG", ECCV 2024, multi-layer multi-task decoder.
    """

    def __init__(self,
                 loss_box: dict,
                 channels: int = 256,
                 num_layers: int = 6,
                 *,
                 heads: int = 8,
                 hidden: int = 2048,
                 dropout: float = 0.1,
                 loss_mask: Optional[dict] = None,
                 factor_gamma: float = 2.0,
                 detach_factor: bool = False,
                 confidence_threshold: float = 0.35,
                 predict_masks: bool = False,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.factor_gamma = factor_gamma
        self.detach_factor = detach_factor
        self.confidence_threshold = confidence_threshold
        self.predict_masks = predict_masks
        self.layers = nn.ModuleList(
            DecoderLayer(channels, heads, hidden, dropout=dropout,
                         attention_dropout=dropout, cross_attention_dropout=0.0,
                         pre_norm=True) for _ in range(num_layers))
        self.norm = nn.LayerNorm(channels)
        self.box = MLP(channels, channels, channels, 4)
        self.loss_box = MODELS.build(loss_box)
        self.loss_mask = MODELS.build(loss_mask) if loss_mask else None
        self.mask: Any = QueryMaskBranch(channels) if loss_mask else None
        init_matrices(self.layers)

    def decode(self, fused: FusedFeatures) -> Tensor:
        """Return the normalised queries (D, B, Q, C) after every layer."""
        memory = fused.memory
        keys = add_position(memory.feats, memory.pos)
        queries, states = fused.queries, []
        for layer in self.layers:
            queries = layer(queries, memory.feats, keys, memory.padding_mask,
                            fused.query_pos)
            states.append(queries)
        return self.norm(torch.stack(states))

    def _mask_logits(self, states: Tensor, fused: FusedFeatures) -> Tensor:
        """Return (D, Q, B, h, w) for the mask queries in states (D, B, 1 + Q, C)."""
        image = fused.image
        logits = self.mask(states[:, :, 1:].transpose(1, 2), image)
        return logits.unflatten(-1, fused.grid)

    def forward(self, fused: FusedFeatures) -> SegVGOutputs:
        """Return boxes and mask logits of all decoder layers."""
        states = self.decode(fused)
        boxes = self.box(states[:, :, 0]).float().sigmoid()
        return SegVGOutputs(
            boxes, None if self.mask is None else self._mask_logits(states, fused))

    def loss(self, fused: FusedFeatures,
             data_samples: list[GroundingDataSample]) -> dict[str, Tensor]:
        """Return ``loss_bbox, loss_giou`` and, with masks, ``loss_focal, loss_dice``.

        All are sums over layers and queries, divided by the number of samples, the
        mean of that of all processes.
        """
        targets = single_boxes(data_samples, 'canvas', fused.canvas_shape)
        masks = None
        if self.loss_mask is not None:
            masks = single_targets(data_samples, 'target_masks')
        return self.loss_by_targets(self(fused), targets, masks)

    def loss_by_targets(self, outputs: SegVGOutputs, boxes: Tensor,
                        masks: Optional[Tensor]) -> dict[str, Tensor]:
        """Return the losses against boxes (B, 4), normalised, and masks (B, H, W)."""
        count = process_mean(len(boxes), boxes.device)
        if self.loss_mask is None:
            return self.loss_box(outputs.boxes, boxes, 1.0, count)
        assert outputs.mask_logits is not None  # there is a mask branch
        # One layer at a time: all of them at full size would not fit on a GPU.
        layers = [self.loss_mask.terms(logits, masks) for logits in outputs.mask_logits]
        terms = MaskTerms(*(torch.stack(values) for values in zip(*layers)))
        factor = self.focal_factor(terms.coverage)  # (D, Q, B)
        losses = self.loss_box(outputs.boxes, boxes, factor.mean(1), count)
        losses.update(self.loss_mask(terms, factor, count))
        return losses

    def focal_factor(self, coverage: Tensor) -> Tensor:
        """Return 1 + (1 - coverage) ** gamma: a target badly covered weighs more."""
        factor = 1 + (1 - coverage)**self.factor_gamma
        return factor.detach() if self.detach_factor else factor

    def predict(self, fused: FusedFeatures,
                data_samples: list[GroundingDataSample]) -> list[GroundingDataSample]:
        """Write ``pred_instances``: the last layer's box with its confidence.

        Without mask branch the score is 1. With ``predict_masks`` also ``soft_masks``
        (1, H0, W0) in [0, 1] and ``masks`` (1, H0, W0) bool.
        """
        return self.write(self.answer(fused), fused.canvas_shape, data_samples)

    def answer(self, fused: FusedFeatures) -> dict[str, Tensor]:
        """Return what an exported graph gives.

        ``boxes`` (B, 1, 4) cxcywh in [0, 1] of the canvas and, with a mask branch,
        their ``scores`` (B, 1) and ``masks`` (B, 1, h, w), probabilities.
        """
        # Only the last layer and the first mask query are needed here.
        states = self.decode(fused)[-1:, :, :2]
        found = dict(boxes=self.box(states[0, :, :1]).float().sigmoid())
        if self.mask is not None:
            probs = self._mask_logits(states, fused)[0, 0].float().sigmoid()
            found.update(masks=probs[:, None], scores=mask_confidence(
                probs, fused.canvas_shape, self.confidence_threshold)[:, None])
        return found

    def write(self, answer: dict[str, Tensor], canvas_shape: tuple[int, int],
              data_samples: list[GroundingDataSample]) -> list[GroundingDataSample]:
        """Write what ``answer`` returned for B samples as ``pred_instances``."""
        geometry = Geometry.from_samples(data_samples, canvas_shape)
        bboxes = geometry.boxes_to_image(answer['boxes'], 'canvas')
        scores = answer.get('scores', bboxes.new_ones(len(bboxes), 1))
        soft: list[Tensor] = []
        if self.predict_masks and 'masks' in answer:
            soft = list(geometry.masks_to_image(answer['masks']))
        bboxes, scores, *soft = fetch([bboxes, scores, *soft])
        for i, sample in enumerate(data_samples):
            sample.pred_instances = InstanceData(bboxes=bboxes[i], scores=scores[i])
            if soft:
                sample.pred_instances.soft_masks = soft[i]
                sample.pred_instances.masks = soft[i] > 0.5
        return data_samples
