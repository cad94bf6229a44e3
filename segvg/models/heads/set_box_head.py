"""SiRi's head: parallel decoders that predict sets of boxes, matched with targets."""
import copy
from typing import Any, NamedTuple, Optional, Sequence

import torch
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor, nn

from segvg.models.heads.mask_branches import MasksOf, masks_of_all
from segvg.models.heads.targets import gt_boxes, gt_masks
from segvg.models.layers import MLP, QueryDecoder, grid_queries
from segvg.models.losses import zero_loss
from segvg.models.losses.set_loss import count_boxes
from segvg.models.task_utils import Matches, SetTargets
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, GroundingDataSample
from segvg.structures.geometry import Geometry
from segvg.structures.packing import fetch, true_positions


class SetOutputs(NamedTuple):
    """Predictions of the D layers of one decoder.

    Attributes:
        logits: (D, B, Q, A) of A classes, the last of them "no object".
        boxes: (D, B, Q, 4) cxcywh in [0, 1] of the image without padding.
        states: (D, B, Q, C), the normalised queries.
    """
    logits: Tensor
    boxes: Tensor
    states: Tensor

    def last(self) -> 'SetOutputs':
        """Return the predictions of the last layer alone, D = 1."""
        return SetOutputs(*(values[-1:] for values in self))

    @property
    def scores(self) -> Tensor:
        """Probability of an object by the last layer, (B, Q)."""
        return object_scores(self.logits[-1])


def object_scores(logits: Tensor) -> Tensor:
    """Return the probability of an object (B, Q) of logits (B, Q, A)."""
    return 1 - logits.float().softmax(-1)[..., -1]


@MODELS.register_module()
class SetBoxHead(BaseModule):
    """Decoders, classes and boxes; every layer of every decoder is supervised.

    The first decoder has learned queries, the others constant ones on a grid. All read
    the same memory and start from equal weights; each has a loss of its own.

    Args:
        loss_set: config of the loss with its matcher.
        channels: C of queries and memory.
        num_layers: D.
        num_queries: of the first decoder.
        num_decoders: 1 (SiRi) or more (multi-task SiRi).
        num_classes: A, "no object" included.
        heads: attention heads.
        hidden: width of the feed-forward blocks.
        dropout: in the decoders.
        supervise_all: give every layer a loss, not the last alone.
        predict_from: decoder that predicts at test: ``'last'``, as published,
            ``'first'``, or ``'best'``, the one with the highest score.
        mask_branch: config of a branch that makes masks for queries of the last
            decoder.
        loss_mask: config of its loss.
        mask_threshold: with masks, queries above this score are predicted, each with
            its mask; None: the best query alone.
        auxiliary: config of a second task of matched queries in training,
            ``BoxMaskAuxiliary``, or none.
        init_cfg: mmengine's.

    Source: Qu et al., "SiRi", ECCV 2022; Kamath et al., "MDETR", ICCV 2021.
    """
    PREDICT_FROM = ('last', 'first', 'best')

    def __init__(self,
                 loss_set: dict,
                 channels: int = 256,
                 num_layers: int = 6,
                 *,
                 num_queries: int = 16,
                 num_decoders: int = 1,
                 num_classes: int = 2,
                 heads: int = 8,
                 hidden: int = 2048,
                 dropout: float = 0.1,
                 supervise_all: bool = True,
                 predict_from: str = 'last',
                 mask_branch: Optional[dict] = None,
                 loss_mask: Optional[dict] = None,
                 mask_threshold: Optional[float] = None,
                 auxiliary: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        if predict_from not in self.PREDICT_FROM:
            raise ValueError(
                f'predict_from is one of {self.PREDICT_FROM}, not {predict_from!r}')
        if (mask_branch is None) != (loss_mask is None):
            raise ValueError('mask_branch and loss_mask come together')
        self.predict_from = predict_from
        self.supervise_all = supervise_all
        self.num_classes = num_classes
        self.mask_threshold = mask_threshold
        self.query_embed = nn.Embedding(num_queries, channels)
        if num_decoders > 1:
            self.grid: Tensor
            self.register_buffer('grid', grid_queries(channels), persistent=False)
            self.grid_norm = nn.LayerNorm(channels)
        # Equal at the start: only their queries differ.
        self.decoders, self.classify, self.box = (
            nn.ModuleList(copy.deepcopy(module) for _ in range(num_decoders))
            for module in (
                QueryDecoder(channels, num_layers, heads, hidden, dropout),
                nn.Linear(channels, num_classes),
                MLP(channels, channels, channels, 4)))
        self.loss_set = MODELS.build(loss_set)
        self.mask: Any = MODELS.build(mask_branch) if mask_branch else None
        self.loss_mask: Any = MODELS.build(loss_mask) if loss_mask else None
        self.auxiliary: Any = MODELS.build(auxiliary) if auxiliary else None

    def forward(self, fused: FusedFeatures) -> list[SetOutputs]:
        """Return the predictions of every decoder."""
        outputs = []
        for i, decoder in enumerate(self.decoders):
            query_pos = (self.query_embed.weight if i == 0
                         else self.grid_norm(self.grid))
            states = decoder(fused.memory, query_pos[None])
            boxes = self.box[i](states).float().sigmoid()
            outputs.append(SetOutputs(self.classify[i](states), boxes, states))
        return outputs

    # -- training ----------------------------------------------------------------------

    def positive_map(self, sample: GroundingDataSample) -> Tensor:
        """Return the right classes (T, A) of the targets of a sample: always the first.
        """
        boxes = sample.gt_instances.bboxes
        rows = boxes.new_zeros((len(boxes), self.num_classes))
        rows[:, 0] = 1
        return rows

    def targets_of(self, data_samples: Sequence[GroundingDataSample],
                   canvas_shape: tuple[int, int]) -> list[SetTargets]:
        """Return the targets of every sample; one may have none."""
        boxes = gt_boxes(data_samples, 'image', canvas_shape)
        return [SetTargets(own, self.positive_map(sample))
                for own, sample in zip(boxes, data_samples)]

    def loss(self, fused: FusedFeatures,
             data_samples: list[GroundingDataSample]) -> dict[str, Tensor]:
        """Return ``loss_ce, loss_bbox, loss_giou`` summed over layers and decoders.

        With a mask branch also ``loss_mask`` and ``loss_dice`` of the last layer, with
        an auxiliary its losses.
        """
        masks = None
        if self.mask is not None:
            masks = gt_masks(data_samples, fused.canvas_shape)
        targets = self.targets_of(data_samples, fused.canvas_shape)
        bboxes = None
        if self.auxiliary is not None:
            bboxes = torch.cat([sample.gt_instances.bboxes for sample in data_samples])
        return self.loss_by_targets(fused, self(fused), targets, masks, bboxes)

    def loss_by_targets(self, fused: FusedFeatures, outputs: Sequence[SetOutputs],
                        targets: Sequence[SetTargets],
                        masks: Optional[Sequence[Tensor]] = None,
                        bboxes: Optional[Tensor] = None) -> dict[str, Tensor]:
        """Return the losses against targets and masks, each (T, H, W) on the canvas.

        ``bboxes`` (all targets, 4) xyxy in pixels of the canvas are for the auxiliary.
        """
        num_boxes = count_boxes(targets, fused.memory.feats.device)
        losses: dict[str, Tensor] = {}
        if not self.supervise_all:
            outputs = [out.last() for out in outputs]
        for decoder in outputs:
            matches = self.loss_set.matcher(decoder.logits, decoder.boxes, targets)
            parts = self.loss_set(decoder.logits, decoder.boxes, targets, matches,
                                  num_boxes)
            parts.update(self.more_losses(fused, decoder, targets, matches, num_boxes))
            if self.auxiliary is not None:
                assert bboxes is not None  # loss makes them
                parts.update(self._auxiliary_losses(fused, decoder, matches, bboxes))
            for name, value in parts.items():
                losses[name] = losses.get(name, 0) + value
        if self.mask is not None:
            assert masks is not None  # loss makes them
            losses.update(self._mask_losses(
                fused, outputs[-1], matches.last(len(outputs[-1].logits)),
                torch.cat(list(masks)), num_boxes))
        return losses

    def _auxiliary_losses(self, fused: FusedFeatures, outputs: SetOutputs,
                          matches: Matches, bboxes: Tensor) -> dict[str, Tensor]:
        """Return the losses of the auxiliary for the matched queries of all layers."""
        pairs = Matches(*(index.view(len(outputs.logits), -1) for index in matches))
        queries = outputs.states[pairs.sets, pairs.batch, pairs.queries]  # (D, M, C)
        return self.auxiliary.loss(queries, bboxes, fused, pairs.batch, pairs.targets)

    def more_losses(self, fused: FusedFeatures, outputs: SetOutputs,
                    targets: Sequence[SetTargets], matches: Matches,
                    num_boxes: Tensor) -> dict[str, Tensor]:
        """Return further losses of one decoder, all its layers; none here."""
        return {}

    def _mask_losses(self, fused: FusedFeatures, outputs: SetOutputs, matches: Matches,
                     masks: Tensor, num_boxes: Tensor) -> dict[str, Tensor]:
        """Return the losses of the masks of matched queries of the last layer."""
        if not len(matches.batch):  # no target in the whole batch
            nothing = zero_loss(self.mask)
            return dict(loss_mask=nothing, loss_dice=nothing)
        queries = outputs.states[-1][matches.batch, matches.queries]
        logits = self.mask(queries, matches.batch, fused)
        return self.loss_mask(logits, masks[matches.targets], num_boxes)

    # -- test --------------------------------------------------------------------------

    def choose(self, outputs: Sequence[SetOutputs]) -> SetOutputs:
        """Return the predictions of the decoder that ``predict_from`` names."""
        if self.predict_from == 'first' or len(outputs) == 1:
            return outputs[0]
        if self.predict_from == 'last':
            return outputs[-1]
        best = torch.stack([out.scores.amax(1) for out in outputs]).argmax(0)  # (B,)
        rows = torch.arange(best.shape[0], device=best.device)
        return SetOutputs(*(torch.stack(values)[best, :, rows].transpose(0, 1)
                            for values in zip(*outputs, strict=True)))

    def predict(self, fused: FusedFeatures,
                data_samples: list[GroundingDataSample]) -> list[GroundingDataSample]:
        """Write ``pred_instances``: all queries, or those that get a mask.

        Boxes may reach beyond the image, as in the published evaluation. The
        ``no_target_score`` is 1 minus the highest score of a query.
        """
        outputs = self.choose(self(fused)).last()

        def masks_of(batch: Tensor, queries: Tensor) -> Tensor:
            return self.mask(outputs.states[-1, batch, queries], batch, fused)

        answer = dict(logits=outputs.logits[-1], boxes=outputs.boxes[-1])
        return self.write(answer, fused.canvas_shape, data_samples, masks_of)

    def answer(self, fused: FusedFeatures) -> dict[str, Tensor]:
        """Return what an exported graph gives.

        ``logits`` (B, Q, A), ``boxes`` (B, Q, 4) cxcywh in [0, 1] of the image and,
        with a mask branch, ``masks`` (B, Q, h, w), logits of all queries.
        """
        outputs = self.choose(self(fused))
        found = dict(logits=outputs.logits[-1], boxes=outputs.boxes[-1])
        if self.mask is not None:
            found['masks'] = masks_of_all(self.mask, outputs.states[-1], fused)
        return found

    def write(self, answer: dict[str, Tensor], canvas_shape: tuple[int, int],
              data_samples: list[GroundingDataSample],
              masks_of: Optional[MasksOf] = None) -> list[GroundingDataSample]:
        """Write what ``answer`` returned for B samples.

        Args:
            answer: see there.
            canvas_shape: (H, W) of the canvas.
            data_samples: B samples.
            masks_of: makes the mask logits (N, h, w) of N queries; None: they are in
                the answer.
        """
        geometry = Geometry.from_samples(data_samples, canvas_shape)
        bboxes = geometry.boxes_to_image(answer['boxes'], 'image', clip=False)
        scores = object_scores(answer['logits'])  # (B, Q)
        masks: list[Tensor] = []
        kept = torch.ones_like(scores, dtype=torch.bool)
        if self.mask is not None:
            kept, counts = self._choose_masks(scores)
            masks = self._masks(masks_of or (lambda batch, queries: answer['masks'][
                batch, queries]), kept, counts, geometry)
        bboxes, scores, kept, logits, *masks = fetch(
            [bboxes, scores, kept, answer['logits'], *masks])
        for i, sample in enumerate(data_samples):
            found = InstanceData(bboxes=bboxes[i], scores=scores[i],
                                 **self.more_fields(logits[i], sample))
            if masks:
                found = found[kept[i]]
                found.masks = masks[i]
            sample.pred_instances = found
            sample.no_target_score = 1 - scores[i].max()
        return data_samples

    def more_fields(self, logits: Tensor,
                    sample: GroundingDataSample) -> dict[str, Tensor]:
        """Return further fields (Q, ...) of a prediction (Q, A); none here."""
        return {}

    def _choose_masks(self, scores: Tensor) -> tuple[Tensor, list[int]]:
        """Return which queries get a mask, and how many of each expression.

        With a threshold the host waits until the device knows their number.

        Args:
            scores: (B, Q).
        """
        if self.mask_threshold is None:
            kept = torch.zeros_like(scores, dtype=torch.bool)
            kept.scatter_(1, scores.argmax(1, keepdim=True), True)
            return kept, [1] * len(scores)
        kept = scores > self.mask_threshold
        return kept, kept.sum(1).tolist()

    @staticmethod
    def _masks(masks_of: MasksOf, kept: Tensor, counts: list[int],
               geometry: Geometry) -> list[Tensor]:
        """Return for each expression the masks (N, H0, W0) bool of some queries.

        Args:
            masks_of: makes the mask logits (N, h, w) of N queries.
            kept: (B, Q) bool.
            counts: how many queries of each expression.
            geometry: of the B expressions.
        """
        logits = torch.zeros((0, 1, 1), device=kept.device)
        if sum(counts):
            chosen = true_positions(kept, sum(counts))
            logits = masks_of(chosen // kept.shape[1], chosen % kept.shape[1])
        return [masks.sigmoid() > 0.5 for masks in geometry.masks_to_image(
            logits.float().split(counts))]
