"""InstanceVG's head: boxes and masks of instances, one mask of all, or "nothing"."""
from typing import NamedTuple, Optional

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor, nn

from segvg.models.heads.targets import gt_boxes, gt_masks
from segvg.models.heads.word_point_queries import WordPointQueries, WordPointStart
from segvg.models.layers import MLP
from segvg.models.layers.deformable_decoder import (
    DeformableDecoderLayer,
    inverse_sigmoid,
)
from segvg.models.losses.instance_loss import InstanceOutputs, enlarge
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, GroundingDataSample
from segvg.structures.geometry import Geometry
from segvg.structures.packing import fetch


class DecodedQueries(NamedTuple):
    """Queries after D layers.

    Attributes:
        states: (D, B, Q, C).
        reference: (B, Q, 2), x, y around which they look, maybe beyond 1.
    """
    states: Tensor
    reference: Tensor


@MODELS.register_module()
class InstanceHead(BaseModule):
    """Queries that start from words and points become instances.

    Every layer predicts classes and boxes by the same two layers; masks are products of
    the last states with the mask features. Apart from the queries there is a mask of
    all targets together, and two logits that say whether there is a target.

    Args:
        loss_instance: config of the loss with its matcher.
        channels: C of memory, words and maps.
        num_queries: Q.
        num_layers: D.
        heads: attention heads.
        hidden: width of the feed-forward blocks of the decoder.
        start_hidden: width of that of the query start.
        levels: number of maps besides the mask features.
        points: locations per head and level.
        dropout: in the query start and the decoder.
        distance_weight: how much the starting points avoid each other.
        start_at_points: initialize so that queries first look at their points and
            predict boxes there. As published they first look half an image further,
            and those that look beyond the image learn slowly.
        weigh_by_existence: multiply the scores of queries by the sigmoid of the first
            existence logit, as published.
        nearest_masks: enlarge masks to the original image after the decision about
            pixels, by nearest neighbour, as in the published demonstration; else
            logits are enlarged bilinearly.
        init_cfg: mmengine's.

    Source: Dai et al., "InstanceVG", TPAMI 2025.
    """
    AT_POINT = -5.0  # its sigmoid is nearly 0

    def __init__(self,
                 loss_instance: dict,
                 channels: int = 256,
                 num_queries: int = 10,
                 *,
                 num_layers: int = 3,
                 heads: int = 8,
                 hidden: int = 1024,
                 start_hidden: int = 512,
                 levels: int = 4,
                 points: int = 4,
                 dropout: float = 0.1,
                 distance_weight: float = 0.003,
                 start_at_points: bool = False,
                 weigh_by_existence: bool = True,
                 nearest_masks: bool = False,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.weigh_by_existence = weigh_by_existence
        self.nearest_masks = nearest_masks
        self.start = WordPointQueries(
            channels, num_queries, heads=heads, hidden=start_hidden, dropout=dropout,
            distance_weight=distance_weight)
        self.point_pos = nn.Linear(2, channels)
        self.reference = nn.Linear(channels, 2)
        if start_at_points:
            nn.init.zeros_(self.reference.weight)
            nn.init.constant_(self.reference.bias, self.AT_POINT)
        self.layers = nn.ModuleList(
            DeformableDecoderLayer(channels, heads, hidden, levels, points,
                                   dropout=dropout) for _ in range(num_layers))
        self.classify = nn.Linear(channels, 2)
        self.box = MLP(channels, channels, channels, 4)
        self.global_mask = nn.Conv2d(channels, 1, 1)
        self.existence = MLP(channels, channels, channels, 2)
        self.loss_instance = MODELS.build(loss_instance)

    def forward(self, fused: FusedFeatures) -> InstanceOutputs:
        """Return the predictions for B expressions."""
        assert fused.words is not None  # MaskPyramid sets them
        *levels, mask_features = fused.maps
        start = self.start(fused.words, fused.memory)
        states, reference = self.decode(start, levels[::-1])
        moves = self.box(states)  # (D, B, Q, 4)
        center = moves[..., :2] + inverse_sigmoid(reference)
        boxes = torch.cat([center, moves[..., 2:]], dim=-1).float().sigmoid()
        masks = torch.einsum('bqc,bchw->bqhw', states[-1], mask_features)
        return InstanceOutputs(
            self.classify(states), boxes, masks, self.global_mask(mask_features)[:, 0],
            self.existence(mask_features.flatten(2).transpose(1, 2)).mean(1),
            start.attention, start.points)

    def decode(self, start: WordPointStart, levels: list[Tensor]) -> DecodedQueries:
        """Return the queries after every layer.

        Args:
            start: where they start.
            levels: maps (B, C, h_i, w_i), finest first.
        """
        shapes = [(values.shape[-2], values.shape[-1]) for values in levels]
        tokens = torch.cat([values.flatten(2).transpose(1, 2) for values in levels], 1)
        pos = self.point_pos(start.points)
        reference = self.reference(pos).sigmoid() + start.points
        spread = reference[:, :, None].expand(-1, -1, len(levels), -1)
        queries, states = start.queries, []
        for layer in self.layers:
            queries = layer(queries, pos, spread, tokens, shapes)
            states.append(queries)
        return DecodedQueries(torch.stack(states), reference)

    def loss(self, fused: FusedFeatures,
             data_samples: list[GroundingDataSample]) -> dict[str, Tensor]:
        """Return the losses of ``InstanceLoss``."""
        return self.loss_instance(
            self(fused), gt_boxes(data_samples, 'canvas', fused.canvas_shape),
            gt_masks(data_samples, fused.canvas_shape))

    def scores(self, outputs: InstanceOutputs) -> Tensor:
        """Return how sure each query is of its object, (B, Q)."""
        scores = outputs.class_logits[-1].float().softmax(-1)[..., 0]
        if self.weigh_by_existence:
            scores = scores * outputs.existence[:, :1].float().sigmoid()
        return scores

    def predict(self, fused: FusedFeatures,
                data_samples: list[GroundingDataSample]) -> list[GroundingDataSample]:
        """Write ``pred_instances`` of all queries and what concerns all of them.

        ``global_mask`` (H0, W0) is that of all targets together, ``canvas_masks``
        (Q, H, W) and ``canvas_global_mask`` (H, W) are masks at the size that the
        network saw. The ``no_target_score`` is 1 minus the highest score of a query.
        A threshold decides which queries are the answer.
        """
        return self.write(self.answer(fused), fused.canvas_shape, data_samples)

    def answer(self, fused: FusedFeatures) -> dict[str, Tensor]:
        """Return the outputs of an exported graph.

        They are ``scores`` (B, Q), ``boxes`` (B, Q, 4) cxcywh in [0, 1] of the canvas,
        and two kinds of logits: ``masks`` (B, Q, h, w), and ``global_mask`` (B, h, w)
        of all targets together.
        """
        outputs = self(fused)
        return dict(scores=self.scores(outputs), boxes=outputs.boxes[-1],
                    masks=outputs.masks, global_mask=outputs.global_mask)

    def write(self, answer: dict[str, Tensor], canvas_shape: tuple[int, int],
              data_samples: list[GroundingDataSample]) -> list[GroundingDataSample]:
        """Write what ``answer`` returned into B samples; fields as in ``predict``."""
        geometry = Geometry.from_samples(data_samples, canvas_shape)
        bboxes = geometry.boxes_to_image(answer['boxes'], 'canvas')
        masks = torch.cat([answer['masks'], answer['global_mask'][:, None]], dim=1)
        logits = enlarge(masks, canvas_shape)  # (B, Q + 1, H, W)
        on_canvas = logits >= 0
        if self.nearest_masks:
            on_image = [nearest(masks, sample.ori_shape)
                        for masks, sample in zip(on_canvas, data_samples, strict=True)]
        else:
            on_image = [masks >= 0 for masks in geometry.masks_to_image(logits)]
        scores, bboxes, on_canvas, *on_image = fetch(
            [answer['scores'], bboxes, on_canvas, *on_image])
        for i, (sample, masks) in enumerate(zip(data_samples, on_image, strict=True)):
            sample.pred_instances = InstanceData(
                bboxes=bboxes[i], scores=scores[i], masks=masks[:-1],
                canvas_masks=on_canvas[i, :-1])
            sample.set_data(dict(
                global_mask=masks[-1], canvas_global_mask=on_canvas[i, -1],
                no_target_score=1 - scores[i].max()))
        return data_samples


def nearest(masks: Tensor, shape: tuple[int, int]) -> Tensor:
    """Return masks (M, H, W) bool at another size by nearest neighbour."""
    return F.interpolate(masks[None].float(), size=tuple(shape), mode='nearest')[0] > 0
