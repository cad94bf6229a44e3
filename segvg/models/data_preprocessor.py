"""From a list of packed samples to a batch: normalise, pad, stack, move."""
from typing import Any, Optional, Sequence

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from segvg.registry import MODELS
from segvg.structures import GroundingBatch, GroundingDataSample, Phrases, TextTokens


@MODELS.register_module()
class GroundingDataPreprocessor(BaseDataPreprocessor):
    """Make a ``GroundingBatch`` of images with all their expressions.

    An image is normalised first and then pasted onto a canvas of zeros, so padding is
    exactly 0, the mean colour. Nothing is augmented and no annotation is edited.

    Captions may bring their phrases: ``phrase_ids``, ``phrase_padding_mask`` and
    ``phrase_tokens``, as ``TokenizePhrases`` makes them, all of a batch or none. A
    caption with fewer phrases than another gets empty ones: start and end of a text
    without a word.

    Args:
        mean: of RGB in [0, 1].
        std: of RGB in [0, 1].
        text_pad_id: token id of padding.
    """

    def __init__(self,
                 mean: Sequence[float] = (0.485, 0.456, 0.406),
                 std: Sequence[float] = (0.229, 0.224, 0.225),
                 *,
                 text_pad_id: int = 0) -> None:
        super().__init__()
        self.text_pad_id = text_pad_id
        self.mean: Tensor
        self.std: Tensor
        for name, values in (('mean', mean), ('std', std)):
            tensor = torch.tensor(values, dtype=torch.float32).view(3, 1, 1)
            self.register_buffer(name, tensor, persistent=False)

    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """Return ``dict(inputs=GroundingBatch, data_samples=list of B samples)``.

        Of the samples only ``gt_instances`` are moved to the device: the rest is read
        on the CPU.

        Args:
            data: ``inputs``, I tensors (3, h, w) uint8, and ``data_samples``, I
                ``ExpressionGroup``, as ``PackGroundingInputs`` makes them.
            training: not used; mmengine passes it.

        Raises:
            ValueError: some expressions of the batch have phrases, some have not.
        """
        groups = data['data_samples']
        samples = [sample for group in groups for sample in group]
        images, padding_mask = self._paste(
            data['inputs'], [next(iter(group)) for group in groups])
        counts = torch.tensor([len(group) for group in groups])
        index = torch.arange(len(groups)).repeat_interleave(counts)
        text = self._pad_text(samples)
        batch = GroundingBatch(images, padding_mask, text, self._move(index),
                               self._stack_phrases(samples, text.ids.shape[1]))
        return dict(inputs=batch, data_samples=[self._prepare(sample)
                                                for sample in samples])

    def _move(self, tensor: Tensor) -> Tensor:
        """Return a tensor on the device."""
        return tensor.to(self.device, non_blocking=True)

    def _prepare(self, sample: GroundingDataSample) -> GroundingDataSample:
        """Return the sample with its targets on the device."""
        prepared = sample.new()
        if 'gt_instances' in sample:
            prepared.gt_instances = sample.gt_instances.to(self.device)
        return prepared

    def _paste(self, inputs: list[Tensor],
               samples: list[GroundingDataSample]) -> tuple[Tensor, Tensor]:
        """Return images (I, 3, H, W) and padding mask (I, H, W)."""
        height = max(sample.canvas_shape[0] for sample in samples)
        width = max(sample.canvas_shape[1] for sample in samples)
        images = self.mean.new_zeros((len(inputs), 3, height, width))
        padding_mask = torch.ones(
            (len(inputs), height, width), dtype=torch.bool, device=self.device)
        for i, (image, sample) in enumerate(zip(inputs, samples)):
            left, top = sample.paste_offset
            rows = slice(top, top + image.shape[1])
            columns = slice(left, left + image.shape[2])
            pixels = self._move(image).float() / 255
            images[i, :, rows, columns] = (pixels - self.mean) / self.std
            padding_mask[i, rows, columns] = False
        return images, padding_mask

    def _pad_text(self, samples: list[GroundingDataSample]) -> TextTokens:
        """Return the tokens of B expressions, padded to the longest."""
        ids = pad_sequence([sample.token_ids for sample in samples], batch_first=True,
                           padding_value=self.text_pad_id)
        padding_mask = pad_sequence([sample.text_padding_mask for sample in samples],
                                    batch_first=True, padding_value=True)
        return TextTokens(self._move(ids), self._move(padding_mask))

    def _stack_phrases(self, samples: list[GroundingDataSample],
                       length: int) -> Optional[Phrases]:
        """Return the phrases of B captions of L tokens (``length``), if they have any.
        """
        has_phrases = ['phrase_ids' in sample for sample in samples]
        if not any(has_phrases):
            return None
        if not all(has_phrases):
            raise ValueError(
                'a batch has captions with phrases and expressions without, the first '
                f'of these is {samples[has_phrases.index(False)].get("text")!r}: use '
                'one data set, or TokenizePhrases for all')
        count, width = (max(sample.phrase_ids.shape[axis] for sample in samples)
                        for axis in (0, 1))
        ids = samples[0].phrase_ids.new_full((len(samples), count, width),
                                             self.text_pad_id)
        padding_mask = torch.ones_like(ids, dtype=torch.bool)
        tokens = padding_mask.new_zeros((len(samples), count, length))
        # An empty phrase is [CLS] [SEP], which begin and end any text.
        ids[..., :2] = samples[0].token_ids[[0, -1]]
        padding_mask[..., :2] = False
        for i, sample in enumerate(samples):
            rows, columns = sample.phrase_ids.shape
            ids[i, :rows, :columns] = sample.phrase_ids
            padding_mask[i, :rows, :columns] = sample.phrase_padding_mask
            tokens[i, :rows, :sample.phrase_tokens.shape[1]] = (
                sample.phrase_tokens > 0)
        return Phrases(*(self._move(values) for values in (ids, padding_mask, tokens)))
