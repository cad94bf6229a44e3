"""Boxes as masks: a second task for heads that learn from boxes alone."""
from typing import Any, Optional, Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor

from segvg.models.heads.mask_branches import QueryMaskBranch
from segvg.models.heads.targets import single_targets
from segvg.models.losses import process_mean, zero_loss
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, GroundingDataSample


def filled_boxes(bboxes: Tensor, shape: tuple[int, int]) -> Tensor:
    """Return boxes (N, 4) xyxy as masks (N, H, W), 1 inside and 0 outside.

    As in SegVG all four sides are cut to whole pixels and the end is exclusive; a box
    thinner than a pixel can give an empty mask. The pixels are those of the boxes.
    """
    x1, y1, x2, y2 = bboxes.clamp(min=0).floor()[..., None].unbind(1)  # each (N, 1)
    rows = torch.arange(shape[0], device=bboxes.device)
    columns = torch.arange(shape[1], device=bboxes.device)
    down = (rows >= y1) & (rows < y2)
    across = (columns >= x1) & (columns < x2)
    return (down[:, :, None] & across[:, None]).float()


@MODELS.register_module()
class BoxMaskAuxiliary(BaseModule):
    """Queries also predict the box of their target as a mask; in training only.

    A query that regresses a box gets a gradient of four numbers. As a mask the same box
    says of every image token whether it belongs to the target. The branch gives one
    logit for each pair of a query and an image token; it needs no annotated masks and
    is not used at test. ``auxiliary`` of ``BoxHead``, ``PhraseHead``, ``SetBoxHead``
    and ``SequenceHead`` takes it, and heads derived from them.

    Args:
        channels: C of queries and image tokens.
        weight: factor of its two losses.
        loss_mask: config of the loss; None: ``FocalDiceLoss``, as SegVG has it.
        init_cfg: mmengine's.

    Source: Kang et al., "SegVG", ECCV 2024, whose mask queries are separate ones and
    also weight the box loss.
    """

    def __init__(self, channels: int = 256, *, weight: float = 1.0,
                 loss_mask: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.weight = weight
        self.mask = QueryMaskBranch(channels)
        self.loss_mask: Any = MODELS.build(loss_mask or dict(type='FocalDiceLoss'))

    def forward(self, queries: Tensor, image: Tensor,
                grid: tuple[int, int]) -> Tensor:
        """Return logits (D, N, h, w) of queries (D, N, C), image tokens (N, h * w, C).
        """
        return self.mask(queries, image).unflatten(-1, grid)

    def loss(self, queries: Tensor, bboxes: Tensor, fused: FusedFeatures,
             batch: Optional[Tensor] = None,
             targets: Optional[Tensor] = None) -> dict[str, Tensor]:
        """Return ``loss_box_focal`` and ``loss_box_dice``.

        Both are sums over the D sets of queries, divided by the number of targets, the
        mean of that of all processes.

        Args:
            queries: (D, N, C), of D decoder layers.
            bboxes: (T, 4) xyxy of the targets, in pixels of the canvas.
            fused: features of B expressions.
            batch: (D, N) int64, the expression of each query; None: N is B.
            targets: (D, N) int64, the target of each query; None: N is T.
        """
        count = process_mean(len(bboxes), bboxes.device)
        if not len(bboxes):  # other processes may have some
            nothing = zero_loss(self)
            return dict(loss_box_focal=nothing, loss_box_dice=nothing)
        masks = filled_boxes(bboxes, fused.canvas_shape)
        focal, dice = [], []
        # One layer at a time: all of them at full size would not fit on a GPU.
        for layer, own in enumerate(queries):
            image = fused.image if batch is None else fused.image[batch[layer]]
            logits = self(own[None], image, fused.grid)
            terms = self.loss_mask.terms(
                logits, masks if targets is None else masks[targets[layer]])
            losses = self.loss_mask(terms, 1.0, count)
            focal.append(losses['loss_focal'])
            dice.append(losses['loss_dice'])
        return dict(loss_box_focal=self.weight * torch.stack(focal).sum(),
                    loss_box_dice=self.weight * torch.stack(dice).sum())


def auxiliary_losses(auxiliary: Optional[BoxMaskAuxiliary], queries: Tensor,
                     fused: FusedFeatures,
                     data_samples: Sequence[GroundingDataSample]) -> dict[str, Tensor]:
    """Return the losses of B expressions with one target each; without a part none.

    Args:
        auxiliary: the part of a head, or None.
        queries: (D, B, C).
        fused: features of B expressions.
        data_samples: B samples.
    """
    if auxiliary is None:
        return {}
    return auxiliary.loss(queries, single_targets(data_samples, 'bboxes'), fused)
