"""Frames: where the original image lies on the canvas, and the way back to it.

The canvas is what a model sees, the resized image with padding around it. Boxes of a
model are cxcywh in [0, 1] of a frame: ``'canvas'``, where padding counts, or
``'image'``, the part of the canvas that shows the image.
"""
from typing import (
    Any,
    Iterable,
    Iterator,
    Literal,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Union,
)

import torch
import torch.nn.functional as F
from torch import Tensor

from segvg.structures.boxes import cxcywh_to_xyxy, xyxy_to_cxcywh
from segvg.structures.data_sample import GroundingDataSample
from segvg.structures.packing import whole_numbers

Frame = Literal['canvas', 'image']
FRAMES = ('canvas', 'image')
FRAME_KEYS = ('scale_factor', 'pad_offset', 'paste_offset', 'img_shape', 'ori_shape',
              'canvas_shape')
Window = tuple[slice, slice]


def _entry(meta: Mapping[str, Any], key: str) -> Any:
    """Return an entry of the metainfo or say which one is missing."""
    if key not in meta:
        raise KeyError(f'{key!r} is missing in the metainfo of {meta.get("img_path")}: '
                       'the frame of its boxes and masks is unknown '
                       '(PackGroundingInputs packs it)')
    return meta[key]


class Geometry(NamedTuple):
    """Where one image, or each of the B of a batch, lies on its canvas.

    A point p of the original image lies at ``p * scale + offset`` on the canvas. All
    fields are float64 on the CPU, x before y: (2,) for one image, (B, 2) for a batch.
    Computations on a device read ``moved``, so that nothing is copied.

    Attributes:
        scale: canvas pixels per pixel of the original image.
        offset: where the corner of the original image lies on the canvas, also when it
            was cropped away.
        corner: where the corner of what the canvas shows of the image lies.
        size: width and height of what the canvas shows of the image.
        original_size: width and height of the original image.
        canvas_size: width and height of the canvas, in a batch that of the largest.
        moved: all fields above on the device of the batch, (6, 2) or (B, 6, 2); None:
            each computation on a device copies the fields that it needs.
    """
    scale: Tensor
    offset: Tensor
    corner: Tensor
    size: Tensor
    original_size: Tensor
    canvas_size: Tensor
    moved: Optional[Tensor] = None

    @classmethod
    def from_meta(cls, meta: Mapping[str, Any],
                  canvas_shape: Optional[tuple[int, int]] = None) -> 'Geometry':
        """Return the geometry of one image.

        Args:
            meta: metainfo of a ``GroundingDataSample``.
            canvas_shape: (H, W) of the canvas; None: the image's own.

        Raises:
            KeyError: an entry is missing.
        """
        return cls._stack([meta], canvas_shape).select(0)

    @classmethod
    def from_samples(cls, data_samples: Sequence[GroundingDataSample],
                     canvas_shape: Optional[tuple[int, int]] = None) -> 'Geometry':
        """Return the geometry of the B samples of a batch.

        Args:
            data_samples: B samples.
            canvas_shape: (H, W) to which all canvases are padded; None: the smallest
                into which they fit.

        Raises:
            KeyError: an entry of the metainfo is missing.
        """
        geometry = cls._stack([sample.metainfo for sample in data_samples],
                              canvas_shape)
        frames = [sample.get('frame') for sample in data_samples]
        if any(frame is None or frame.device.type == 'cpu' for frame in frames):
            return geometry
        moved = torch.stack(frames)  # (B, 6, 2), canvas sizes of single images
        if canvas_shape is None:
            moved[:, -1] = moved[:, -1].amax(0)
        else:
            for axis, side in enumerate(reversed(canvas_shape)):
                moved[:, -1, axis] = side
        return geometry._replace(moved=moved)

    @classmethod
    def frame_of(cls, meta: Mapping[str, Any]) -> Optional[Tensor]:
        """Return the fields of an image as one tensor, (6, 2) float64 on the CPU.

        Samples bring it to the device as ``frame``, where it becomes ``moved``. It is
        None if an entry of the metainfo is missing.
        """
        if any(key not in meta for key in FRAME_KEYS):
            return None
        sizes = [meta[key][::-1] for key in ('img_shape', 'ori_shape', 'canvas_shape')]
        return torch.tensor([meta['scale_factor'], meta['pad_offset'],
                             meta['paste_offset'], *sizes], dtype=torch.float64)

    @classmethod
    def _stack(cls, metas: Sequence[Mapping[str, Any]],
               canvas_shape: Optional[tuple[int, int]]) -> 'Geometry':
        """Return the geometry of B metainfos."""
        def pairs(key: str) -> Tensor:
            return torch.tensor([tuple(_entry(meta, key)) for meta in metas],
                                dtype=torch.float64)

        canvas = (pairs('canvas_shape').amax(0) if canvas_shape is None
                  else torch.tensor(tuple(canvas_shape), dtype=torch.float64))
        return cls(pairs('scale_factor'), pairs('pad_offset'), pairs('paste_offset'),
                   pairs('img_shape').flip(1), pairs('ori_shape').flip(1),
                   canvas.flip(0).expand(len(metas), 2))

    def select(self, index: Union[int, list[int]]) -> 'Geometry':
        """Return one image of a batch, or a batch of some of them, repeats allowed."""
        moved = self.moved
        if moved is not None:
            moved = moved[index if isinstance(index, int) else whole_numbers(
                index, moved.device)]
        return Geometry(*(values[index] for values in self[:6]))._replace(moved=moved)

    # -- points and boxes --------------------------------------------------------------

    def _read(self, like: Tensor, *fields: str) -> list[Tensor]:
        """Return fields, each (1, 2) or (B, 1, 2), in type and device of a tensor.

        Args:
            like: (..., N, C) for one image, (..., B, N, C) for a batch.
            fields: their names.
        """
        if self.scale.dim() == 2 and (
                like.dim() < 3 or like.shape[-3] != len(self.scale)):
            raise ValueError(f'a tensor of shape {tuple(like.shape)} for a batch of '
                             f'{len(self.scale)} images: expected (..., B, N, C)')
        if self.moved is not None and self.moved.device == like.device:
            moved = self.moved.to(like.dtype).unsqueeze(-2)  # (..., 6, 1, 2)
            return [moved[..., self._fields.index(name), :, :] for name in fields]
        return list(torch.stack([getattr(self, name) for name in fields]
                                ).unsqueeze(-2).to(like))

    def _frame(self, like: Tensor, frame: Frame) -> tuple[Tensor, Tensor]:
        """Return corner and size of a frame on the canvas, as ``_read`` does."""
        if frame not in FRAMES:
            raise ValueError(f'a frame is one of {FRAMES}, not {frame!r}')
        if frame == 'canvas':
            size, = self._read(like, 'canvas_size')
            return torch.zeros_like(size), size
        corner, size = self._read(like, 'corner', 'size')
        return corner, size

    def normalize_boxes(self, bboxes: Tensor, frame: Frame) -> Tensor:
        """Change (..., T, 4) xyxy canvas pixels to cxcywh in [0, 1] of a frame."""
        corner, size = self._frame(bboxes, frame)
        moved = bboxes - torch.cat([corner, corner], -1)
        return xyxy_to_cxcywh(moved) / torch.cat([size, size], -1)

    def boxes_to_image(self, boxes: Tensor, frame: Frame, *,
                       clip: bool = True) -> Tensor:
        """Move boxes from a frame to the original image.

        Args:
            boxes: (..., Q, 4) cxcywh in [0, 1] of the frame.
            frame: ``'canvas'`` or ``'image'``.
            clip: cut off what lies beyond the image.

        Returns:
            (..., Q, 4) xyxy pixels of the original image.
        """
        corner, size = self._frame(boxes, frame)
        corners = cxcywh_to_xyxy(boxes).unflatten(-1, (2, 2)).flatten(-3, -2)
        points = self.points_to_image(corners * size + corner, clip=clip)
        return points.reshape(boxes.shape)

    def points_to_image(self, points: Tensor, *, clip: bool = False) -> Tensor:
        """Move points (..., N, 2) from canvas pixels to pixels of the original image.

        With ``clip`` points beyond the image are moved to its border.
        """
        scale, offset, limit = self._read(points, 'scale', 'offset', 'original_size')
        points = (points - offset) / scale
        return points.clamp(min=0).minimum(limit) if clip else points

    # -- masks -------------------------------------------------------------------------

    @property
    def windows(self) -> list[Window]:
        """Rows and columns of the canvas that show the image, for each image."""
        starts = self.corner.reshape(-1, 2).long()
        stops = starts + self.size.reshape(-1, 2).long()
        return [(slice(top, bottom), slice(left, right)) for (left, top), (
            right, bottom) in zip(starts.tolist(), stops.tolist())]

    def masks_to_network(self, masks: Iterable[Tensor]) -> Iterator[Tensor]:
        """Cut the image out of masks over the canvas.

        Args:
            masks: for each image (Q, h, w) of any size over the canvas, float;
                enlarged to the canvas bilinearly.

        Yields:
            For each image masks of the size at which the network saw it.
        """
        width, height = self.canvas_size.reshape(-1, 2)[0].long().tolist()
        for values, (rows, columns) in zip(masks, self.windows, strict=True):
            yield _resize(values, (height, width))[:, rows, columns]

    def masks_to_image(self, masks: Iterable[Tensor]) -> Iterator[Tensor]:
        """Move masks over the canvas to the original images, bilinearly.

        Args:
            masks: as for ``masks_to_network``.

        Yields:
            For each image masks (Q, H0, W0), float: one at a time, since those of a
            batch can fill the memory.
        """
        sizes = self.original_size.reshape(-1, 2).long().tolist()
        for values, (width, height) in zip(self.masks_to_network(masks), sizes,
                                           strict=True):
            yield _resize(values, (height, width))


def _resize(masks: Tensor, shape: tuple[int, int]) -> Tensor:
    """Return masks (Q, H, W) of a shape by bilinear interpolation; Q may be 0."""
    if tuple(masks.shape[-2:]) == shape:
        return masks
    if not len(masks):
        return masks.new_zeros((0, *shape))
    return F.interpolate(masks[None], size=shape, mode='bilinear',
                         align_corners=False)[0]
