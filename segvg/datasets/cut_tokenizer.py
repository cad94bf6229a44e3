"""BERT's tokenizer with the end cut off, special token and all."""
from typing import Optional

import numpy as np

from segvg.datasets.tokenizers import WordPieceTokenizer
from segvg.registry import TASK_UTILS


@TASK_UTILS.register_module()
class CutWordPieceTokenizer(WordPieceTokenizer):
    """``WordPieceTokenizer`` that cuts too long a text after adding ``[SEP]``.

    A text that is cut has no ``[SEP]`` then, as in the published ReLA and LAVT.
    """

    def encode(self, text: str,
               max_length: Optional[int] = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids (L,) int64 and the spans (L, 2) of the pieces."""
        ids, spans = super().encode(text)
        return ids[:max_length], spans[:max_length]
