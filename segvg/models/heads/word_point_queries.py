"""Queries that start from a word and a point of the image."""
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from segvg.models.layers import MLP, FeedForward, MultiHeadAttention, grid_position
from segvg.models.layers.attention import MappedAttention
from segvg.models.layers.graphs import without_gradients
from segvg.structures import Tokens


class WordPointStart(NamedTuple):
    """Where Q queries start.

    Attributes:
        queries: (B, Q, C).
        points: (B, Q, 2), x, y in [0, 1]: centres of cells of the grid.
        attention: (B, h, w), the most that a word attends to a cell.
    """
    queries: Tensor
    points: Tensor
    attention: Tensor


def choose_words(words: Tokens, count: int) -> tuple[Tensor, Tensor]:
    """Return which tokens (B, Q) int64 are chosen, and which of these are real.

    A token scores by the mean of its channels; special tokens take part. In texts with
    fewer tokens than queries all are chosen, in the order of the text.

    Args:
        words: (B, L, C), L >= count; what is not padding comes first.
        count: Q.
    """
    assert words.padding_mask is not None  # texts have one
    scores = words.feats.mean(-1).masked_fill(words.padding_mask, float('-inf'))
    ranked = scores.topk(count, dim=1).indices
    in_order = torch.arange(count, device=ranked.device)
    lengths = (~words.padding_mask).sum(1, keepdim=True)  # (B, 1)
    return torch.where(lengths >= count, ranked, in_order), in_order < lengths


@without_gradients
def choose_points(attention: Tensor, count: int, distance_weight: float) -> Tensor:
    """Return the chosen cells (B, Q) int64: attended to, and not all in one place.

    The first is the one that is attended to most. Each of the others has the highest
    sum of its attention, through a sigmoid, and the weighted distance to the nearest
    one that is chosen, as a share of the diagonal. Of equal ones the first counts.

    Args:
        attention: (B, h, w).
        count: Q, at most h * w.
        distance_weight: of the distance.

    Raises:
        ValueError: there are fewer cells than points.
    """
    height, width = attention.shape[-2:]
    if count > height * width:
        raise ValueError(f'{count} queries need as many cells of the image, but the '
                         f'grid has {height} x {width}')
    scores = attention.float().flatten(1).sigmoid()  # (B, N)
    rows, columns = torch.meshgrid(
        torch.arange(height, device=scores.device, dtype=torch.float32),
        torch.arange(width, device=scores.device, dtype=torch.float32), indexing='ij')
    cells = torch.stack([rows.flatten(), columns.flatten()], dim=-1)  # (N, 2)
    diagonal = (height**2 + width**2)**0.5
    nearest = torch.full_like(scores, float('inf'))
    chosen = [scores.argmax(1)]
    for _ in range(count - 1):
        last = cells[chosen[-1]][:, None]  # (B, 1, 2)
        nearest = nearest.minimum((cells - last).square().sum(-1).sqrt())
        gain = scores + distance_weight * nearest / diagonal
        gain.scatter_(1, torch.stack(chosen, dim=1), float('-inf'))
        chosen.append(gain.argmax(1))
    return torch.stack(chosen, dim=1)


class WordPointQueries(nn.Module):
    """Words look for their places in the image; the places spread out.

    The chosen words are the positions of queries whose contents start at zero. One
    decoder layer shows where they attend to; the maximum over words is one map, on
    which as many points are chosen as there are words. The i-th query is made of what
    the i-th word read and of the image at the i-th point.

    Since contents start at zero, self-attention reads nothing but its own bias; it is
    computed, as published.

    Args:
        channels: C.
        num_queries: Q.
        heads: attention heads.
        hidden: width of the feed-forward block.
        dropout: on attention weights and twice in the feed-forward block.
        distance_weight: how much the points avoid each other.

    Source: Dai et al., "InstanceVG", TPAMI 2025.
    """

    def __init__(self,
                 channels: int = 256,
                 num_queries: int = 10,
                 *,
                 heads: int = 8,
                 hidden: int = 512,
                 dropout: float = 0.1,
                 distance_weight: float = 0.003) -> None:
        super().__init__()
        self.num_queries = num_queries
        self.distance_weight = distance_weight
        self.self_attention = MultiHeadAttention(channels, heads, dropout)
        self.cross_attention = MappedAttention(channels, heads, dropout)
        self.feed_forward = FeedForward(channels, hidden, dropout)
        self.feed_forward_dropout = nn.Dropout(dropout)
        self.self_norm = nn.LayerNorm(channels)
        self.cross_norm = nn.LayerNorm(channels)
        self.feed_forward_norm = nn.LayerNorm(channels)
        self.norm = nn.LayerNorm(channels)
        self.join = MLP(2 * channels, channels, channels, channels)

    def forward(self, words: Tokens, image: Tokens) -> WordPointStart:
        """Return the start of Q queries.

        Args:
            words: (B, L, C), padded at the end.
            image: (B, h * w, C) with their grid.
        """
        assert image.grid is not None  # necks set it
        height, width = image.grid
        chosen, real = self.gather_words(words)
        read, maps = self.look(chosen, image)
        # Softmax values are positive: 0 never is the maximum of a text with a token.
        attention = maps.masked_fill(~real[..., None], 0).amax(1)
        attention = attention.unflatten(1, image.grid)
        index = choose_points(attention, self.num_queries, self.distance_weight)
        rows = torch.div(index, width, rounding_mode='floor')
        points = torch.stack([(index % width + 0.5) / width, (rows + 0.5) / height], -1)
        at_points = image.feats.gather(
            1, index[..., None].expand(-1, -1, image.feats.shape[-1]))
        queries = self.join(torch.cat([read, at_points], dim=-1))
        return WordPointStart(queries, points, attention)

    def gather_words(self, words: Tokens) -> tuple[Tensor, Tensor]:
        """Return the chosen words (B, Q, C), zeros for padding, and which are real."""
        assert words.padding_mask is not None  # texts have one
        feats = words.feats.masked_fill(words.padding_mask[..., None], 0)
        # For texts of any length, so that an exported graph has no case to tell apart.
        words = Tokens(F.pad(feats, (0, 0, 0, self.num_queries)),
                       F.pad(words.padding_mask, (0, self.num_queries), value=True))
        index, real = choose_words(words, self.num_queries)
        return words.feats.gather(
            1, index[..., None].expand(-1, -1, feats.shape[-1])), real

    def look(self, words: Tensor, image: Tokens) -> tuple[Tensor, Tensor]:
        """Return what words (B, Q, C) read in the image, and where, (B, Q, h * w)."""
        assert image.grid is not None
        keys = image.feats + grid_position(image.grid, image.feats.shape[-1],
                                           image.feats.device)
        contents = torch.zeros_like(words)
        contents = self.self_norm(self.self_attention(words, words, contents))
        read, maps = self.cross_attention.forward_with_map(
            contents + words, keys, image.feats)
        contents = self.cross_norm(contents + read)
        read = self.feed_forward_dropout(self.feed_forward(contents))
        return self.norm(self.feed_forward_norm(contents + read)), maps
