"""Batches of captions with phrases."""
from typing import Any, Optional

import torch
from torch import Tensor

from segvg.models.data_preprocessor import GroundingDataPreprocessor
from segvg.registry import MODELS
from segvg.structures import GroundingDataSample, Phrases


@MODELS.register_module()
class PhraseDataPreprocessor(GroundingDataPreprocessor):
    """``GroundingDataPreprocessor`` that also stacks the phrases of captions.

    Samples bring ``phrase_ids``, ``phrase_padding_mask`` and ``phrase_tokens``, as
    ``TokenizePhrases`` makes them, all of a batch or none. A caption with fewer phrases
    than another gets empty ones: start and end of a text without a word.
    """

    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """Return the batch as ``GroundingDataPreprocessor`` does, with ``phrases``."""
        out = super().forward(data, training)
        phrases = self._stack(out['data_samples'], out['inputs'].text.ids.shape[1])
        out['inputs'] = out['inputs']._replace(phrases=phrases)
        return out

    def _stack(self, samples: list[GroundingDataSample],
               length: int) -> Optional[Phrases]:
        """Return the phrases of B captions; ``length`` is L."""
        having = ['phrase_ids' in sample for sample in samples]
        if not any(having):
            return None
        if not all(having):
            raise ValueError(
                'a batch has captions with phrases and expressions without, the first '
                f'of these is {samples[having.index(False)].get("text")!r}: use one '
                'data set, or TokenizePhrases for all')
        count, width = (max(sample.phrase_ids.shape[axis] for sample in samples)
                        for axis in (0, 1))
        ids = samples[0].phrase_ids.new_full((len(samples), count, width),
                                             self.text_pad_id)
        padding_mask = torch.ones_like(ids, dtype=torch.bool)
        tokens = padding_mask.new_zeros((len(samples), count, length))
        # [CLS] [SEP] of any text.
        ids[..., :2] = self._frame(samples[0])
        padding_mask[..., :2] = False
        for i, sample in enumerate(samples):
            rows, columns = sample.phrase_ids.shape
            ids[i, :rows, :columns] = sample.phrase_ids
            padding_mask[i, :rows, :columns] = sample.phrase_padding_mask
            tokens[i, :rows, :sample.phrase_tokens.shape[1]] = (
                sample.phrase_tokens > 0)
        return Phrases(ids, padding_mask, tokens)

    @staticmethod
    def _frame(sample: GroundingDataSample) -> Tensor:
        """Return the ids (2,) that begin and end a text."""
        return sample.token_ids[[0, -1]]
