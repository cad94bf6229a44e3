"""What enters a grounder: images, expressions, and which expression is about which."""
from typing import NamedTuple

from torch import Tensor


class TextTokens(NamedTuple):
    """The expressions of a batch.

    Attributes:
        ids: (B, L) int64.
        padding_mask: (B, L) bool, True = padding.
    """
    ids: Tensor
    padding_mask: Tensor


class GroundingBatch(NamedTuple):
    """I images and B expressions; expression b is about image ``image_index[b]``.

    Attributes:
        images: (I, 3, H, W) float, normalised, 0 where padded.
        padding_mask: (I, H, W) bool, True = padding.
        text: B expressions.
        image_index: (B,) int64, the image of each expression.
    """
    images: Tensor
    padding_mask: Tensor
    text: TextTokens
    image_index: Tensor
