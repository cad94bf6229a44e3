"""What enters a grounder: images, expressions, and which expression is about which."""
from typing import NamedTuple, Optional

from torch import Tensor


class TextTokens(NamedTuple):
    """The expressions of a batch.

    Attributes:
        ids: (B, L) int64.
        padding_mask: (B, L) bool, True = padding.
    """
    ids: Tensor
    padding_mask: Tensor


class Phrases(NamedTuple):
    """P phrases of each of B captions; a caption with fewer has empty ones at the end.

    Attributes:
        ids: (B, P, L') int64, each phrase as a text of its own.
        padding_mask: (B, P, L') bool, True = padding.
        tokens: (B, P, L) bool, the tokens of the caption that belong to the phrase.
    """
    ids: Tensor
    padding_mask: Tensor
    tokens: Tensor

    @property
    def empty(self) -> Tensor:
        """Which phrases (B, P) have no word between their two special tokens."""
        return self.padding_mask[..., 2:].all(-1)


class GroundingBatch(NamedTuple):
    """I images and B expressions; expression b is about image ``image_index[b]``.

    Attributes:
        images: (I, 3, H, W) float, normalised, 0 where padded.
        padding_mask: (I, H, W) bool, True = padding.
        text: B expressions.
        image_index: (B,) int64, the image of each expression.
        phrases: of captions; None when an expression is one phrase itself.
    """
    images: Tensor
    padding_mask: Tensor
    text: TextTokens
    image_index: Tensor
    phrases: Optional[Phrases] = None
