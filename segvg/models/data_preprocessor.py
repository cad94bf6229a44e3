"""From a list of packed samples to a batch on the device: move, normalise, pad."""
from typing import Any, Optional, Sequence

import torch
import torch.nn.functional as F
from mmengine.model import BaseDataPreprocessor
from torch import Tensor

from segvg.registry import MODELS
from segvg.structures import GroundingBatch, Phrases, TextTokens
from segvg.structures.collate import NO_TOKEN, PackedBatch, collate, join
from segvg.structures.packing import PackedTensors


@MODELS.register_module()
class GroundingDataPreprocessor(BaseDataPreprocessor):
    """Make a ``GroundingBatch`` of images with all their expressions.

    Everything that the device needs is moved by one copy. An image is normalised and
    the pixels around it are set to zero, so padding is exactly 0, the mean colour.
    Nothing is augmented and no annotation is edited.

    Captions may bring their phrases: ``phrase_ids``, ``phrase_padding_mask`` and
    ``phrase_tokens``, as ``TokenizePhrases`` makes them, all of a batch or none. A
    caption with fewer phrases than another gets empty ones: start and end of a text
    without a word.

    Args:
        mean: of RGB in [0, 1].
        std: of RGB in [0, 1].
        text_pad_id: token id of padding.
        text_multiple: texts are padded to a multiple of this number of tokens, so that
            a compiled model meets few lengths. Predictions do not depend on it.
        text_limit: texts are not padded beyond this length; None: no limit.
    """

    def __init__(self,
                 mean: Sequence[float] = (0.485, 0.456, 0.406),
                 std: Sequence[float] = (0.229, 0.224, 0.225),
                 *,
                 text_pad_id: int = 0,
                 text_multiple: int = 1,
                 text_limit: Optional[int] = None) -> None:
        super().__init__()
        self.text_pad_id = text_pad_id
        self.text_multiple = text_multiple
        self.text_limit = text_limit
        self.mean: Tensor
        self.std: Tensor
        for name, values in (('mean', mean), ('std', std)):
            tensor = torch.tensor(values, dtype=torch.float32).view(3, 1, 1)
            self.register_buffer(name, tensor, persistent=False)

    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """Return ``dict(inputs=GroundingBatch, data_samples=list of B samples)``.

        Of the samples only ``gt_instances`` and their frame are moved to the device:
        the rest is read on the CPU.

        Args:
            data: ``inputs``, I tensors (3, h, w) uint8, and ``data_samples``, I
                ``ExpressionGroup``, as ``PackGroundingInputs`` makes them; or both as
                ``collate_grounding`` of a data loader returns them, which leaves less
                to do here.
            training: not used; mmengine passes it.

        Raises:
            ValueError: some expressions of the batch have phrases, some have not.
        """
        if not isinstance(data['inputs'], PackedTensors):
            data = collate(data['inputs'], data['data_samples'])
        packed: PackedBatch = data['inputs']
        tensors: dict[str, Tensor] = {}
        samples = [sample for group in data['data_samples'] for sample in group]
        fields: list[dict[str, Tensor]] = [{} for _ in samples]
        for key, tensor in packed.to(self.device).unpack().items():
            if isinstance(key, str):
                tensors[key] = tensor
            else:
                fields[key[0]][key[1]] = tensor
        return dict(inputs=self._batch(tensors), data_samples=[
            join(sample, own) for sample, own in zip(samples, fields, strict=True)])

    def _batch(self, tensors: dict[str, Tensor]) -> GroundingBatch:
        """Return the batch of what ``collate`` packed, on the device."""
        images, padding_mask = self._normalize(tensors['images'], tensors['windows'])
        margin = (0, self._missing(tensors['ids'].shape[1]))
        text = TextTokens(
            self._with_padding(F.pad(tensors['ids'], margin, value=NO_TOKEN)),
            F.pad(tensors['text_padding_mask'], margin, value=True))
        phrases: Optional[Phrases] = None
        if 'phrase_ids' in tensors:
            phrases = Phrases(self._with_padding(tensors['phrase_ids']),
                              tensors['phrase_padding_mask'],
                              F.pad(tensors['phrase_tokens'], margin))
        return GroundingBatch(images, padding_mask, text, tensors['image_index'],
                              phrases)

    def _missing(self, length: int) -> int:
        """Return how many tokens of padding a text of some length gets."""
        missing = -length % self.text_multiple
        if self.text_limit is None:
            return missing
        return max(min(missing, self.text_limit - length), 0)

    def _with_padding(self, ids: Tensor) -> Tensor:
        """Return token ids in which padding has the id of the tokenizer."""
        return torch.where(ids < 0, self.text_pad_id, ids)

    def _normalize(self, pixels: Tensor, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Return images (I, 3, H, W) and padding mask (I, H, W).

        Args:
            pixels: (I, 3, H, W).
            windows: (I, 4), where the images lie.
        """
        top, bottom, left, right = windows[..., None].unbind(1)  # (I, 1)
        rows, columns = (torch.arange(size, device=pixels.device)
                         for size in pixels.shape[-2:])
        padding_mask = ~(((rows >= top) & (rows < bottom))[:, :, None]
                         & ((columns >= left) & (columns < right))[:, None])
        images = pixels.float().div_(255).sub_(self.mean).div_(self.std)
        return images.masked_fill_(padding_mask[:, None], 0), padding_mask
