"""The tokenizer of a published model, as its folder describes it."""
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Optional, Union

import numpy as np

from segvg.registry import TASK_UTILS
from segvg.utils.errors import InputError
from segvg.utils.hub_files import find_model_file

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER_FILE = 'tokenizer.json'


@TASK_UTILS.register_module()
class HuggingFaceTokenizer:
    """Any tokenizer that is published as ``tokenizer.json``: one file says all of it.

    BERT, RoBERTa, DeBERTa, ModernBERT, CLIP, SigLIP2 and T5 have one. Special tokens
    are added as the file says; what is too long is cut so that they stay.

    Args:
        vocab: folder with ``tokenizer.json``, or the name of a model on the Hugging
            Face hub.
        lower_case: lower-case the text first; SigLIP2 expects it.
    """

    def __init__(self, vocab: Union[str, Path], lower_case: bool = False) -> None:
        self.vocab = str(vocab)
        self.lower_case = lower_case

    @cached_property
    def _engine(self) -> 'Tokenizer':
        """The tokenizer of the ``tokenizers`` library."""
        from tokenizers import Tokenizer
        path = find_model_file(
            self.vocab, [TOKENIZER_FILE], 'tokenizer of a language model',
            f'Copy {TOKENIZER_FILE} of the model into a folder and give its path as '
            "the tokenizer's `vocab`")
        try:
            engine = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises no class of its own
            reason = (str(error).splitlines() or [''])[0][:200]
            raise InputError(f'{path} cannot be read as a tokenizer: {reason}'
                             ) from None
        engine.no_padding()
        return engine

    def encode(self, text: str,
               max_length: Optional[int] = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the ids (L,) int64 and the spans (L, 2) of characters of the pieces.

        A span is [begin, end) in the text, without blanks; (0, 0) for special tokens.

        Raises:
            ValueError: the text gives no token, or ``max_length`` leaves no room.
        """
        engine = self._engine
        special = engine.num_special_tokens_to_add(False)
        if max_length is None:
            engine.no_truncation()
        elif max_length <= special:
            raise ValueError(f'max_length counts {special} special tokens and leaves '
                             f'room for a piece, so it is not {max_length}')
        else:
            engine.enable_truncation(max_length)
        # lower-casing makes two characters of a capital I with a dot
        origins = [index for index, character in enumerate(text)
                   for _ in (character.lower() if self.lower_case else character)]
        found = engine.encode(text.lower() if self.lower_case else text)
        if not found.ids:
            raise ValueError(f'{text!r} gives no token')
        spans = [self._span(text, origins, begin, end) for begin, end in found.offsets]
        return (np.array(found.ids, dtype=np.int64),
                np.array(spans, dtype=np.int64).reshape(-1, 2))

    @staticmethod
    def _span(text: str, origins: list[int], begin: int, end: int) -> tuple[int, int]:
        """Return the span in the text as typed, without blanks at its beginning."""
        if begin >= end:
            return 0, 0
        first, last = origins[begin], origins[end - 1] + 1
        while first < last - 1 and text[first].isspace():
            first += 1
        return first, last

    def __call__(self, text: str, max_length: Optional[int] = None) -> np.ndarray:
        """Return the ids (L,) int64, see ``encode``."""
        return self.encode(text, max_length)[0]

    def known_words(self, text: str) -> list[bool]:
        """Say of every word of the text whether the vocabulary has pieces for it."""
        text = text.lower() if self.lower_case else text
        unknown = getattr(self._engine.model, 'unk_token', None)
        known = []
        for word in text.split():
            pieces = self._engine.encode(word, add_special_tokens=False).tokens
            known.append(bool(pieces) and unknown not in pieces)
        return known

    def __getstate__(self) -> dict:
        """Leave out what can be rebuilt: workers read the file themselves."""
        return dict(vocab=self.vocab, lower_case=self.lower_case)

    def __repr__(self) -> str:
        return (f'{type(self).__name__}(vocab={self.vocab!r}, '
                f'lower_case={self.lower_case})')
