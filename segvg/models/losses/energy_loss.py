"""Loss that makes the state of a query and the pixels of its mask similar."""
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.registry import MODELS


@MODELS.register_module()
class EnergyLoss(BaseModule):
    """Co-energy maximisation: a state should be similar to the salient pixels.

    Args:
        channels: C of the states.
        pixel_channels: C' of the pixels.
        weight: factor of the loss.

    Source: Luo et al., "Multi-task Collaborative Network", CVPR 2020, as an option of
    RefTR with one query an expression.
    """

    def __init__(self, channels: int = 256, pixel_channels: int = 16,
                 weight: float = 1.0) -> None:
        super().__init__()
        self.pixel_score = nn.Linear(pixel_channels, 1)
        self.state_proj = nn.Linear(channels, pixel_channels)
        self.weight = weight

    def forward(self, states: Tensor, pixels: Tensor,
                normalizer: Tensor | float) -> Tensor:
        """Return the loss of M states (M, C) and features (M, C', h, w)."""
        pixels = pixels.float().flatten(2).transpose(1, 2)  # (M, N, C')
        attention = self.pixel_score(pixels)[..., 0].softmax(-1)
        state = F.normalize(self.state_proj(states.float()), dim=-1)
        similarity = (F.normalize(pixels, dim=-1) @ state[..., None])[..., 0]
        similarity = ((similarity + 1) / 2).clamp(1e-6, 1 - 1e-6)
        energy = (similarity * attention).sum(-1)
        return -self.weight * (energy + 1e-6).log().sum() / normalizer
