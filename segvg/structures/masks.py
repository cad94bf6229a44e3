"""Masks: polygons, run-length codes and bitmaps. Plain functions."""
from typing import TYPE_CHECKING, Iterator, Optional, Union

import numpy as np

from segvg.structures.images import open_image

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

MASK_FORMATS = ('PNG', 'BMP', 'TIFF', 'GIF', 'PPM', 'JPEG')
MAX_RUN_CHARACTERS = 12  # of five bits each
MAX_PIXELS = 1 << 27
MAX_COORDINATE = 1e6  # px; pycocotools walks along each edge


def decode_polygons(polygons: list, height: int, width: int) -> np.ndarray:
    """Return the union (H, W) bool of polygons given as flat x, y lists.

    Parts with fewer than three points have no area and are left out (pycocotools reads
    four numbers as a box).
    """
    from pycocotools import mask as coco_mask
    _check_memory(height, width)
    polygons = [part for part in polygons if len(part) >= 6]
    for part in polygons:  # on others pycocotools can end the process
        values = np.asarray(part, dtype=np.float64)
        if values.ndim != 1 or len(values) % 2 or not (
                np.abs(values) <= MAX_COORDINATE).all():
            raise ValueError('a polygon is a list of x, y, x, y, ... of pixels up to '
                             f'{MAX_COORDINATE:.0e}')
    if not polygons:
        return np.zeros((height, width), dtype=bool)
    codes = coco_mask.frPyObjects(polygons, height, width)
    return coco_mask.decode(coco_mask.merge(codes)).view(bool)  # of 0 and 1


def decode_rle(code: dict) -> np.ndarray:
    """Return the mask (H, W) bool of a run-length code, compressed or not.

    Raises:
        ValueError: its runs are not those of a mask of its size.
    """
    height, width = code['size']
    counts = code['counts']
    try:
        runs = np.asarray(counts if isinstance(counts, list) else run_lengths(counts))
    except (TypeError, OverflowError) as error:
        raise ValueError(f'run lengths that are not numbers ({error})') from None
    if (height * width > MAX_PIXELS or runs.ndim != 1
            or (len(runs) and runs.dtype.kind not in 'iu')
            or (runs < 0).any() or (runs > height * width).any()
            or runs.sum() != height * width):
        raise ValueError(f'run lengths that are not those of a mask of {height} x '
                         f'{width} pixels (rows x columns)')
    values = np.arange(len(runs)) % 2 == 1
    return np.repeat(values, runs).reshape(width, height).T


def run_lengths(text: Union[str, bytes]) -> np.ndarray:
    """Return the runs (R,) int64 of a compressed run-length code.

    Six bits a character from '0' on: five of the number, lowest first, and one that
    says that more follow. From the fourth on a run is stored as the difference to the
    run two before.

    Raises:
        ValueError: it has other characters, ends within a run, or a run of more than
            60 bits.
    """
    data = text.encode('latin1', 'replace') if isinstance(text, str) else text
    bits = np.frombuffer(data, np.uint8).astype(np.int64) - ord('0')
    if not len(bits):
        return bits
    last = (bits & 0x20) == 0
    if (bits < 0).any() or (bits > 0x3f).any() or not last[-1]:
        raise ValueError('a compressed code has characters from 0 to o, and ends with '
                         'a run')
    starts = np.flatnonzero(np.append(True, last[:-1]))
    lengths = np.diff(np.append(starts, len(bits)))
    if lengths.max() > MAX_RUN_CHARACTERS:
        raise ValueError('a run of more than 60 bits')
    shifts = 5 * (np.arange(len(bits)) - np.repeat(starts, lengths))
    runs = np.add.reduceat((bits & 0x1f) << shifts, starts)
    is_negative = (bits[last] & 0x10) != 0
    runs -= is_negative.astype(np.int64) << (5 * lengths)
    runs[1::2] = np.cumsum(runs[1::2])
    runs[2::2] = np.cumsum(runs[2::2])
    return runs


def encode_rle(mask: np.ndarray) -> dict:
    """Return the compressed run-length code of a mask (H, W), counts as text."""
    from pycocotools import mask as coco_mask
    code = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    return dict(size=list(code['size']), counts=code['counts'].decode('ascii'))


def decode_segmentation(record: Optional[dict], height: int, width: int) -> np.ndarray:
    """Return the mask (H, W) bool of a canonical mask record.

    Args:
        record: ``{'poly': [flat lists]}``, ``{'rle': {'size', 'counts'}}`` or
            ``{'file': path of a PNG}``.
        height: rows of the image, pixels.
        width: columns of the image, pixels.

    Raises:
        ValueError: the annotation has no mask, or one of an unknown form or a
            wrong size.
    """
    if not record:
        raise ValueError('the annotation has no mask to decode')
    if 'poly' in record:
        return decode_polygons(record['poly'], height, width)
    if 'rle' in record:
        mask = decode_rle(record['rle'])
    elif 'file' in record:
        mask = _read_picture(record['file'], height, width)
    else:
        raise ValueError(
            f"a mask record has 'poly', 'rle' or 'file', not {list(record)}")
    _check_size(mask.shape, height, width)
    return mask


def _read_picture(path: str, height: int, width: int) -> np.ndarray:
    """The mask of a picture; its size is compared before its pixels are unpacked."""
    with open_image(path, MAX_PIXELS, MASK_FORMATS) as image:
        _check_size(image.size[::-1], height, width)
        _check_memory(height, width)
        return object_pixels(image)


def object_pixels(image: 'Image.Image') -> np.ndarray:
    """The mask (H, W) bool of a picture: what is not 0 is the object.

    So masks of 0 and 1, of 0 and 255, numbers of instances and indices into a palette
    are all read alike. In a picture with channels one that is not 0 is enough, and what
    is fully transparent is not the object. A JPEG cannot say 0 exactly: there the
    object is what is brighter than half.
    """
    if image.format == 'JPEG':
        return np.asarray(image.convert('L')) > 127
    if image.mode == 'PA':
        image = image.convert('RGBA')
    pixels = np.asarray(image)
    if pixels.ndim == 2:
        return pixels != 0
    if image.mode in ('LA', 'RGBA'):
        return (pixels[..., :-1] != 0).any(-1) & (pixels[..., -1] != 0)
    return (pixels != 0).any(-1)


def _check_memory(height: int, width: int) -> None:
    if height * width > MAX_PIXELS:
        raise ValueError(f'a mask of {height:,} x {width:,} pixels (rows x columns), '
                         f'more than {MAX_PIXELS:,}')


def _check_size(shape: tuple[int, ...], height: int, width: int) -> None:
    if shape != (height, width):
        raise ValueError(
            f'a mask of {shape[0]} x {shape[1]} pixels (rows x columns) for an image '
            f'of {height} x {width}')


def decode_resized(record: Optional[dict], size: tuple[int, int],
                   new_size: tuple[int, int]) -> np.ndarray:
    """Return the mask (H, W) bool of a record in an image that was resized.

    Polygons are scaled and filled anew, other masks take their nearest pixels.

    Args:
        record: as in ``decode_segmentation``.
        size: H0, W0 of the image.
        new_size: H, W after resizing.

    Raises:
        ValueError: as ``decode_segmentation``.
    """
    if record and 'poly' in record:
        scale = (new_size[1] / size[1], new_size[0] / size[0])
        polygons = [(np.reshape(part, (-1, 2)) * scale).ravel().tolist()
                    for part in record['poly'] if len(part) >= 6]
        return decode_polygons(polygons, *new_size)
    from PIL import Image
    mask = Image.fromarray(decode_segmentation(record, *size))
    return np.asarray(mask.resize(new_size[::-1], Image.Resampling.NEAREST))


def mask_parts(mask: np.ndarray,
               min_pixels: int = 1) -> tuple[np.ndarray, Iterator[np.ndarray]]:
    """Return the connected parts of a mask (H, W) bool.

    Pixels that touch at a corner are connected. Order: from the top, then the left.

    Args:
        mask: bool.
        min_pixels: smaller parts are left out.

    Returns:
        Boxes (P, 4) xyxy float64 around the parts, and the parts (H, W) bool one by
        one.
    """
    import cv2
    _, labels, parts, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    left, top, width, height, area = parts.T
    boxes = np.stack([left, top, left + width, top + height], axis=1).astype(np.float64)
    kept = area >= min_pixels
    kept[0] = False  # the background
    return boxes[kept], (labels == number for number in np.flatnonzero(kept))


def count_overlap(first: np.ndarray, second: np.ndarray) -> tuple[int, int]:
    """Return the pixels in the intersection and in the union of masks (H, W) bool."""
    # Counting nonzero bytes is several times as fast as summing them.
    intersection = int(np.count_nonzero(first & second))
    return intersection, (int(np.count_nonzero(first)) + int(np.count_nonzero(second))
                          - intersection)


def mask_bounds(masks: 'Tensor') -> 'Tensor':
    """Return the boxes (..., 4) float32 xyxy around masks (..., H, W) bool.

    They are half-open: x2 is the column after the last one. An empty mask has zeros.
    """
    import torch
    edges = []
    for axis in (-2, -1):  # columns, rows
        lines = masks.any(axis).to(torch.uint8)
        edges.append((lines.argmax(-1), lines.shape[-1] - lines.flip(-1).argmax(-1)))
    (left, right), (top, bottom) = edges
    boxes = torch.stack([left, top, right, bottom], dim=-1).float()
    return boxes * masks.flatten(-2).any(-1, keepdim=True)
