"""Small stacks of layers: perceptrons, and a convolution with its normalisation."""
import torch
from torch import Tensor, nn


def plain_on_cpu(maps: Tensor) -> Tensor:
    """Return maps (B, C, h, w) that lie in memory channel by channel, where it pays.

    Maps that were tokens lie pixel by pixel. On a CPU the gradients of a convolution of
    these take three times as long.
    """
    if maps.device.type == 'cpu' and torch.is_grad_enabled():
        return maps.contiguous()
    return maps


class MLP(nn.Module):
    """Linear layers with ReLU between them and none at the end.

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


class NormedMLP(nn.Sequential):
    """Linear, layer norm, ReLU, dropout, linear, layer norm, ReLU, on (..., C_in).

    Args:
        in_channels: C_in.
        channels: C of both linear layers.
        dropout: between them.
    """

    def __init__(self, in_channels: int, channels: int, dropout: float = 0.1) -> None:
        super().__init__(
            nn.Linear(in_channels, channels), nn.LayerNorm(channels), nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(channels, channels), nn.LayerNorm(channels), nn.ReLU())


class ConvNorm(nn.Module):
    """A convolution without bias, batch normalisation and a leaky ReLU of slope 0.1.

    Args:
        in_channels: C of the input.
        out_channels: C of the output.
        kernel_size: side of the kernel; the border is padded by half of it.
        stride: of the convolution.

    Source: Redmon and Farhadi, "YOLOv3: An Incremental Improvement", 2018.
    """
    SLOPE = 0.1

    def __init__(self, in_channels: int, out_channels: int, kernel_size: int,
                 stride: int = 1) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel_size, stride,
                              padding=kernel_size // 2, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)
        nn.init.kaiming_normal_(self.conv.weight, self.SLOPE, mode='fan_out',
                                nonlinearity='leaky_relu')

    def forward(self, maps: Tensor) -> Tensor:
        """Return (B, C_out, h / stride, w / stride) for (B, C_in, h, w)."""
        return nn.functional.leaky_relu(self.bn(self.conv(maps)), self.SLOPE)
