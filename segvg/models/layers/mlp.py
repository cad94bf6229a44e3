"""Multi-layer perceptron."""
from torch import Tensor, nn


class MLP(nn.Module):
    """Linear layers with ReLU between them.

    Args:
        channels: widths from input to output, at least two.
    """

    def __init__(self, *channels: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.Linear(a, b) for a, b in zip(channels[:-1], channels[1:]))

    def forward(self, x: Tensor) -> Tensor:
        """Return (..., C_out) for (..., C_in)."""
        for layer in self.layers[:-1]:
            x = layer(x).relu()
        return self.layers[-1](x)
