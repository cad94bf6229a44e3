"""Multiway layers: image and text tokens attend together, each with its own weights."""
from typing import Callable, Optional

import torch
import torch.nn.functional as F
from mmcv.cnn.bricks import DropPath
from torch import Tensor, nn

from segvg.models.layers.attention import attention


class Multiway(nn.Module):
    """A module twice: for the tokens before a split (image) and after it (text).

    Args:
        make: makes one of the two modules, which map (B, N, C) to (B, N, C').
    """

    def __init__(self, make: Callable[[], nn.Module]) -> None:
        super().__init__()
        self.image = make()
        self.text = make()

    def forward(self, tokens: Tensor, split: int) -> Tensor:
        """Return (B, N, C') of tokens (B, N, C), the first ``split`` of them image.

        With a split of 0 all are text, with one of N all are image.
        """
        if split <= 0:
            return self.text(tokens)
        if split >= tokens.shape[1]:
            return self.image(tokens)
        return torch.cat(
            [self.image(tokens[:, :split]), self.text(tokens[:, split:])], dim=1)


class NormedFeedForward(nn.Module):
    """Linear, GELU, layer norm over the hidden width, linear.

    Args:
        channels: C.
        hidden: hidden width.
    """

    def __init__(self, channels: int, hidden: int) -> None:
        super().__init__()
        self.expand = nn.Linear(channels, hidden)
        self.norm = nn.LayerNorm(hidden)
        self.reduce = nn.Linear(hidden, channels)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return (B, N, C) for (B, N, C)."""
        return self.reduce(self.norm(F.gelu(self.expand(tokens))))


class MultiwayLayer(nn.Module):
    """Joint self-attention and feed-forward, pre-norm, with a norm inside each block.

    Every norm and every matrix exists twice; only the attention itself is shared.

    Args:
        channels: C.
        heads: attention heads.
        hidden: width of the feed-forward block.
        drop_path: probability at which a block is skipped for a sample in training.

    Source: Wang et al., "BEiT-3", CVPR 2023; the inner norms: "Magneto", ICML 2023.
    """

    def __init__(self, channels: int, heads: int, hidden: int,
                 drop_path: float = 0.0) -> None:
        super().__init__()
        def norm() -> nn.Module:
            return nn.LayerNorm(channels)

        def linear() -> nn.Module:
            return nn.Linear(channels, channels)

        self.heads = heads
        self.attention_norm = Multiway(norm)
        self.query = Multiway(linear)
        self.key = Multiway(linear)
        self.value = Multiway(linear)
        self.inner_norm = Multiway(norm)
        self.out = Multiway(linear)
        self.feed_forward_norm = Multiway(norm)
        self.feed_forward = Multiway(lambda: NormedFeedForward(channels, hidden))
        self.drop_path = DropPath(drop_path)

    def attend(self, tokens: Tensor, split: int,
               padding_mask: Optional[Tensor] = None) -> Tensor:
        """Return what joint self-attention reads for normed tokens (B, N, C)."""
        read = attention(self.query(tokens, split), self.key(tokens, split),
                         self.value(tokens, split), self.heads, padding_mask)
        return self.out(self.inner_norm(read, split), split)

    def forward(self, tokens: Tensor, split: int,
                padding_mask: Optional[Tensor] = None) -> Tensor:
        """Return the tokens (B, N, C) after one layer.

        Args:
            tokens: (B, N, C).
            split: the number of image tokens, which come first.
            padding_mask: (B, N) bool, True = padding, which nobody attends to.
        """
        read = self.attend(self.attention_norm(tokens, split), split, padding_mask)
        tokens = tokens + self.drop_path(read)
        normed = self.feed_forward_norm(tokens, split)
        return tokens + self.drop_path(self.feed_forward(normed, split))
