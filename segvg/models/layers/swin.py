"""Swin's transformer: attention within windows, which every other block shifts."""
from functools import lru_cache
from typing import Optional

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: What is added to the score of a pair that only a shift brought together.
OTHER_REGION = -100.0


def relative_index(window: int) -> Tensor:
    """Return the row of the bias table (w * w, w * w) for every pair of cells."""
    y, x = torch.meshgrid(torch.arange(window), torch.arange(window), indexing='ij')
    cells = torch.stack([y.flatten(), x.flatten()])
    dy, dx = cells[:, :, None] - cells[:, None] + window - 1
    return dy * (2 * window - 1) + dx


@lru_cache(maxsize=32)
def region_mask(height: int, width: int, window: int, shift: int,
                device: torch.device) -> Tensor:
    """Return what is added to the scores of every window, (windows, w * w, w * w).

    A shift brings opposite borders of the map together; cells of different regions do
    not attend to each other.
    """
    def regions(length: int) -> Tensor:
        index = torch.arange(length, device=device)
        return (index >= length - window).int() + (index >= length - shift).int()

    region = 3 * regions(height)[:, None] + regions(width)
    region = to_windows(region[None, ..., None], window)[0, ..., 0]
    differs = region[:, :, None] != region[:, None]
    return differs.float() * OTHER_REGION


def to_windows(maps: Tensor, window: int) -> Tensor:
    """Cut maps (B, h, w, C) into windows (B, windows, w * w, C)."""
    maps = maps.unflatten(2, (-1, window)).unflatten(1, (-1, window))
    return maps.transpose(2, 3).flatten(3, 4).flatten(1, 2)


def from_windows(windows: Tensor, grid: tuple[int, int], window: int) -> Tensor:
    """Join windows (B, windows, w * w, C) to maps (B, h, w, C)."""
    rows, columns = (side // window for side in grid)
    maps = windows.unflatten(1, (rows, columns)).unflatten(3, (window, window))
    return maps.transpose(2, 3).flatten(3, 4).flatten(1, 2)


class DropPath(nn.Module):
    """Stochastic depth: a sample skips a residual branch at random.

    Args:
        probability: at which it is skipped, in training.

    Source: Huang et al., "Deep Networks with Stochastic Depth", ECCV 2016.
    """

    def __init__(self, probability: float) -> None:
        super().__init__()
        self.probability = probability

    def forward(self, branch: Tensor) -> Tensor:
        """Return the branch (B, ...), 0 for samples that skip it."""
        if self.probability == 0 or not self.training:
            return branch
        kept = 1 - self.probability
        shape = (len(branch), *[1] * (branch.ndim - 1))
        drawn = torch.rand(shape, dtype=branch.dtype, device=branch.device)
        return branch / kept * (kept + drawn).floor()


class WindowAttention(nn.Module):
    """Attention within windows, with a learned bias for every offset.

    Where the map is not a multiple of the window, zeros are added after the
    normalisation; they take part like any other cell, as published.

    Args:
        channels: C.
        heads: number of heads.
        window: side of a window.
        shift: cells by which the windows are shifted.
    """
    bias_index: Tensor

    def __init__(self, channels: int, heads: int, window: int, shift: int = 0) -> None:
        super().__init__()
        self.heads = heads
        self.window = window
        self.shift = shift
        self.qkv = nn.Linear(channels, 3 * channels)
        self.out = nn.Linear(channels, channels)
        self.bias_table = nn.Parameter(torch.empty((2 * window - 1)**2, heads))
        nn.init.trunc_normal_(self.bias_table, std=0.02)
        self.register_buffer('bias_index', relative_index(window), persistent=False)

    def bias(self) -> Tensor:
        """Return what is added to the scores of all windows, (heads, w * w, w * w)."""
        return self.bias_table[self.bias_index].permute(2, 0, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """Return (B, h, w, C) for normalised maps of this shape."""
        height, width = maps.shape[1:3]
        maps = F.pad(maps, (0, 0, 0, -width % self.window, 0, -height % self.window))
        grid = (maps.shape[1], maps.shape[2])
        bias, shift = self.bias(), self.shift
        if shift:
            maps = maps.roll((-shift, -shift), dims=(1, 2))
            mask = region_mask(*grid, self.window, shift, maps.device)
            bias = bias + mask[:, None].to(bias.dtype)  # (windows, heads, w * w, w * w)
        out = from_windows(self.attend(to_windows(maps, self.window), bias), grid,
                           self.window)
        if shift:
            out = out.roll((shift, shift), dims=(1, 2))
        return self.out(out[:, :height, :width])

    def attend(self, windows: Tensor, bias: Tensor) -> Tensor:
        """Return (B, windows, w * w, C) for windows of this shape.

        The windows of an image are put beside its heads, so one mask serves the batch.
        """
        count = windows.shape[1]
        qkv = self.qkv(windows).unflatten(-1, (3, self.heads, -1))
        query, key, value = (
            part.transpose(2, 3).flatten(1, 2) for part in qkv.unbind(3))
        mask = bias.expand(count, *bias.shape[-3:]).flatten(0, 1)[None]
        out = F.scaled_dot_product_attention(
            query, key, value, attn_mask=mask.to(query.dtype))
        return out.unflatten(1, (count, self.heads)).transpose(2, 3).flatten(3)


class SwinBlock(nn.Module):
    """Window attention and a feed-forward block; pre-norm.

    Args:
        channels: C.
        heads: number of heads.
        window: side of a window.
        shift: cells by which the windows are shifted.
        drop_path: probability at which a sample skips a residual branch.
    """
    HIDDEN_RATIO = 4

    def __init__(self, channels: int, heads: int, window: int, shift: int = 0,
                 drop_path: float = 0.0) -> None:
        super().__init__()
        self.attention = WindowAttention(channels, heads, window, shift)
        self.feed_forward = nn.Sequential(
            nn.Linear(channels, self.HIDDEN_RATIO * channels), nn.GELU(),
            nn.Linear(self.HIDDEN_RATIO * channels, channels))
        self.attention_norm = nn.LayerNorm(channels)
        self.feed_forward_norm = nn.LayerNorm(channels)
        self.drop_path = DropPath(drop_path)

    def forward(self, maps: Tensor) -> Tensor:
        """Return maps (B, h, w, C) for the same shape."""
        maps = maps + self.drop_path(self.attention(self.attention_norm(maps)))
        hidden = self.feed_forward(self.feed_forward_norm(maps))
        return maps + self.drop_path(hidden)


class PatchMerging(nn.Module):
    """Four neighbours become one cell of twice the channels.

    Args:
        channels: C of the input.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * channels)
        self.reduction = nn.Linear(4 * channels, 2 * channels, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        """Return (B, h / 2, w / 2, 2 C) for (B, h, w, C); odd sides get zeros."""
        height, width = maps.shape[1:3]
        maps = F.pad(maps, (0, 0, 0, width % 2, 0, height % 2))
        parts = [maps[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        return self.reduction(self.norm(torch.cat(parts, dim=-1)))


class PatchEmbedding(nn.Module):
    """An image cut into patches, each a vector.

    Args:
        channels: C.
        patch: side of a patch.
    """

    def __init__(self, channels: int, patch: int = 4) -> None:
        super().__init__()
        self.patch = patch
        self.proj = nn.Conv2d(3, channels, kernel_size=patch, stride=patch)
        self.norm = nn.LayerNorm(channels)

    def forward(self, images: Tensor) -> Tensor:
        """Return (I, h, w, C) for images (I, 3, H, W), zeros added where needed."""
        height, width = images.shape[-2:]
        images = F.pad(images, (0, -width % self.patch, 0, -height % self.patch))
        return self.norm(self.proj(images).permute(0, 2, 3, 1))


def swin_stage(channels: int, heads: int, window: int, drop_path: list[float],
               shift: Optional[int] = None) -> nn.Sequential:
    """Return the blocks of a stage, one for each of its ``drop_path``; odd ones shift.
    """
    shift = window // 2 if shift is None else shift
    return nn.Sequential(*[
        SwinBlock(channels, heads, window, shift if number % 2 else 0, rate)
        for number, rate in enumerate(drop_path)])
