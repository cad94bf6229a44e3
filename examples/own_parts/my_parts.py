"""A head, a neck and a bbox-to-mask transform of your own, in a file of your own."""
import numpy as np
import torch
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor, nn

from segvg.datasets.transforms import BoxToMask
from segvg.models.heads.targets import single_boxes, single_targets
from segvg.registry import MODELS, TRANSFORMS
from segvg.structures import FusedFeatures, GroundingDataSample, Tokens
from segvg.structures.geometry import Geometry


@TRANSFORMS.register_module()
class CrossBoxMask(BoxToMask):
    """The middle row and the middle column of a box."""

    def make_masks(self, bboxes: np.ndarray,
                   canvas_shape: tuple[int, int]) -> np.ndarray:
        """Return masks (T, H, W) in [0, 1] of boxes (T, 4), xyxy canvas pixels."""
        masks = np.zeros((len(bboxes), *canvas_shape), dtype=np.float32)
        for mask, (x1, y1, x2, y2) in zip(masks, bboxes.astype(int)):
            mask[(y1 + y2) // 2, x1:x2] = 1
            mask[y1:y2, (x1 + x2) // 2] = 1
        return masks


@MODELS.register_module()
class SentenceGate(BaseModule):
    """Multiply every image token with the mean of the words."""

    def __init__(self, text_channels: int, channels: int) -> None:
        super().__init__()
        self.text = nn.Linear(text_channels, channels)

    def forward(self, text: Tokens, image: Tokens,
                canvas_shape: tuple[int, int]) -> FusedFeatures:
        """Fuse text (B, L, C_text) and image (B, h * w, C)."""
        words = (~text.padding_mask).unsqueeze(-1).float()
        sentence = self.text((text.feats * words).sum(1) / words.sum(1))
        gated = image._replace(feats=image.feats * sentence[:, None])
        return FusedFeatures(gated, slice(0, None), canvas_shape)


@MODELS.register_module()
class HeatHead(BaseModule):
    """A heat map over the image tokens, learned from masks; the box from its mean."""

    def __init__(self, channels: int, loss_mask: dict, loss_box: dict) -> None:
        super().__init__()
        self.heat = nn.Linear(channels, 1)
        self.box = nn.Linear(channels, 4)
        self.loss_mask = MODELS.build(loss_mask)
        self.loss_box = MODELS.build(loss_box)

    def forward(self, fused: FusedFeatures) -> tuple[Tensor, Tensor]:
        """Return boxes (B, 4), cxcywh in [0, 1], and logits (1, B, h, w)."""
        tokens = fused.image
        logits = self.heat(tokens).squeeze(-1)
        pooled = torch.einsum('bn,bnc->bc', logits.softmax(-1), tokens)
        return self.box(pooled).sigmoid(), logits.unflatten(1, fused.grid)[None]

    def loss(self, fused: FusedFeatures,
             data_samples: list[GroundingDataSample]) -> dict[str, Tensor]:
        """Return the losses of heat map and box."""
        boxes, logits = self(fused)
        targets = single_boxes(data_samples, 'canvas', fused.canvas_shape)
        masks = single_targets(data_samples, 'target_masks')
        losses = self.loss_box(boxes, targets, 1.0, len(boxes))
        terms = self.loss_mask.terms(logits, masks)
        return {**losses, **self.loss_mask(terms, 1.0, len(boxes))}

    def predict(self, fused: FusedFeatures,
                data_samples: list[GroundingDataSample]) -> list[GroundingDataSample]:
        """Write ``pred_instances``."""
        boxes, _ = self(fused)
        geometry = Geometry.from_samples(data_samples, fused.canvas_shape)
        bboxes_on_image = geometry.boxes_to_image(boxes[:, None], 'canvas').cpu()
        for sample, bboxes in zip(data_samples, bboxes_on_image):
            sample.pred_instances = InstanceData(
                bboxes=bboxes, scores=bboxes.new_ones(len(bboxes)))
        return data_samples
