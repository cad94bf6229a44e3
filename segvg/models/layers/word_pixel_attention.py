"""Every pixel gathers the words that describe it (LAVT's PWAM)."""
import torch.nn.functional as F
from torch import Tensor, nn

from segvg.models.layers.attention import attention
from segvg.structures import Tokens


class PointwiseLinear(nn.Conv1d):
    """A linear layer whose matrix has the shape of a convolution, as published."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(in_channels, out_channels, kernel_size=1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return (..., C_out) for (..., C_in)."""
        return F.linear(tokens, self.weight.squeeze(-1), self.bias)


def norm_over_tokens(tokens: Tensor) -> Tensor:
    """Normalise every channel of every sample over its tokens, (B, N, C)."""
    return F.instance_norm(tokens.transpose(1, 2)).transpose(1, 2)


class WordPixelAttention(nn.Module):
    """Pixels attend to words; what they gather gates them.

    Args:
        channels: C of the pixels.
        text_channels: C of the words.

    Source: Yang et al., "LAVT: Language-Aware Vision Transformer for Referring Image
    Segmentation", CVPR 2022, pixel-word attention module with one head.
    """

    def __init__(self, channels: int, text_channels: int = 768) -> None:
        super().__init__()
        self.pixel = PointwiseLinear(channels, channels)
        self.query = PointwiseLinear(channels, channels)
        self.key = PointwiseLinear(text_channels, channels)
        self.value = PointwiseLinear(text_channels, channels)
        self.context = PointwiseLinear(channels, channels)
        self.out = PointwiseLinear(channels, channels)

    def forward(self, pixels: Tensor, text: Tokens) -> Tensor:
        """Return fused pixels (B, N, C) of pixels (B, N, C) and words (B, L, C')."""
        query = norm_over_tokens(self.query(pixels))
        words = attention(query, self.key(text.feats), self.value(text.feats), 1,
                          text.padding_mask)
        context = norm_over_tokens(self.context(words))
        return F.gelu(self.out(F.gelu(self.pixel(pixels)) * context))
