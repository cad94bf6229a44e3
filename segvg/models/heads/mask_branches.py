"""Mask branches: where a query attends to becomes a mask, refined by finer maps.

``AttentionMaskBranch`` is that of DETR, ``JointMaskBranch`` that of RefTR.
``QueryMaskBranch``, SegVG's, compares a query with every image token by itself.
"""
import math
from typing import Callable, Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.models.layers import MLP
from segvg.registry import MODELS
from segvg.structures import FusedFeatures

# From the expressions (N,) and queries (N,) of N masks to their logits (N, h, w).
MasksOf = Callable[[Tensor, Tensor], Tensor]


def masks_of_all(branch: nn.Module, states: Tensor, fused: FusedFeatures) -> Tensor:
    """Return the mask logits (B, Q, h, w) of all queries, states (B, Q, C).

    For graphs that cannot choose queries first.
    """
    batch, queries = states.shape[:2]
    index = torch.arange(batch, device=states.device)[:, None].expand(-1, queries)
    masks = branch(states.flatten(0, 1), index.flatten(), fused)
    return masks.unflatten(0, (batch, queries))


@MODELS.register_module()
class AttentionMaskBranch(BaseModule):
    """Masks from attention maps of queries over the image and from feature maps.

    Only the queries that are passed are computed: a mask depends on its own query
    alone.

    Args:
        channels: C of queries, memory and the coarsest map.
        map_channels: C of the finer maps, coarse to fine.
        heads: attention heads, each gives a map.

    Source: Carion et al., ECCV 2020, with the softmax per head of MDETR.
    """

    def __init__(self, channels: int = 256,
                 map_channels: Sequence[int] = (1024, 512, 256),
                 heads: int = 8) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        for layer in (self.query, self.key):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        width = self.input_width(channels, heads)
        widths = [width, width,
                  *(channels // 2**i for i in range(1, 2 + len(map_channels)))]
        self.convs = nn.ModuleList(
            nn.Conv2d(a, b, kernel_size=3, padding=1)
            for a, b in zip(widths[:-1], widths[1:]))
        # 8 groups, as published; narrow toy models take what divides them.
        self.norms = nn.ModuleList(
            nn.GroupNorm(math.gcd(8, width), width) for width in widths[1:])
        self.adapters = nn.ModuleList(
            nn.Conv2d(a, b, kernel_size=1) for a, b in zip(map_channels, widths[2:]))
        self.out = nn.Conv2d(widths[-1], 1, kernel_size=3, padding=1)
        for conv in (*self.convs, *self.adapters, self.out):
            nn.init.kaiming_uniform_(conv.weight, a=1)
            nn.init.zeros_(conv.bias)

    @staticmethod
    def input_width(channels: int, heads: int) -> int:
        """Return the channels of what the first convolution reads."""
        return channels + heads

    @staticmethod
    def attention_weights(logits: Tensor) -> Tensor:
        """Return attention weights of logits (M, heads, N): sums of 1 per head."""
        return logits.softmax(-1)

    def input_maps(self, queries: Tensor, index: Tensor,
                   fused: FusedFeatures) -> Tensor:
        """Return what the first convolution reads, (M, input width, h, w)."""
        return torch.cat([fused.maps[0][index], self.attend(queries, index, fused)],
                         dim=1)

    def attend(self, queries: Tensor, index: Tensor, fused: FusedFeatures) -> Tensor:
        """Return where M queries attend to in the image, (M, heads, h, w)."""
        image = fused.image
        query = self.query(queries).unflatten(-1, (self.heads, -1))  # (M, heads, c)
        key = self.key(image).unflatten(-1, (self.heads, -1))[index]  # (M, N, heads, c)
        logits = torch.einsum('mhc,mnhc->mhn', query * query.shape[-1]**-0.5, key)
        if fused.memory.padding_mask is not None:
            padding = fused.memory.padding_mask[index, fused.image_slice]
            logits = logits.masked_fill(padding[:, None], float('-inf'))
        return self.attention_weights(logits).unflatten(-1, fused.grid)

    def features(self, queries: Tensor, index: Tensor,
                 fused: FusedFeatures) -> Tensor:
        """Return the features (M, C', h', w') that masks are read from.

        Args:
            queries: (M, C), the states of the queries.
            index: (M,) int64, the expression of each.
            fused: with ``maps``: the coarsest (B, C, h, w) first.
        """
        x = self.input_maps(queries, index, fused)
        x = self.norms[0](self.convs[0](x)).relu()
        x = self.norms[1](self.convs[1](x)).relu()
        finer = fused.maps[1:]
        for i, (adapter, values) in enumerate(zip(self.adapters, finer), start=2):
            values = adapter(values)
            x = values[index] + F.interpolate(x, size=values.shape[-2:], mode='nearest')
            x = self.norms[i](self.convs[i](x)).relu()
        return x

    def forward(self, queries: Tensor, index: Tensor, fused: FusedFeatures) -> Tensor:
        """Return mask logits (M, h', w') at the size of the finest map.

        Arguments as ``features``.
        """
        return self.out(self.features(queries, index, fused))[:, 0]


@MODELS.register_module()
class JointMaskBranch(AttentionMaskBranch):
    """``AttentionMaskBranch`` with one softmax over all heads and the encoded image.

    The first convolution reads the coarsest map, the image tokens of the joint encoder
    and the attention maps.

    Source: Li and Sigal, "Referring Transformer", NeurIPS 2021.
    """

    @staticmethod
    def input_width(channels: int, heads: int) -> int:
        """Return the channels of what the first convolution reads."""
        return 2 * channels + heads

    @staticmethod
    def attention_weights(logits: Tensor) -> Tensor:
        """Return attention weights of logits (M, heads, N): a sum of 1 over all."""
        return logits.flatten(1).softmax(-1).view_as(logits)

    def input_maps(self, queries: Tensor, index: Tensor,
                   fused: FusedFeatures) -> Tensor:
        """Return what the first convolution reads, (M, input width, h, w)."""
        image = fused.image.transpose(1, 2)
        image = image.unflatten(2, fused.grid)
        return torch.cat([fused.maps[0][index], image[index],
                          self.attend(queries, index, fused)], dim=1)


class QueryMaskBranch(nn.Module):
    """A logit for every pair of a query and an image token, by an MLP over both.

    The first linear layer over [query, token] is applied to the two halves separately
    and the results are added: the same function without a (D, Q, B, N, 2 C) tensor.

    Args:
        channels: C of queries and image tokens.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.mlp = MLP(2 * channels, channels, channels, 1)

    def forward(self, queries: Tensor, image: Tensor) -> Tensor:
        """Return (..., Q, B, N) for queries (..., Q, B, C) and image (B, N, C)."""
        first, *others = self.mlp.layers
        assert isinstance(first, nn.Linear)
        query_part = F.linear(queries, first.weight[:, :self.channels])
        image_part = F.linear(image, first.weight[:, self.channels:], first.bias)
        x = query_part.unsqueeze(-2) + image_part  # (..., Q, B, N, C)
        for layer in others:
            x = layer(x.relu())
        return x.squeeze(-1)
