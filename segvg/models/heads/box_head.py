"""TransVG's head: one box from one query."""
from typing import Any, Optional

from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor

from segvg.models.heads.box_mask import auxiliary_losses
from segvg.models.heads.targets import single_boxes
from segvg.models.layers import MLP
from segvg.models.losses import process_mean
from segvg.registry import MODELS
from segvg.structures import FusedFeatures, GroundingDataSample
from segvg.structures.geometry import Geometry
from segvg.structures.packing import fetch


@MODELS.register_module()
class BoxHead(BaseModule):
    """One box from the first query of the fused features (TransVG's head).

    Args:
        loss_box: config of the box loss.
        channels: C of the queries.
        auxiliary: config of a second task in training, ``BoxMaskAuxiliary``, or none.
        init_cfg: mmengine's.

    Source: Deng et al., "TransVG", ICCV 2021, prediction head on the [REG] token.
    """

    def __init__(self,
                 loss_box: dict,
                 channels: int = 256,
                 *,
                 auxiliary: Optional[dict] = None,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.box = MLP(channels, channels, channels, 4)
        self.loss_box = MODELS.build(loss_box)
        self.auxiliary: Any = MODELS.build(auxiliary) if auxiliary else None

    def forward(self, fused: FusedFeatures) -> Tensor:
        """Return boxes (B, 1, 4), cxcywh in [0, 1] of the canvas."""
        return self.box(self.queries(fused)).float().sigmoid()

    @staticmethod
    def queries(fused: FusedFeatures) -> Tensor:
        """Return the query (B, 1, C) of each expression."""
        if fused.queries is None:
            raise ValueError('BoxHead reads a query, but the fusion gives none: set '
                             'num_learned_tokens=1 of JointEncoder')
        return fused.queries[:, :1]

    def loss(self, fused: FusedFeatures,
             data_samples: list[GroundingDataSample]) -> dict[str, Tensor]:
        """Return ``loss_bbox`` and ``loss_giou`` against the one target of each.

        With an auxiliary also its losses.
        """
        boxes = self(fused)[:, 0]
        targets = single_boxes(data_samples, 'canvas', fused.canvas_shape)
        count = process_mean(len(boxes), boxes.device)
        losses = self.loss_box(boxes, targets, 1.0, count)
        losses.update(auxiliary_losses(
            self.auxiliary, self.queries(fused).transpose(0, 1), fused, data_samples))
        return losses

    def predict(self, fused: FusedFeatures,
                data_samples: list[GroundingDataSample]) -> list[GroundingDataSample]:
        """Write ``pred_instances`` with one box; its score is always 1."""
        return self.write(self.answer(fused), fused.canvas_shape, data_samples)

    def answer(self, fused: FusedFeatures) -> dict[str, Tensor]:
        """Return ``boxes`` (B, 1, 4), what an exported graph gives."""
        return dict(boxes=self(fused))

    @staticmethod
    def write(answer: dict[str, Tensor], canvas_shape: tuple[int, int],
              data_samples: list[GroundingDataSample]) -> list[GroundingDataSample]:
        """Write what ``answer`` returned for B samples as ``pred_instances``."""
        geometry = Geometry.from_samples(data_samples, canvas_shape)
        boxes, = fetch([geometry.boxes_to_image(answer['boxes'], 'canvas')])
        for sample, bboxes in zip(data_samples, boxes):
            sample.pred_instances = InstanceData(
                bboxes=bboxes, scores=bboxes.new_ones(len(bboxes)))
        return data_samples
