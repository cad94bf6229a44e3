"""Attention to a few predicted locations on maps of several sizes."""
import math
import sys
from typing import Any, Optional, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from mmengine.model import constant_init, xavier_init
from torch import Tensor, nn

from segvg.models.layers.transformer import FeedForward, add_position
from segvg.structures.packing import whole_numbers
from segvg.utils.mmcv_ops import EXTENSION, MissingExtension

Shapes = Sequence[tuple[int, int]]


def sample_levels(value: Tensor, shapes: Shapes, locations: Tensor,
                  weights: Tensor) -> Tensor:
    """Return the weighted sum (B, T, M * c) of values at locations of all levels.

    Args:
        value: (B, S, M, c), M heads; the levels one after the other, row by row.
        shapes: (h, w) of each level.
        locations: (B, T, M, levels, points, 2) as x, y in [0, 1] of a level.
        weights: (B, T, M, levels, points).

    Source: Zhu et al., "Deformable DETR", ICLR 2021, equation 3. In plain PyTorch; the
    same numbers as mmcv's op, without holding all levels at once.
    """
    batch, _, heads, _ = value.shape
    grids = (2 * locations - 1).transpose(1, 2).flatten(0, 1)  # (B M, T, levels, P, 2)
    weights = weights.transpose(1, 2).flatten(0, 1)[:, None]  # (B M, 1, T, levels, P)
    out = weights.new_zeros(())
    for level, part in enumerate(value.split([h * w for h, w in shapes], dim=1)):
        maps = part.flatten(2).transpose(1, 2)
        maps = maps.reshape(batch * heads, -1, *shapes[level])
        sampled = F.grid_sample(maps, grids[:, :, level], mode='bilinear',
                                padding_mode='zeros', align_corners=False)
        out = out + (sampled * weights[:, :, :, level]).sum(-1)  # (B M, c, T)
    return out.unflatten(0, (batch, heads)).flatten(1, 2).transpose(1, 2)


def sample_rows(value: Tensor, shapes: Shapes, locations: Tensor,
                weights: Tensor) -> Tensor:
    """Return the same as ``sample_levels``; on a CPU it takes a fourth of the time.

    The values are rows of a table. Each output is one weighted sum of rows, of the four
    cells around each location, so that nothing is kept of each location.
    """
    batch, cells, heads, _ = value.shape
    table = value.transpose(1, 2).flatten(0, 2)  # (B M S, c)
    start = torch.arange(0, len(table), cells, device=value.device).view(
        batch, 1, heads, 1)
    rows, shares = [], []
    for level, (height, width) in enumerate(shapes):
        x, y = (side * size - 0.5 for side, size in zip(
            locations[:, :, :, level].unbind(-1), (width, height)))  # (B, T, M, P)
        left, top = (side.detach().floor().nan_to_num() for side in (x, y))
        for line, near_line in ((top, top + 1 - y), (top + 1, y - top)):
            part = weights[:, :, :, level] * near_line * _inside(line, height)
            first = start + line.clamp(0, height - 1).long() * width
            for column, near in ((left, left + 1 - x), (left + 1, x - left)):
                rows.append(first + column.clamp(0, width - 1).long())
                shares.append(part * near * _inside(column, width))
        start = start + height * width
    found = sum_rows(table, torch.cat(rows, -1).flatten(0, 2),
                     torch.cat(shares, -1).flatten(0, 2))
    return found.unflatten(0, (batch, -1, heads)).flatten(2)


def sum_rows(table: Tensor, rows: Tensor, shares: Tensor) -> Tensor:
    """Return weighted sums (T, c) of rows of a table.

    Args:
        table: (N, c).
        rows: (T, K) int64, the rows of each sum.
        shares: (T, K), their weights.
    """
    found = F.embedding_bag(rows, table.detach(), mode='sum',
                            per_sample_weights=shares)
    if table.requires_grad and torch.is_grad_enabled():
        return _GradientOfTable.apply(found, table, rows, shares.detach())
    return found


class _GradientOfTable(torch.autograd.Function):
    """Passes sums of rows on and gives the table its gradient.

    It is the product of a transposed sparse matrix with the gradient of the sums, which
    SciPy has in a tenth of the time of PyTorch.
    """

    @staticmethod
    def forward(ctx: Any, found: Tensor, table: Tensor, rows: Tensor, shares: Tensor
                ) -> Tensor:
        """Return ``found``."""
        ctx.save_for_backward(rows, shares)
        ctx.length = len(table)
        return found.view_as(found)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Optional[Tensor], ...]:
        """Return the gradients of ``found`` and of the table."""
        from scipy.sparse import csr_matrix  # slow, and a GPU does not need it
        rows, shares = ctx.saved_tensors
        sums, each = rows.shape
        matrix = csr_matrix(
            (shares.flatten().numpy(), rows.flatten().int().numpy(),
             np.arange(0, sums * each + 1, each)), shape=(sums, ctx.length))
        of_table = torch.from_numpy(matrix.T @ gradient.contiguous().numpy())
        return gradient, of_table, None, None


def _inside(numbers: Tensor, count: int) -> Tensor:
    """Return which numbers of lines or columns there are."""
    return (numbers >= 0) & (numbers < count)


def can_sum_rows(value: Tensor, locations: Tensor, weights: Tensor) -> bool:
    """Whether ``sample_rows`` is the faster way, and nobody records a graph."""
    return (value.device.type == 'cpu' and value.dtype in (torch.float32, torch.float64)
            and value.dtype == locations.dtype == weights.dtype
            and not torch.compiler.is_compiling() and not torch.jit.is_tracing())


def has_compiled_op() -> bool:
    """Whether mmcv was built with its ops."""
    try:
        import mmcv._ext  # noqa: F401
    except ImportError:
        return False
    return not isinstance(sys.modules[EXTENSION], MissingExtension)


def sample_levels_compiled(value: Tensor, shapes: Shapes, locations: Tensor,
                           weights: Tensor) -> Tensor:
    """Return the same as ``sample_levels``, by mmcv's compiled op."""
    from mmcv.ops.multi_scale_deform_attn import MultiScaleDeformableAttnFunction
    sizes = whole_numbers([side for shape in shapes for side in shape],
                          value.device).view(-1, 2)
    starts = sizes.prod(1).cumsum(0) - sizes.prod(1)
    images_a_step = next(n for n in range(min(64, len(value)), 0, -1)
                         if len(value) % n == 0)
    return MultiScaleDeformableAttnFunction.apply(
        value.contiguous(), sizes, starts, locations.contiguous(), weights.contiguous(),
        images_a_step)


class DeformableAttention(nn.Module):
    """Every query attends to a few locations around its own, on every level.

    On a GPU mmcv's op does the work where it is installed, else plain PyTorch, which
    has a way of its own for a CPU; all give the same numbers.

    Args:
        channels: C.
        heads: number of heads.
        levels: number of maps.
        points: locations per head and level.

    Attributes:
        by_rows: whether a CPU may take its own way, which rounds otherwise.
    """

    def __init__(self, channels: int, heads: int, levels: int, points: int) -> None:
        super().__init__()
        self.heads = heads
        self.levels = levels
        self.points = points
        self.sampling_offsets = nn.Linear(channels, heads * levels * points * 2)
        self.attention_weights = nn.Linear(channels, heads * levels * points)
        self.value_proj = nn.Linear(channels, channels)
        self.output_proj = nn.Linear(channels, channels)
        self.compiled = has_compiled_op()
        self.by_rows = True
        self.reset()

    def reset(self) -> None:
        """Initialize: a direction for each head, and points at growing distances."""
        angles = torch.arange(self.heads) * (2 * math.pi / self.heads)
        directions = torch.stack([angles.cos(), angles.sin()], dim=1)
        directions = directions / directions.abs().amax(1, keepdim=True)  # (heads, 2)
        steps = torch.arange(1, self.points + 1)[:, None]
        offsets = (directions[:, None, None] * steps).expand(-1, self.levels, -1, -1)
        with torch.no_grad():
            self.sampling_offsets.bias.copy_(offsets.reshape(-1))
        nn.init.zeros_(self.sampling_offsets.weight)
        constant_init(self.attention_weights, 0)
        for layer in (self.value_proj, self.output_proj):
            xavier_init(layer, distribution='uniform')

    def forward(self, query: Tensor, reference: Tensor, tokens: Tensor,
                shapes: Shapes) -> Tensor:
        """Return (B, T, C).

        Args:
            query: (B, T, C).
            reference: (B or 1, T, levels, 2), x, y in [0, 1]: where a query is.
            tokens: (B, S, C), the levels one after the other.
            shapes: (h, w) of each level.
        """
        shape = (self.heads, self.levels, self.points)
        value = self.value_proj(tokens).unflatten(-1, (self.heads, -1))
        offsets = self.sampling_offsets(query).unflatten(-1, (*shape, 2))
        weights = self.attention_weights(query).unflatten(
            -1, (self.heads, -1)).softmax(-1).unflatten(-1, shape[1:])
        sizes = whole_numbers([side for h, w in shapes for side in (w, h)],
                              query.device, query.dtype).view(-1, 1, 2)  # of levels
        locations = reference[:, :, None, :, None] + offsets / sizes
        if self.compiled and query.is_cuda:
            sample = sample_levels_compiled
        elif self.by_rows and can_sum_rows(value, locations, weights):
            sample = sample_rows
        else:
            sample = sample_levels
        return self.output_proj(sample(value, shapes, locations, weights))


class DeformableEncoderLayer(nn.Module):
    """Deformable self-attention of tokens of several maps, feed-forward; post-norm.

    Args:
        channels: C.
        heads: number of heads.
        hidden: width of the feed-forward block.
        levels: number of maps.
        points: locations per head and level.
    """

    def __init__(self, channels: int, heads: int, hidden: int, levels: int,
                 points: int) -> None:
        super().__init__()
        self.self_attention = DeformableAttention(channels, heads, levels, points)
        self.feed_forward = FeedForward(channels, hidden, dropout=0.0)
        for part in self.feed_forward:
            if isinstance(part, nn.Linear):
                nn.init.xavier_uniform_(part.weight)
        self.attention_norm = nn.LayerNorm(channels)
        self.feed_forward_norm = nn.LayerNorm(channels)

    def forward(self, tokens: Tensor, pos: Tensor, reference: Tensor,
                shapes: Shapes) -> Tensor:
        """Return tokens (B, S, C); arguments as ``DeformableAttention.forward``."""
        query = add_position(tokens, pos)
        out = self.self_attention(query, reference, tokens, shapes)
        tokens = self.attention_norm(tokens + out)
        return self.feed_forward_norm(tokens + self.feed_forward(tokens))


def cell_centers(shapes: Shapes, device: torch.device) -> Tensor:
    """Return the centre of every cell of all levels, (1, S, levels, 2), x, y in [0, 1].

    A cell has the same location on every level.
    """
    centers = []
    for height, width in shapes:
        y = (torch.arange(height, device=device) + 0.5) / height
        x = (torch.arange(width, device=device) + 0.5) / width
        grid = torch.stack(torch.meshgrid(y, x, indexing='ij')[::-1], dim=-1)
        centers.append(grid.flatten(0, 1))
    return torch.cat(centers)[None, :, None].expand(-1, -1, len(shapes), -1)
