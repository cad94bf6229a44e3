"""Convolution, batch normalisation, leaky ReLU."""
from torch import Tensor, nn


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
