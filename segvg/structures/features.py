"""What moves from the encoders to the fusion and from there to a head."""
from typing import NamedTuple, Optional

from torch import Tensor


class Tokens(NamedTuple):
    """Tokens of one kind.

    Attributes:
        feats: (B, N, C).
        padding_mask: (B, N) bool, True = padding; None when nothing is padding.
        pos: (B, N, C) or (1, N, C) position encoding, None when there is none.
        grid: (h, w) of image tokens, h * w = N, row by row; None for other tokens.
        maps: maps of the image for masks, coarse to fine, each (B, C_i, h_i, w_i).
    """
    feats: Tensor
    padding_mask: Optional[Tensor] = None
    pos: Optional[Tensor] = None
    grid: Optional[tuple[int, int]] = None
    maps: Optional[tuple[Tensor, ...]] = None

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
                      self.grid, maps)


class FusedFeatures(NamedTuple):
    """Image and text after they have met.

    Attributes:
        memory: all tokens after the fusion, (B, N, C).
        image_slice: where the h * w image tokens lie among the N, row by row.
        grid: (h, w) of the image tokens.
        canvas_shape: (H, W) of the canvas in pixels.
        queries: (B, Q, C), what a decoder starts from.
        query_pos: (1, Q, C) or (B, Q, C), position encoding of the queries.
        query_padding_mask: (B, Q) bool, True = a query that the others do not see.
        sentence: (B, C), one vector an expression.
        maps: multi-scale feature maps, each (B, C, h_i, w_i).
        words: the text beside the memory, (B, L, C'), for a head that reads it again.
    """
    memory: Tokens
    image_slice: slice
    grid: tuple[int, int]
    canvas_shape: tuple[int, int]
    queries: Optional[Tensor] = None
    query_pos: Optional[Tensor] = None
    query_padding_mask: Optional[Tensor] = None
    sentence: Optional[Tensor] = None
    maps: Optional[tuple[Tensor, ...]] = None
    words: Optional[Tokens] = None
