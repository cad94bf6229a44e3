"""RefTR's head: a box, and with a mask branch a mask, for every phrase."""
from typing import Any, NamedTuple, Optional, Sequence

import torch
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor, nn

from segvg.models.heads.mask_branches import MasksOf, masks_of_all
from segvg.models.heads.targets import gt_masks
from segvg.models.layers import MLP, QueryDecoder
from segvg.models.losses import process_mean, zero_loss
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, GroundingDataSample
from segvg.structures.boxes import enclosing_box
from segvg.structures.geometry import Geometry
from segvg.structures.packing import fetch, whole_numbers


class PhraseOutputs(NamedTuple):
    """Predictions of the D decoder layers, R for each phrase.

    Attributes:
        boxes: (D, B, P, R, 4) cxcywh in [0, 1] of the image without padding.
        states: (D, B, P, R, C), the normalised queries.
    """
    boxes: Tensor
    states: Tensor


class PhraseTargets(NamedTuple):
    """The N phrases of a batch that have a target.

    Attributes:
        batch: (N,) int64, the expression of each.
        phrase: (N,) int64, its index within the expression.
        boxes: (N, 4) cxcywh in [0, 1] of the image without padding.
        bboxes: (N, 4) xyxy in pixels of the canvas, for an auxiliary.
    """
    batch: Tensor
    phrase: Tensor
    boxes: Tensor
    bboxes: Optional[Tensor] = None


def phrases_of(sample: GroundingDataSample) -> list[list[int]]:
    """Return the targets of every phrase; a text without phrases is one phrase."""
    phrases = sample.get('phrases')
    if phrases:
        return [list(phrase['targets']) for phrase in phrases]
    return [list(range(len(sample.gt_instances.bboxes)))]


def _chosen(values: Tensor, targets: Sequence[int]) -> Tensor:
    """Return some of the values (T, ...); an index list would be copied to the device.
    """
    return torch.stack([values[number] for number in targets])


def phrase_targets(data_samples: Sequence[GroundingDataSample],
                   canvas_shape: Optional[tuple[int, int]] = None) -> PhraseTargets:
    """Return the phrases that have targets; of several the box around them counts."""
    batch, phrase = [], []
    found = [data_samples[0].gt_instances.bboxes.new_zeros((0, 4))]
    for number, sample in enumerate(data_samples):
        for position, targets in enumerate(phrases_of(sample)):
            if targets:
                batch.append(number)
                phrase.append(position)
                own = _chosen(sample.gt_instances.bboxes, targets)
                found.append(enclosing_box(own)[None])
    geometry = Geometry.from_samples(data_samples, canvas_shape).select(batch)
    bboxes = torch.cat(found)
    boxes = geometry.normalize_boxes(bboxes[:, None], 'image')[:, 0]
    index = whole_numbers([*batch, *phrase], boxes.device)
    return PhraseTargets(index[:len(batch)], index[len(batch):], boxes, bboxes)


def phrase_masks(data_samples: Sequence[GroundingDataSample],
                 canvas_shape: tuple[int, int]) -> Tensor:
    """Return the masks (N, H, W) of the phrases that have targets, each a union."""
    padded = gt_masks(data_samples, canvas_shape)
    return torch.cat([padded[0][:0]] + [
        _chosen(masks, targets).any(0, keepdim=True)
        for sample, masks in zip(data_samples, padded, strict=True)
        for targets in phrases_of(sample) if targets])


@MODELS.register_module()
class PhraseHead(BaseModule):
    """A decoder whose queries are phrases; boxes, and masks of the last layer.

    Args:
        loss_box: config of the box loss.
        channels: C of queries and memory.
        num_layers: D.
        queries_per_phrase: R, as the query encoder makes them; the first is predicted.
        heads: attention heads.
        hidden: width of the feed-forward blocks.
        dropout: in the decoder.
        supervise_all: give every layer a box loss, not the last alone.
        normalize_by: losses of boxes are divided by the number of ``'captions'``, as
            published, or of ``'phrases'``.
        mask_branch: config of a branch that makes masks.
        loss_mask: config of its loss.
        loss_energy: config of a further loss of the mask branch, or none.
        auxiliary: config of a second task in training, ``BoxMaskAuxiliary``, or none.
        init_cfg: mmengine's.

    Source: Li and Sigal, "Referring Transformer", NeurIPS 2021.
    """
    NORMALIZE_BY = ('captions', 'phrases')

    def __init__(self,
                 loss_box: dict,
                 channels: int = 256,
                 num_layers: int = 6,
                 *,
                 queries_per_phrase: int = 1,
                 heads: int = 8,
                 hidden: int = 2048,
                 dropout: float = 0.1,
                 supervise_all: bool = True,
                 normalize_by: str = 'captions',
                 mask_branch: Optional[dict] = None,
                 loss_mask: Optional[dict] = None,
                 loss_energy: Optional[dict] = None,
                 auxiliary: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        if normalize_by not in self.NORMALIZE_BY:
            raise ValueError(
                f'normalize_by is one of {self.NORMALIZE_BY}, not {normalize_by!r}')
        if (mask_branch is None) != (loss_mask is None):
            raise ValueError('mask_branch and loss_mask come together')
        self.queries_per_phrase = queries_per_phrase
        self.supervise_all = supervise_all
        self.normalize_by = normalize_by
        self.decoder = QueryDecoder(channels, num_layers, heads, hidden, dropout)
        self.box = MLP(channels, channels, channels, 4)
        # All boxes start in the middle, half as large as the image.
        for weight in self.box.layers[-1].parameters():
            nn.init.zeros_(weight)
        self.loss_box = MODELS.build(loss_box)
        self.mask: Any = MODELS.build(mask_branch) if mask_branch else None
        self.loss_mask: Any = MODELS.build(loss_mask) if loss_mask else None
        self.loss_energy: Any = MODELS.build(loss_energy) if loss_energy else None
        self.auxiliary: Any = MODELS.build(auxiliary) if auxiliary else None

    def forward(self, fused: FusedFeatures) -> PhraseOutputs:
        """Return the predictions of all layers."""
        states = self.decoder(fused.memory, fused.query_pos, fused.queries,
                              fused.query_padding_mask)
        states = states.unflatten(2, (-1, self.queries_per_phrase))
        return PhraseOutputs(self.box(states).float().sigmoid(), states)

    # -- training ----------------------------------------------------------------------

    def loss(self, fused: FusedFeatures,
             data_samples: list[GroundingDataSample]) -> dict[str, Tensor]:
        """Return ``loss_bbox`` and ``loss_giou``, summed over layers.

        With a mask branch also ``loss_mask`` and ``loss_dice``, with its further loss
        ``loss_energy``; with an auxiliary its losses.

        Raises:
            ValueError: no phrase of the batch, that of all processes, has a target.
        """
        masks = None
        if self.mask is not None:
            masks = phrase_masks(data_samples, fused.canvas_shape)
        targets = phrase_targets(data_samples, fused.canvas_shape)
        phrases = process_mean(len(targets.boxes), fused.memory.feats.device)
        if not len(targets.boxes) and not phrases:
            raise ValueError(
                'no phrase of the batch has a target, the first is of '
                f'{data_samples[0].get("text")!r} in {data_samples[0].get("img_path")}')
        outputs = self(fused)
        losses = self.loss_by_targets(fused, outputs, targets, masks)
        if self.auxiliary is not None:
            states = outputs.states if self.supervise_all else outputs.states[-1:]
            queries = states[:, targets.batch, targets.phrase]  # (D, N, R, C)
            queries = queries.movedim(2, 1).flatten(0, 1)  # (D * R, N, C)
            losses.update(self.auxiliary.loss(
                queries, targets.bboxes, fused,
                targets.batch.expand(len(queries), -1)))
        return losses

    def box_losses(self, boxes: Tensor, targets: PhraseTargets) -> dict[str, Tensor]:
        """Return the losses of boxes (D, B, P, R, 4), of all queries of a phrase."""
        count = boxes.shape[1] if self.normalize_by == 'captions' else len(
            targets.boxes)
        return self.loss_box(boxes[:, targets.batch, targets.phrase],
                             targets.boxes[:, None], 1.0,
                             process_mean(count * boxes.shape[3], boxes.device))

    def loss_by_targets(self, fused: FusedFeatures, outputs: PhraseOutputs,
                        targets: PhraseTargets,
                        masks: Optional[Tensor] = None) -> dict[str, Tensor]:
        """Return the losses against targets and their masks (N, H, W)."""
        boxes = outputs.boxes if self.supervise_all else outputs.boxes[-1:]
        losses = self.box_losses(boxes, targets)
        if self.mask is None:
            return losses
        assert masks is not None  # loss makes them
        losses.update(self.mask_losses(fused, outputs, targets, masks))
        return losses

    def mask_losses(self, fused: FusedFeatures, outputs: PhraseOutputs,
                    targets: PhraseTargets, masks: Tensor) -> dict[str, Tensor]:
        """Return the losses of the masks of the last layer against masks (N, H, W)."""
        count = process_mean(len(masks), masks.device)
        if not len(masks):  # other processes have some
            nothing = zero_loss(self.mask)
            losses = dict(loss_mask=nothing, loss_dice=nothing)
            if self.loss_energy is not None:
                losses['loss_energy'] = zero_loss(self.loss_energy)
            return losses
        states = outputs.states[-1, targets.batch, targets.phrase, 0]
        features = self.mask.features(states, targets.batch, fused)
        losses = self.loss_mask(self.mask.out(features)[:, 0], masks, count)
        if self.loss_energy is not None:
            losses['loss_energy'] = self.loss_energy(states, features, count)
        return losses

    # -- test --------------------------------------------------------------------------

    def predict(self, fused: FusedFeatures,
                data_samples: list[GroundingDataSample]) -> list[GroundingDataSample]:
        """Write ``pred_instances``: a box, and a mask, for every phrase.

        Boxes may reach beyond the image, as published. Scores are 1; of a caption with
        phrases ``phrase_scores`` (Q, P) is 1 for a box and its own phrase, else 0.
        ``canvas_masks`` (Q, h, w) are the masks at the size that the network saw.
        """
        outputs = self(fused)

        def masks_of(batch: Tensor, phrases: Tensor) -> Tensor:
            return self.mask(outputs.states[-1, batch, phrases, 0], batch, fused)

        return self.write(dict(boxes=outputs.boxes[-1, :, :, 0]), fused.canvas_shape,
                          data_samples, masks_of)

    def answer(self, fused: FusedFeatures) -> dict[str, Tensor]:
        """Return what an exported graph gives.

        ``boxes`` (B, P, 4) cxcywh in [0, 1] of the image and, with a mask branch,
        ``masks`` (B, P, h, w), logits.
        """
        outputs = self(fused)
        found = dict(boxes=outputs.boxes[-1, :, :, 0])
        if self.mask is not None:
            found['masks'] = masks_of_all(self.mask, outputs.states[-1, :, :, 0], fused)
        return found

    def write(self, answer: dict[str, Tensor], canvas_shape: tuple[int, int],
              data_samples: list[GroundingDataSample],
              masks_of: Optional[MasksOf] = None) -> list[GroundingDataSample]:
        """Write what ``answer`` returned for B samples.

        Args:
            answer: see there.
            canvas_shape: (H, W) of the canvas.
            data_samples: B samples.
            masks_of: makes the mask logits (N, h, w) of N phrases; None: they are in
                the answer.
        """
        geometry = Geometry.from_samples(data_samples, canvas_shape)
        bboxes = geometry.boxes_to_image(answer['boxes'], 'image',
                                         clip=False)  # (B, P, 4)
        counts = [len(sample.get('phrases') or [None]) for sample in data_samples]
        masks: list[Tensor] = []
        if self.mask is not None:
            device = bboxes.device
            batch = whole_numbers([number for number, count in enumerate(counts)
                                   for _ in range(count)], device)
            phrase = torch.cat([torch.arange(count, device=device)
                                for count in counts])
            logits = (masks_of or (lambda *index: answer['masks'][index]))(
                batch, phrase).float().split(counts)
            masks = [on_image > 0 for on_image in geometry.masks_to_image(logits)]
            masks += [seen.sigmoid() > 0.5
                      for seen in geometry.masks_to_network(logits)]
        bboxes, *masks = fetch([bboxes, *masks])
        for i, (sample, count) in enumerate(zip(data_samples, counts, strict=True)):
            prediction = InstanceData(bboxes=bboxes[i, :count],
                                      scores=bboxes.new_ones(count))
            if sample.get('phrases'):
                prediction.phrase_scores = torch.eye(count)
            if masks:
                prediction.masks = masks[i]
                prediction.canvas_masks = masks[len(data_samples) + i]
            sample.pred_instances = prediction
        return data_samples
