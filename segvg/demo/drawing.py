"""Numbered answers on a photograph."""
from typing import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from segvg.demo.answers import Item
from segvg.structures.masks import decode_rle
from segvg.visualization.drawing import INK, Color, Layer, blend_mask

LONGEST_SIDE = 1600  # pixels; a larger photograph is made smaller
SMALLEST_SIDE = 480  # a smaller picture is enlarged until its long side has this length


def layers_of(items: Sequence[Item]) -> list[Layer]:
    """Return what is drawn of answers."""
    layers = []
    for item in items:
        bboxes = [target['bbox'] for target in item.targets if target['bbox']]
        masks = [decode_rle(target['mask']) for target in item.targets
                 if target.get('mask')]
        layers.append(Layer(item.answer['text'], item.color,
                            np.array(bboxes, dtype=np.float64).reshape(-1, 4),
                            np.logical_or.reduce(masks) if masks else None,
                            str(item.number)))
    return layers


def draw_layers(image: np.ndarray, layers: Sequence[Layer]) -> np.ndarray:
    """Return a picture (H, W, 3) uint8 with masks, boxes and, above them, tags.

    Args:
        image: (H0, W0, 3) uint8 RGB.
        layers: later ones are drawn over earlier ones.
    """
    side = max(image.shape[:2])
    scale = min(max(1.0, SMALLEST_SIDE / side), LONGEST_SIDE / side)
    width, height = (max(1, round(pixels * scale)) for pixels in image.shape[1::-1])
    size = (width, height)
    pixels = np.array(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
    for layer in layers:
        if layer.mask is not None:
            mask = Image.fromarray(layer.mask).resize(size, Image.Resampling.NEAREST)
            pixels = blend_mask(pixels, np.array(mask), layer.color)
    picture = Image.fromarray(pixels)
    draw = ImageDraw.Draw(picture)
    for layer in layers:
        for bbox in layer.bboxes * scale:
            _draw_box(draw, bbox, layer.color, max(3, round(max(size) / 220)))
    taken: list[tuple[float, ...]] = []
    for layer in layers:
        for bbox in layer.bboxes * scale:
            _draw_tag(draw, bbox, layer, taken)
    return np.array(picture)


def _draw_box(draw: ImageDraw.ImageDraw, bbox: np.ndarray, color: Color,
              line: int) -> None:
    """Draw a box with a dark rim, which stands out on any ground."""
    x1, y1, x2, y2 = bbox.round().tolist()
    x2, y2 = max(x2 - 1, x1), max(y2 - 1, y1)  # half-open: the last pixel is inside
    draw.rectangle((x1 - 1, y1 - 1, x2 + 1, y2 + 1), outline=INK, width=line + 2)
    draw.rectangle((x1, y1, x2, y2), outline=color, width=line)


def _draw_tag(draw: ImageDraw.ImageDraw, bbox: np.ndarray, layer: Layer,
              taken: list[tuple[float, ...]]) -> None:
    """Draw a tag at the upper left corner of a box, inside the picture.

    Beside the tags that are there already (``taken``, x1 y1 x2 y2), if there is room.
    """
    size = draw.im.size
    font = ImageFont.load_default(size=int(np.clip(max(size) / 28, 16, 44)))
    width = font.getlength(layer.tag) + 0.7 * font.size
    height = 1.25 * font.size
    left = float(np.clip(bbox[0], 0, max(size[0] - width, 0)))
    top = float(np.clip(bbox[1] - height, 0, max(size[1] - height, 0)))
    for x1, y1, x2, y2 in sorted(taken):
        if left < x2 and x1 < left + width and top < y2 and y1 < top + height and (
                x2 + width <= size[0]):
            left = x2
    taken.append((left, top, left + width, top + height))
    draw.rectangle(taken[-1], fill=layer.color, outline=INK)
    draw.text((left + width / 2, top + height / 2), layer.tag, fill=INK, font=font,
              anchor='mm')
