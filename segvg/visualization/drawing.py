"""Draw boxes, masks and text on pictures with Pillow. Plain functions."""
from pathlib import Path
from typing import NamedTuple, Optional, Sequence, Union

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from segvg.utils.files import whole_file
from segvg.visualization.colors import GRAY, INK, PAPER, Color

SMALLEST_SIDE = 420  # a smaller picture is enlarged until its long side has this length
GAP = 6  # between panels
LINE = 1 / 220  # width of a line, as a share of the longer side
MASK_OPACITY = 0.18  # low: expressions often name the color below the mask
# dark to bright, readable in gray and by color-blind eyes
HEAT_COLORS = np.array([(0, 0, 4), (87, 16, 110), (188, 55, 84), (249, 142, 9),
                        (252, 255, 164)], dtype=np.float32)


class Layer(NamedTuple):
    """What one color stands for in a picture.

    Attributes:
        label: what the legend says.
        color: RGB.
        bboxes: (N, 4) xyxy pixels of the picture.
        mask: (H, W) bool, or None.
        tag: a short text at each box, such as a number; '' is none.
    """
    label: str
    color: Color
    bboxes: np.ndarray
    mask: Optional[np.ndarray] = None
    tag: str = ''


class Drawing(NamedTuple):
    """A picture before it is drawn.

    Attributes:
        image: (H, W, 3) uint8 RGB.
        text: the expression.
        layers: boxes and masks; later ones are drawn over earlier ones.
        notes: short facts for the end of the legend.
        heat: (H, W) float in [0, 1], drawn in a second panel; or None.
    """
    image: np.ndarray
    text: str
    layers: Sequence[Layer]
    notes: Sequence[str] = ()
    heat: Optional[np.ndarray] = None


def draw_picture(image: np.ndarray, text: str, layers: Sequence[Layer], *,
                 notes: Sequence[str] = (),
                 heat: Optional[np.ndarray] = None,
                 longest_side: Optional[int] = None) -> np.ndarray:
    """Return a picture (H', W', 3) uint8 with the expression as its title.

    The arguments are those of ``draw_panels``, and the fields ``text`` and ``notes`` of
    ``Drawing``.
    """
    panels = Image.fromarray(draw_panels(image, layers, heat=heat,
                                         longest_side=longest_side))
    title = _draw_title(text, layers, notes, panels.width)
    picture = Image.new('RGB', (panels.width, title.height + panels.height), PAPER)
    picture.paste(title, (0, 0))
    picture.paste(panels, (0, title.height))
    return np.array(picture)


def draw_panels(image: np.ndarray, layers: Sequence[Layer], *,
                heat: Optional[np.ndarray] = None,
                longest_side: Optional[int] = None,
                line: float = LINE) -> np.ndarray:
    """Return the image with its layers, (H', W', 3) uint8, without a title.

    Args:
        image: (H, W, 3) uint8 RGB.
        layers: boxes and masks; later ones are drawn over earlier ones.
        heat: (H, W) float in [0, 1], drawn in a second panel.
        longest_side: an image with a longer side is made smaller, in pixels.
        line: width of the lines of boxes, as a share of the longer side.
    """
    side = max(image.shape[:2])
    scale = max(1.0, SMALLEST_SIDE / side)
    if longest_side is not None:
        scale = min(scale, longest_side / side)
    panels = [_draw_layers(image, layers, scale, line)]
    if heat is not None:
        bare = [layer._replace(mask=None) for layer in layers]
        panels.append(_draw_layers(blend_heat(image, heat), bare, scale, line))
    width = sum(panel.width for panel in panels) + GAP * (len(panels) - 1)
    picture = Image.new('RGB', (width, panels[0].height), PAPER)
    left = 0
    for panel in panels:
        picture.paste(panel, (left, 0))
        left += panel.width + GAP
    return np.array(picture)


def save_picture(path: Union[str, Path], picture: np.ndarray) -> None:
    """Write a picture (H, W, 3) uint8 RGB whole, in the format that its name says.

    Raises:
        ValueError: the name has no ending of a picture format.
    """
    ending = Path(path).suffix.lower()
    kind = Image.registered_extensions().get(ending)
    if kind is None:
        raise ValueError(f'{path} has no ending of a picture format, such as .jpg')
    with whole_file(path) as stream:
        Image.fromarray(picture).save(stream, kind, quality=92)


def blend_heat(image: np.ndarray, heat: np.ndarray) -> np.ndarray:
    """Return the image in gray under a heat map (H, W) of values in [0, 1]."""
    gray = image.mean(axis=2, keepdims=True) * 0.6
    stops = np.linspace(0, 1, len(HEAT_COLORS))
    heat = np.clip(heat, 0, 1).astype(np.float32)
    colors = np.stack([np.interp(heat, stops, channel) for channel in HEAT_COLORS.T],
                      axis=-1)
    opacity = 0.25 + 0.5 * heat[..., None]
    return (gray * (1 - opacity) + colors * opacity).astype(np.uint8)


def blend_mask(image: np.ndarray, mask: np.ndarray, color: Color) -> np.ndarray:
    """Return the image with a translucent mask (H, W) bool that has a firm edge."""
    eroded = Image.fromarray(mask).convert('L').filter(ImageFilter.MinFilter(3))
    opacity = np.where(np.array(eroded) > 0, MASK_OPACITY, 0.9) * mask
    blended = image * (1 - opacity[..., None]) + np.array(color) * opacity[..., None]
    return blended.astype(np.uint8)


def _draw_layers(image: np.ndarray, layers: Sequence[Layer], scale: float,
                 line: float) -> Image.Image:
    """Return the scaled image with masks and, above them, boxes."""
    width, height = (max(1, round(side * scale)) for side in image.shape[1::-1])
    size = (width, height)
    picture = np.array(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))
    for layer in layers:
        if layer.mask is not None:
            mask = Image.fromarray(layer.mask).resize(size, Image.Resampling.NEAREST)
            picture = blend_mask(picture, np.array(mask), layer.color)
    picture = Image.fromarray(picture)
    draw = ImageDraw.Draw(picture)
    pixels = max(3, round(max(size) * line))
    for layer in layers:
        for bbox in np.asarray(layer.bboxes, dtype=np.float64) * scale:
            _draw_box(draw, bbox, layer.color, pixels)
    taken: list[tuple[float, ...]] = []
    for layer in layers:  # above all boxes
        if layer.tag:
            for bbox in np.asarray(layer.bboxes, dtype=np.float64) * scale:
                taken.append(_draw_tag(draw, bbox, layer, size, taken))
    return picture


def _draw_box(draw: ImageDraw.ImageDraw, bbox: np.ndarray, color: Color,
              line: int) -> None:
    """Draw a box with a thin dark rim that stands out on any ground."""
    x1, y1, x2, y2 = bbox.round().tolist()
    x2, y2 = max(x2 - 1, x1), max(y2 - 1, y1)  # half-open: the last pixel is inside
    draw.rectangle((x1 - 1, y1 - 1, x2 + 1, y2 + 1), outline=INK, width=line + 2)
    draw.rectangle((x1, y1, x2, y2), outline=color, width=line)


def _draw_tag(draw: ImageDraw.ImageDraw, bbox: np.ndarray, layer: Layer,
              size: tuple[int, int],
              taken: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    """Draw the tag of a box at its upper left corner, inside the picture.

    It goes to the right of tags that are there already (``taken``, xyxy), if there is
    room. Returns its own place.
    """
    font = ImageFont.load_default(size=int(np.clip(max(size) / 32, 16, 40)))
    width, height = font.getlength(layer.tag) + 0.6 * font.size, 1.2 * font.size
    left = float(np.clip(bbox[0], 0, max(size[0] - width, 0)))
    top = float(np.clip(bbox[1], 0, max(size[1] - height, 0)))
    for x1, y1, x2, y2 in sorted(taken):
        if left < x2 and x1 < left + width and top < y2 and y1 < top + height and (
                x2 + width <= size[0]):
            left = x2
    place = (left, top, left + width, top + height)
    draw.rectangle(place, fill=layer.color, outline=INK)
    draw.text((left + width / 2, top + height / 2), layer.tag, fill=INK, font=font,
              anchor='mm')
    return place


def wrap_text(text: str, font: ImageFont.FreeTypeFont, width: float) -> list[str]:
    """Return the lines of a text, none wider than ``width`` pixels."""
    lines = ['']
    for word in text.split():
        longer = f'{lines[-1]} {word}'.strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append('')
        for character in word:  # cuts a word that does not fit a line by itself
            if lines[-1] and font.getlength(lines[-1] + character) > width:
                lines.append('')
            lines[-1] += character
    return lines


def _draw_title(text: str, layers: Sequence[Layer], notes: Sequence[str],
                width: int) -> Image.Image:
    """Return a strip with the expression and, below it, the legend."""
    size = int(np.clip(width / 30, 18, 30))
    font = ImageFont.load_default(size=size)
    small = ImageFont.load_default(size=max(14, round(size * 0.75)))
    pad = round(size * 0.6)
    row = round(small.size * 1.5)
    lines = wrap_text(text or '(no text)', font, width - 2 * pad)
    entries = _place_legend(layers, notes, small, width - 2 * pad)
    rows = 1 + max((entry[1] for entry in entries), default=-1)
    leading = round(size * 1.25)
    height = 2 * pad + leading * len(lines) + row * rows
    strip = Image.new('RGB', (width, height), PAPER)
    draw = ImageDraw.Draw(strip)
    for number, content in enumerate(lines):
        draw.text((pad, pad + number * leading), content, fill=INK, font=font)
    top = pad + leading * len(lines)
    for left, number, label, color in entries:
        x, middle = pad + left, top + number * row + row // 2
        if color is not None:
            half = round(small.size * 0.38)
            draw.rectangle((x, middle - half, x + 2 * half, middle + half), fill=color,
                           outline=INK)
            x += 2 * half + round(small.size * 0.5)
        draw.text((x, middle), label, fill=GRAY, font=small, anchor='lm')
    return strip


def _place_legend(layers: Sequence[Layer], notes: Sequence[str],
                  font: ImageFont.FreeTypeFont, width: float) -> list[tuple]:
    """Return (left, row, label, color or None) of every legend entry."""
    entries = [(layer.label, layer.color) for layer in layers]
    entries += [(note, None) for note in notes]
    places, left, row = [], 0, 0
    for label, color in entries:
        needed = font.getlength(label) + (font.size * 1.3 if color else 0)
        if left and left + needed > width:
            left, row = 0, row + 1
        places.append((left, row, label, color))
        left += needed + font.size * 1.4
    return places
