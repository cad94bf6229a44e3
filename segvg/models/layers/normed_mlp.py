"""Two linear layers, each normalised and rectified."""
from torch import nn


class NormedMLP(nn.Sequential):
    """Linear, layer norm, ReLU, dropout, linear, layer norm, ReLU, on (..., C_in).

    Args:
        in_channels: C_in.
        channels: C of both layers.
        dropout: between them.
    """

    def __init__(self, in_channels: int, channels: int, dropout: float = 0.1) -> None:
        super().__init__(
            nn.Linear(in_channels, channels), nn.LayerNorm(channels), nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(channels, channels), nn.LayerNorm(channels), nn.ReLU())
