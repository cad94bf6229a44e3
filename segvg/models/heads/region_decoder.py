"""Learned regions that gather image features and read the words.

``RegionDecoder`` reads them after the first layer, as the published code does,
``LateWordDecoder`` after the last, as the paper does.
"""
from typing import Optional, Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from segvg.models.layers import (
    MLP,
    CachedAttention,
    FeedForward,
    attend_mask,
    attend_outside,
    grid_position,
    init_matrices,
)
from segvg.models.layers.graphs import without_gradients
from segvg.models.losses.region_loss import RegionOutputs
from segvg.registry import MODELS
from segvg.structures import Tokens


class RegionLayer(nn.Module):
    """Regions attend to the image, then to each other; post-norm.

    Args:
        channels: C.
        heads: attention heads.
        hidden: width of the feed-forward block.
    """

    def __init__(self, channels: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.image_attention = CachedAttention(channels, heads)
        self.region_attention = CachedAttention(channels, heads)
        self.feed_forward = FeedForward(channels, hidden, dropout=0.0)
        self.image_norm = nn.LayerNorm(channels)
        self.region_norm = nn.LayerNorm(channels)
        self.feed_forward_norm = nn.LayerNorm(channels)

    def gather(self, regions: Tensor, pos: Tensor, image: tuple[Tensor, Tensor],
               allowed: Tensor) -> Tensor:
        """Return regions (B, Q, C) after they have attended to the image.

        Args:
            regions: (B, Q, C).
            pos: (Q, C), their position encoding.
            image: keys and values (B, N, C).
            allowed: (B, 1, Q, N) bool, where each region may attend.
        """
        found = self.image_attention.attend(
            regions + pos, self.image_attention.key_values(*image), allowed)
        return self.image_norm(regions + found)

    def relate(self, regions: Tensor, pos: Tensor) -> Tensor:
        """Return regions (B, Q, C) after they have attended to each other."""
        placed = regions + pos
        found = attend(self.region_attention, placed, placed, regions)
        regions = self.region_norm(regions + found)
        return self.feed_forward_norm(regions + self.feed_forward(regions))


def attend(attention: CachedAttention, queries: Tensor, keys: Tensor,
           values: Tensor) -> Tensor:
    """Return (B, T, C) for queries that attend to all keys (B, S, C)."""
    return attention.attend(queries, attention.key_values(keys, values))


def attend_tokens(attention: CachedAttention, queries: Tensor,
                  tokens: Tokens) -> Tensor:
    """Return (B, T, C) for queries that attend to tokens (B, S, C) but padding."""
    return attention.attend(queries, attention.key_values(tokens.feats, tokens.feats),
                            attend_mask(tokens.padding_mask))


@MODELS.register_module()
class RegionDecoder(BaseModule):
    """Regions of the image, each with a mask, a vote and a part in "no target".

    A region attends to where its own mask, predicted from the state before, is
    positive. Regions attend to the maps from coarse to fine, three times over; in the
    first layer they also read the words. The mask of the target is the sum of the
    regions' masks weighted by their votes. Only the supervision of its vote ties a
    region to a location.

    Args:
        channels: C.
        num_layers: decoder layers.
        num_regions: Q, a square number.
        text_channels: C of the words.
        heads: attention heads.
        hidden: width of the feed-forward blocks.
        levels: number of maps.
        word_share: factor of what regions read from the words.
        read_padding: let regions read padding words too. Trained weights depend on it,
            and on the number of words with padding.
        init_cfg: mmengine's.

    Source: Liu et al., "GRES: Generalized Referring Expression Segmentation", CVPR
    2023, with the changes of its published code after the paper.
    """

    def __init__(self,
                 channels: int = 256,
                 num_layers: int = 9,
                 num_regions: int = 100,
                 *,
                 text_channels: int = 768,
                 heads: int = 8,
                 hidden: int = 2048,
                 levels: int = 3,
                 word_share: float = 0.1,
                 read_padding: bool = True,
                 init_cfg: Optional[dict] = None) -> None:
        super().__init__(init_cfg=init_cfg)
        self.word_share = word_share
        self.read_padding = read_padding
        self.layers = nn.ModuleList(
            RegionLayer(channels, heads, hidden) for _ in range(num_layers))
        self.region_embed = nn.Embedding(num_regions, channels)
        self.region_pos = nn.Embedding(num_regions, channels)
        self.level_embed = nn.Embedding(levels, channels)
        self.norm = nn.LayerNorm(channels)
        self.mask = MLP(channels, channels, channels, channels)
        self.minimap = nn.Linear(channels, 2)
        self.no_target = MLP(channels, channels, 2)
        self.word_proj = nn.Linear(text_channels, channels, bias=False)
        nn.init.zeros_(self.word_proj.weight)
        init_matrices(self.layers)
        self.build_word_parts(channels, heads)

    def build_word_parts(self, channels: int, heads: int) -> None:
        """Make what reads the words."""
        self.word_attention = CachedAttention(channels, heads)
        self.word_norm = nn.LayerNorm(channels)
        self.word_weight = nn.Parameter(torch.zeros(()))
        init_matrices(self.word_attention)

    def forward(self, levels: Sequence[Tensor], mask_features: Tensor,
                words: Tokens) -> RegionOutputs:
        """Return the predictions.

        Args:
            levels: maps (B, C, h_i, w_i), coarse to fine.
            mask_features: (B, C, h, w); a mask is their product with an embedding.
            words: (B, L, C').
        """
        batch = mask_features.shape[0]
        words = Tokens(self.word_proj(words.feats),
                       None if self.read_padding else words.padding_mask)
        image = [self.image_tokens(level, embed) for level, embed in zip(
            levels, self.level_embed.weight, strict=True)]
        # A mask of resized features is the resized mask, and cheaper.
        resized = [F.interpolate(mask_features, size=level.shape[-2:], mode='bilinear',
                                 align_corners=False).flatten(2).detach()
                   for level in levels]
        regions = self.region_embed.weight.expand(batch, -1, -1)
        pos = self.region_pos.weight
        for number, layer in enumerate(self.layers):
            assert isinstance(layer, RegionLayer)
            level = number % len(levels)
            allowed = attend_outside(self.blocked(regions, resized[level]))
            regions = layer.gather(regions, pos, image[level], allowed)
            regions = self.read_words(number, regions, words)
            regions = layer.relate(regions, pos)
        return self.predict(regions, words, mask_features)

    @staticmethod
    def image_tokens(level: Tensor, embed: Tensor) -> tuple[Tensor, Tensor]:
        """Return keys and values (B, N, C) of a map (B, C, h, w)."""
        values = level.flatten(2).transpose(1, 2) + embed
        pos = grid_position(tuple(level.shape[-2:]), values.shape[-1], level.device)
        return values + pos, values

    @without_gradients
    def blocked(self, regions: Tensor, mask_features: Tensor) -> Tensor:
        """Return where regions (B, Q, C) may not attend in a map (B, C, N)."""
        return self.mask(self.norm(regions)) @ mask_features < 0

    def read_words(self, number: int, regions: Tensor, words: Tokens) -> Tensor:
        """Return regions (B, Q, C) that have read the words, in the first layer."""
        if number > 0:
            return regions
        found = attend_tokens(self.word_attention, regions, words)
        read = self.word_norm(regions + found)
        return regions + self.word_share * self.word_weight.sigmoid() * read

    def predict(self, regions: Tensor, words: Tokens,
                mask_features: Tensor) -> RegionOutputs:
        """Return the predictions of the final regions (B, Q, C)."""
        normed = self.norm(regions)
        return self.predict_masks(self.mask(normed), normed, mask_features)

    def predict_masks(self, mask_embeddings: Tensor, normed_regions: Tensor,
                      mask_features: Tensor) -> RegionOutputs:
        """Return the masks, and the votes that weight them.

        Args:
            mask_embeddings: (B, Q, C); the product of one with the mask features is the
                mask of a region.
            normed_regions: (B, Q, C), what votes are predicted from.
            mask_features: (B, C, h, w).
        """
        minimap = self.minimap(normed_regions)
        total = minimap.transpose(1, 2) @ mask_embeddings  # (B, 2, C)
        masks = (total @ mask_features.flatten(2)).unflatten(
            2, mask_features.shape[-2:])
        return RegionOutputs(masks, minimap, self.no_target(normed_regions).mean(1))


@MODELS.register_module()
class LateWordDecoder(RegionDecoder):
    """``RegionDecoder`` whose regions read the words after the last layer.

    What they read changes their votes, not their masks. Its authors note that training
    is unstable and may fail; their later code, and ``RegionDecoder``, reads early.

    Source: Liu et al., "GRES", CVPR 2023.
    """

    def build_word_parts(self, channels: int, heads: int) -> None:
        """Make what reads the words."""
        self.word_attention = CachedAttention(channels, heads)
        self.word_norm = nn.LayerNorm(channels)
        self.last_attention = CachedAttention(channels, heads)
        self.last_norm = nn.LayerNorm(channels)
        self.read_proj = nn.Linear(channels, channels, bias=False)
        self.word_weight = nn.Parameter(torch.zeros(()))
        self.vote_norm = nn.LayerNorm(channels)
        init_matrices(self.word_attention)
        init_matrices(self.last_attention)
        nn.init.zeros_(self.read_proj.weight)

    def read_words(self, number: int, regions: Tensor, words: Tokens) -> Tensor:
        """Return the regions as they are."""
        return regions

    def predict(self, regions: Tensor, words: Tokens,
                mask_features: Tensor) -> RegionOutputs:
        """Return the predictions of the final regions (B, Q, C)."""
        of_words = self.word_norm(
            regions + attend_tokens(self.word_attention, regions, words))
        of_regions = self.last_norm(
            regions + attend(self.last_attention, regions, regions, regions))
        read = self.read_proj(of_words + of_regions)
        voting = regions + self.word_share * self.word_weight.sigmoid() * read
        return self.predict_masks(self.mask(self.norm(regions)), self.vote_norm(voting),
                                  mask_features)
