"""What is exported: a grounder as one graph, or as image encoder and the rest."""
from contextlib import contextmanager
from typing import Iterator, NamedTuple, Optional

import torch
from torch import Tensor, nn

from segvg.models.grounders.base import BaseGrounder
from segvg.models.layers.deformable_attention import DeformableAttention
from segvg.structures import GroundingBatch, TextTokens, Tokens

#: The inputs of the whole graph and of the image graph; the text graph reads what the
#: image graph gives and then ``TEXT_INPUTS``.
IMAGE_INPUTS = ('images', 'padding_mask')
TEXT_INPUTS = ('token_ids', 'text_padding_mask')


class TokenLayout(NamedTuple):
    """How ``Tokens`` were taken apart into tensors, to put them together again.

    Attributes:
        names: of the tensors, in order: ``image_feats``, ``image_padding_mask``,
            ``image_pos``, ``image_map_0``, ... ; what is None is left out.
        grid: the grid of the tokens.
    """
    names: tuple[str, ...]
    grid: Optional[tuple[int, int]]

    def join(self, tensors: tuple[Tensor, ...]) -> Tokens:
        """Return the tokens of tensors in the order of ``names``."""
        parts = dict(zip(self.names, tensors, strict=True))
        maps = [parts[name] for name in self.names if name.startswith('image_map_')]
        return Tokens(parts['image_feats'], parts.get('image_padding_mask'),
                      parts.get('image_pos'), self.grid, tuple(maps) or None)


def split_tokens(tokens: Tokens) -> tuple[TokenLayout, tuple[Tensor, ...]]:
    """Take tokens apart into named tensors."""
    parts = {'image_feats': tokens.feats, 'image_padding_mask': tokens.padding_mask,
             'image_pos': tokens.pos}
    parts |= {f'image_map_{i}': values for i, values in enumerate(tokens.maps or ())}
    found = {name: values for name, values in parts.items() if values is not None}
    grid = None if tokens.grid is None else (int(tokens.grid[0]), int(tokens.grid[1]))
    return TokenLayout(tuple(found), grid), tuple(found.values())


class WholeGraph(nn.Module):
    """One image and B expressions in, the head's ``answer`` out.

    Args:
        model: the grounder, in evaluation mode.
    """

    def __init__(self, model: BaseGrounder) -> None:
        super().__init__()
        self.model = model
        self.names: tuple[str, ...] = ()  # of the outputs, known after a call

    def forward(self, images: Tensor, padding_mask: Tensor, token_ids: Tensor,
                text_padding_mask: Tensor) -> tuple[Tensor, ...]:
        """Return the tensors of the answer.

        Args:
            images: (1, 3, H, W) float, normalised, 0 where padded.
            padding_mask: (1, H, W) bool, True = padding.
            token_ids: (B, L) int64.
            text_padding_mask: (B, L) bool, True = padding.
        """
        batch = batch_of(images, padding_mask, token_ids, text_padding_mask)
        with as_recorded(self.model):
            answer = self.model.head.answer(self.model.extract(batch))
        self.names = tuple(answer)
        return tuple(answer.values())


class ImageGraph(nn.Module):
    """One image in, what the text has no part in out.

    Args:
        model: the grounder, in evaluation mode.
    """

    def __init__(self, model: BaseGrounder) -> None:
        super().__init__()
        self.model = model
        self.layout: Optional[TokenLayout] = None  # known after a call

    def forward(self, images: Tensor, padding_mask: Tensor) -> tuple[Tensor, ...]:
        """Return the tensors of the image's ``Tokens``; inputs as ``WholeGraph``."""
        nothing = torch.zeros((1, 1), dtype=torch.int64, device=images.device)
        batch = batch_of(images, padding_mask, nothing, nothing.bool())
        with as_recorded(self.model):
            self.layout, tensors = split_tokens(self.model.encode_image(batch))
        return tensors


class TextGraph(nn.Module):
    """An encoded image and B expressions in, the head's ``answer`` out.

    Args:
        model: the grounder, in evaluation mode.
        layout: of the tensors of the image.
        canvas_shape: (H, W) of the canvas.
    """

    def __init__(self, model: BaseGrounder, layout: TokenLayout,
                 canvas_shape: tuple[int, int]) -> None:
        super().__init__()
        self.model = model
        self.layout = layout
        self.canvas_shape = canvas_shape
        self.names: tuple[str, ...] = ()

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        """Return the tensors of the answer.

        Args:
            tensors: those of ``ImageGraph``, then token ids (B, L) and their mask.
        """
        *parts, ids, mask = tensors
        image = self.layout.join(tuple(parts))
        # Only the shape of the images is read from here on.
        images = image.feats.new_zeros(()).expand(1, 3, *self.canvas_shape)
        padding = torch.zeros((), dtype=torch.bool, device=ids.device)
        batch = batch_of(images, padding.expand(1, *self.canvas_shape), ids, mask)
        with as_recorded(self.model):
            fused = self.model.fuse(image.select(batch.image_index), batch)
            answer = self.model.head.answer(fused)
        self.names = tuple(answer)
        return tuple(answer.values())


@contextmanager
def as_recorded(model: nn.Module) -> Iterator[None]:
    """Let a model compute as a graph does, so that what differs is the graph's fault.

    Deformable attention has a way of its own on a CPU, which no graph can have.
    """
    parts = [part for part in model.modules() if isinstance(part, DeformableAttention)]
    for part in parts:
        part.by_rows = False
    try:
        yield
    finally:
        for part in parts:
            part.by_rows = True


def batch_of(images: Tensor, padding_mask: Tensor, ids: Tensor,
             text_padding_mask: Tensor) -> GroundingBatch:
    """Return the batch of one image and all expressions."""
    index = ids.new_zeros((ids.shape[0],))
    return GroundingBatch(images, padding_mask, TextTokens(ids, text_padding_mask),
                          index)
