"""Numbered answers on a photograph."""
from typing import NamedTuple, Optional, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from segvg.demo.answers import Item
from segvg.structures.masks import decode_rle
from segvg.visualization.drawing import INK, Color, blend_mask

LONGEST_SIDE = 1600  # pixels; a larger photograph is made smaller
SMALLEST_SIDE = 480  # a smaller picture is enlarged until its long side has this length


class Mark(NamedTuple):
    """What has one color on a picture.

    Attributes:
        tag: a short text at each box.
        color: RGB.
        bboxes: (N, 4) xyxy pixels of the image.
        mask: (H0, W0) bool, or None.
    """
    tag: str
    color: Color
    bboxes: np.ndarray
    mask: Optional[np.ndarray] = None


def marks_of(items: Sequence[Item]) -> list[Mark]:
    """Return what is drawn of answers."""
    marks = []
    for item in items:
        bboxes = [target['bbox'] for target in item.targets if target['bbox']]
        masks = [decode_rle(target['mask']) for target in item.targets
                 if target.get('mask')]
        marks.append(Mark(str(item.number), item.color,
                          np.array(bboxes, dtype=np.float64).reshape(-1, 4),
                          np.logical_or.reduce(masks) if masks else None))
    return marks


def draw_marks(image: np.ndarray, marks: Sequence[Mark]) -> np.ndarray:
    """Return a picture (H, W, 3) uint8 with masks, boxes and, above them, tags.

    Args:
        image: (H0, W0, 3) uint8 RGB.
        marks: later ones are drawn over earlier ones.
    """
    side = max(image.shape[:2])
    scale = min(max(1.0, SMALLEST_SIDE / side), LONGEST_SIDE / side)
    width, height = (max(1, round(pixels * scale)) for pixels in image.shape[1::-1])
    size = (width, height)
    pixels = np.array(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
    for mark in marks:
        if mark.mask is not None:
            mask = Image.fromarray(mark.mask).resize(size, Image.Resampling.NEAREST)
            pixels = blend_mask(pixels, np.array(mask), mark.color)
    picture = Image.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    for mark in marks:
        for bbox in mark.bboxes * scale:
            _draw_box(draw, bbox, mark.color, max(3, round(max(size) / 220)))
    taken: list[tuple[float, ...]] = []
    for mark in marks:
        for bbox in mark.bboxes * scale:
            _draw_tag(draw, bbox, mark, taken)
    return np.array(picture)


def _draw_box(draw: ImageDraw.ImageDraw, bbox: np.ndarray, color: Color,
              line: int) -> None:
    """Draw a box with a dark rim, which stands out on any ground."""
    x1, y1, x2, y2 = bbox.round().tolist()
    x2, y2 = max(x2 - 1, x1), max(y2 - 1, y1)  # half-open: the last pixel is inside
    draw.rectangle((x1 - 1, y1 - 1, x2 + 1, y2 + 1), outline=INK, width=line + 2)
    draw.rectangle((x1, y1, x2, y2), outline=color, width=line)


def _draw_tag(draw: ImageDraw.ImageDraw, bbox: np.ndarray, mark: Mark,
              taken: list[tuple[float, ...]]) -> None:
    """Draw a tag at the upper left corner of a box, inside the picture.

    Beside the tags that are there already (``taken``, x1 y1 x2 y2), if there is room.
    """
    size = draw.im.size
    font = ImageFont.load_default(size=int(np.clip(max(size) / 34, 14, 40)))
    width = font.getlength(mark.tag) + 0.7 * font.size
    height = 1.25 * font.size
    left = float(np.clip(bbox[0], 0, max(size[0] - width, 0)))
    top = float(np.clip(bbox[1] - height, 0, max(size[1] - height, 0)))
    while left + 2 * width < size[0] and any(
            left < x2 and x1 < left + width and top < y2 and y1 < top + height
            for x1, y1, x2, y2 in taken):
        left += width
    taken.append((left, top, left + width, top + height))
    draw.rectangle(taken[-1], fill=mark.color, outline=INK)
    draw.text((left + width / 2, top + height / 2), mark.tag, fill=INK, font=font,
              anchor='mm')
