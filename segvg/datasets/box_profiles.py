"""Boxes as published readers saw them; the names are values of a config."""
from typing import Callable

Box = list[float]


def truncate_xywh(box: Box) -> Box:
    """The box whose x, y, w and h were cut to integers before they were added up."""
    # x + w - x is not w to the last bit: (3.1 - 0.1) must not become 2.
    x, y, w, h = (int(round(value, 9)) for value in (
        box[0], box[1], box[2] - box[0], box[3] - box[1]))
    return [float(x), float(y), float(x + w), float(y + h)]


def inclusive_corners(box: Box) -> Box:
    """The box whose far corner is the last pixel inside."""
    return [box[0], box[1], box[2] - 1, box[3] - 1]


BOX_PROFILES: dict[str, Callable[[Box], Box]] = dict(
    truncate_xywh=truncate_xywh, inclusive_corners=inclusive_corners)
