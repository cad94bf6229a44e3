"""From a list of packed samples to a batch whose tensors are one buffer."""
from typing import Any, Sequence, Union

import torch
from mmengine.structures import InstanceData
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from segvg.structures.data_sample import ExpressionGroup, GroundingDataSample
from segvg.structures.geometry import Geometry
from segvg.structures.packing import PackedTensors
from segvg.structures.sample_list import SampleList

#: Name of a tensor of the batch, or number of a sample and name of its field.
BatchKey = Union[str, tuple[int, str]]
PackedBatch = PackedTensors[BatchKey]
#: Padding of texts; the preprocessor replaces it by the token id of padding.
NO_TOKEN = -1
#: Fields of samples that are stacked in tensors of the batch.
STACKED = ('token_ids', 'text_padding_mask', 'phrase_ids', 'phrase_padding_mask')


def collate(images: Sequence[Tensor], groups: Sequence[ExpressionGroup]) -> dict:
    """Return a batch of I images and their B expressions.

    Args:
        images: I tensors (3, h, w).
        groups: the expressions of each.

    Returns:
        ``inputs``, a ``PackedBatch``, and ``data_samples``, for each image a group of
        samples without their packed fields. The packed tensors are ``images``
        (I, 3, H, W), zero in the padding; ``windows`` (I, 4) int64, top, bottom, left
        and right of each image on the canvas, bottom and right exclusive;
        ``image_index`` (B,); ``ids`` and ``text_padding_mask`` (B, L); for captions
        ``phrase_ids`` and ``phrase_padding_mask`` (B, P, L') and ``phrase_tokens``
        (B, P, L); for every sample its ``frame`` and the tensors of its
        ``gt_instances``.

    Raises:
        ValueError: some expressions of the batch have phrases and others have none.
    """
    samples = [sample for group in groups for sample in group]
    tensors: dict[BatchKey, Tensor] = {}
    tensors['images'], tensors['windows'] = _paste(
        images, [next(iter(group)) for group in groups])
    tensors['image_index'] = torch.tensor(
        [number for number, group in enumerate(groups) for _ in group])
    tensors['ids'] = pad_sequence([sample.token_ids for sample in samples],
                                  batch_first=True, padding_value=NO_TOKEN)
    tensors['text_padding_mask'] = pad_sequence(
        [sample.text_padding_mask for sample in samples], batch_first=True,
        padding_value=True)
    tensors.update(_stack_phrases(samples, tensors['ids'].shape[1]))
    left = []
    for number, sample in enumerate(samples):
        packed, rest = _split(sample)
        tensors.update({(number, name): value for name, value in packed.items()})
        left.append(rest)
    rest_of = iter(left)
    return dict(inputs=PackedTensors.pack(tensors), data_samples=SampleList(
        ExpressionGroup([next(rest_of) for _ in group]) for group in groups))


def _paste(images: Sequence[Tensor],
           samples: Sequence[GroundingDataSample]) -> tuple[Tensor, Tensor]:
    """Return images (I, 3, H, W) on a canvas and their windows (I, 4)."""
    height = max(sample.canvas_shape[0] for sample in samples)
    width = max(sample.canvas_shape[1] for sample in samples)
    pasted = images[0].new_zeros((len(images), 3, height, width))
    windows = []
    for canvas, image, sample in zip(pasted, images, samples, strict=True):
        left, top = sample.paste_offset
        bottom, right = top + image.shape[1], left + image.shape[2]
        canvas[:, top:bottom, left:right] = image
        windows.append((top, bottom, left, right))
    return pasted, torch.tensor(windows)


def _stack_phrases(samples: Sequence[GroundingDataSample],
                   length: int) -> dict[BatchKey, Tensor]:
    """Return the phrases of B captions of L tokens (``length``), if they have any."""
    has_phrases = ['phrase_ids' in sample for sample in samples]
    if not any(has_phrases):
        return {}
    if not all(has_phrases):
        raise ValueError(
            'a batch has captions with phrases and expressions without, the first '
            f'of these is {samples[has_phrases.index(False)].get("text")!r}: use '
            'one data set, or TokenizePhrases for all')
    count, width = (max(sample.phrase_ids.shape[axis] for sample in samples)
                    for axis in (0, 1))
    ids = samples[0].phrase_ids.new_full((len(samples), count, width), NO_TOKEN)
    padding_mask = torch.ones_like(ids, dtype=torch.bool)
    tokens = padding_mask.new_zeros((len(samples), count, length))
    # An empty phrase is [CLS] [SEP], which begin and end any text.
    ids[..., :2] = samples[0].token_ids[[0, -1]]
    padding_mask[..., :2] = False
    for i, sample in enumerate(samples):
        rows, columns = sample.phrase_ids.shape
        ids[i, :rows, :columns] = sample.phrase_ids
        padding_mask[i, :rows, :columns] = sample.phrase_padding_mask
        tokens[i, :rows, :sample.phrase_tokens.shape[1]] = sample.phrase_tokens > 0
    return dict(phrase_ids=ids, phrase_padding_mask=padding_mask, phrase_tokens=tokens)


def _copy(sample: GroundingDataSample, *left_out: str) -> GroundingDataSample:
    """Return a new sample that shares all but some of its fields with another.

    ``sample.new()`` would copy every value of the metainfo, once per sample and step.
    """
    new = type(sample)()
    for name, value in sample.metainfo_items():
        new.set_field(value, name, field_type='metainfo')
    new.set_data({name: value for name, value in sample.items()
                  if name not in left_out})
    return new


def _split(sample: GroundingDataSample
           ) -> tuple[dict[str, Tensor], GroundingDataSample]:
    """Return the fields of a sample for the device, and a sample of the others."""
    rest = _copy(sample, *STACKED, 'gt_instances')
    packed: dict[str, Tensor] = {}
    frame = Geometry.frame_of(sample.metainfo)
    if frame is not None:
        packed['frame'] = frame
    if 'gt_instances' in sample:
        others: dict[str, Any] = {}
        for name, value in sample.gt_instances.items():
            (packed if isinstance(value, Tensor) else others)[name] = value
        rest.gt_instances = InstanceData(**others)
    return packed, rest


def join(sample: GroundingDataSample, packed: dict[str, Tensor]) -> GroundingDataSample:
    """Return a new sample: a given one with its packed fields added."""
    whole = _copy(sample, 'gt_instances')
    packed = dict(packed)
    if 'frame' in packed:
        whole.set_data(dict(frame=packed.pop('frame')))
    if 'gt_instances' in sample:
        whole.gt_instances = InstanceData(**packed, **dict(sample.gt_instances.items()))
    return whole
