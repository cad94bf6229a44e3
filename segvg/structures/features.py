"""What moves from the encoders to the fusion and from there to a head."""
from typing import NamedTuple, Optional

import torch
from torch import Tensor


class Tokens(NamedTuple):
    """Tokens of one kind.

    Attributes:
        feats: (B, N, C).
        padding_mask: (B, N) bool, True = padding; None when nothing is padding.
        pos: (B, N, C) or (1, N, C) position encoding, None when there is none.
        grid: (h, w) of the image tokens among them, row by row; None without any.
        maps: maps of the image for masks, coarse to fine, each (B, C_i, h_i, w_i).
        pooled: (B, C), one vector for all tokens, of text encoders that have one.
    """
    feats: Tensor
    padding_mask: Optional[Tensor] = None
    pos: Optional[Tensor] = None
    grid: Optional[tuple[int, int]] = None
    maps: Optional[tuple[Tensor, ...]] = None
    pooled: Optional[Tensor] = None

    def select(self, index: Tensor) -> 'Tokens':
        """Return the tokens of the batch entries ``index`` (B',), repeats allowed."""
        pos = self.pos
        if pos is not None and len(pos) == len(self.feats):
            pos = pos[index]
        mask = self.padding_mask
        maps = self.maps
        if maps is not None:
            maps = tuple(values[index] for values in maps)
        return Tokens(self.feats[index], None if mask is None else mask[index], pos,
                      self.grid, maps,
                      None if self.pooled is None else self.pooled[index])


class FusedFeatures(NamedTuple):
    """Image and text after they have met.

    Attributes:
        memory: all tokens after the fusion, (B, N, C), with the grid of the image
            tokens among them and, if masks are asked for, maps of the image.
        image_slice: where the h * w image tokens lie among the N, row by row.
        canvas_shape: (H, W) of the canvas in pixels.
        queries: (B, Q, C), what a decoder starts from.
        query_pos: (1, Q, C) or (B, Q, C), position encoding of the queries.
        query_padding_mask: (B, Q) bool, True = a query that the others do not see.
        words: the text beside the memory, (B, L, C'), for a head that reads it again.
    """
    memory: Tokens
    image_slice: slice
    canvas_shape: tuple[int, int]
    queries: Optional[Tensor] = None
    query_pos: Optional[Tensor] = None
    query_padding_mask: Optional[Tensor] = None
    words: Optional[Tokens] = None

    @property
    def image(self) -> Tensor:
        """The image tokens of the memory, (B, h * w, C)."""
        return self.memory.feats[:, self.image_slice]

    @property
    def grid(self) -> tuple[int, int]:
        """(h, w) of the image tokens."""
        if self.memory.grid is None:
            raise ValueError('a head asks for the grid of the image tokens, but the '
                             'fusion gives none: set grid of its memory')
        return self.memory.grid

    @property
    def maps(self) -> tuple[Tensor, ...]:
        """Maps of the image for masks, coarse to fine, each (B, C_i, h_i, w_i)."""
        if self.memory.maps is None:
            raise ValueError('a head asks for maps of the image, but the image encoder '
                             'gives none: set return_maps=True of it')
        return self.memory.maps


def join_padding_masks(*streams: Tokens) -> Tensor:
    """Return the padding mask (B, N) of all streams one after the other."""
    return torch.cat([
        tokens.feats.new_zeros(tokens.feats.shape[:2], dtype=torch.bool)
        if tokens.padding_mask is None else tokens.padding_mask for tokens in streams
    ], dim=1)
