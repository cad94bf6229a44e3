"""From a list of packed samples to a batch: move, normalise, pad, stack."""
from typing import Any, Sequence

import torch
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from segvg.registry import MODELS
from segvg.structures import GroundingBatch, GroundingDataSample, TextTokens


@MODELS.register_module()
class GroundingDataPreprocessor(BaseDataPreprocessor):
    """Make a ``GroundingBatch`` of images with all their expressions.

    An image is normalised first and then pasted onto a canvas of zeros, so padding is
    exactly 0, the mean colour. Nothing is augmented and no annotation is edited.

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
        self._register('mean', mean)
        self._register('std', std)

    def _register(self, name: str, values: Sequence[float]) -> None:
        tensor = torch.tensor(values, dtype=torch.float32).view(3, 1, 1)
        self.register_buffer(name, tensor, persistent=False)

    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """Return ``dict(inputs=GroundingBatch, data_samples=list of B samples)``.

        Args:
            data: ``inputs``, I tensors (3, h, w) uint8, and ``data_samples``, I
                ``ExpressionGroup``, as ``PackGroundingInputs`` makes them.
            training: not used; mmengine passes it.
        """
        groups = data['data_samples']
        samples = [sample.to(self.device) for group in groups for sample in group]
        images, padding_mask = self._paste(
            data['inputs'], [next(iter(group)) for group in groups])
        counts = torch.tensor([len(group) for group in groups], device=self.device)
        index = torch.arange(len(groups), device=self.device).repeat_interleave(counts)
        batch = GroundingBatch(images, padding_mask, self._pad_text(samples), index)
        return dict(inputs=batch, data_samples=samples)

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
            image = image.to(self.device, non_blocking=True).float() / 255
            images[i, :, rows, columns] = (image - self.mean) / self.std
            padding_mask[i, rows, columns] = False
        return images, padding_mask

    def _pad_text(self, samples: list[GroundingDataSample]) -> TextTokens:
        """Return the tokens of B expressions, padded to the longest."""
        ids = torch.nn.utils.rnn.pad_sequence(
            [sample.token_ids for sample in samples], batch_first=True,
            padding_value=self.text_pad_id)
        padding_mask = torch.nn.utils.rnn.pad_sequence(
            [sample.text_padding_mask for sample in samples], batch_first=True,
            padding_value=True)
        return TextTokens(ids, padding_mask)
