"""A contour head for toy trainings: too short for contours to enclose much."""
import torch
from torch import Tensor

from segvg.models.heads.sequence_head import ContourHead
from segvg.registry import MODELS
from segvg.structures import FusedFeatures


@MODELS.register_module(force=True)
class SquareHead(ContourHead):
    """Learns as ``ContourHead`` and predicts a square whose place shows every change.

    It is a hash of the image tokens, so that other weights have other scores.
    """

    def forward(self, fused: FusedFeatures) -> list[Tensor]:
        """Return the tokens (B, num_steps) of a square, then END."""
        place = (fused.memory.feats.abs().mean((1, 2)) * 1e5).long()
        tokens = torch.full((len(place), self.parts[0].num_steps), self.end)
        x, y = place % 20, place // 20 % 15
        corners = [x, y, x, y + 25, x + 25, y + 25, x + 25, y]
        tokens[:, :8] = torch.stack(corners, dim=1)
        return [tokens]
