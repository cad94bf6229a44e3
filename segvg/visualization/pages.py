"""HTML pages that need no other file and no network.

Every page comes from ``templates/base.html``. Jinja2 escapes every value. The policy of
a page (Content-Security-Policy) allows nothing but its own style and script, known by
their hashes, and pictures that are part of it.
"""
import base64
import hashlib
import io
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

from segvg.visualization.colors import PREDICTION_COLOR, TARGET_COLOR, hex_color
from segvg.visualization.drawing import Drawing, draw_panels

TEMPLATES = Path(__file__).parent / 'templates'
LONGEST_SIDE = 1000
"""Of a picture on a page, in pixels; a larger one would make the page slow."""
LINE = 1 / 140
"""Width of lines, as a share of the longer side: first seen on a small picture."""
JPEG_QUALITY = 85


class Swatch(NamedTuple):
    """A color and what it stands for."""
    label: str
    color: str


LEGEND = (Swatch('target: what is annotated', hex_color(TARGET_COLOR)),
          Swatch('prediction: the answer of the model', hex_color(PREDICTION_COLOR)))


class Figure(NamedTuple):
    """A picture of a page with the words below it.

    Attributes:
        source: the picture as a ``data:`` address.
        width: in pixels.
        height: in pixels.
        text: the sentence.
        swatches: colors that are in the picture.
        notes: short facts, such as the IoU.
    """
    source: str
    width: int
    height: int
    text: str
    swatches: tuple[Swatch, ...]
    notes: tuple[str, ...]


def figure_of(drawing: Drawing) -> Figure:
    """Return the picture of a page."""
    picture = draw_panels(drawing.image, drawing.layers, heat=drawing.heat,
                          longest_side=LONGEST_SIDE, line=LINE)
    height, width = picture.shape[:2]
    return Figure(
        jpeg_address(picture), width, height, drawing.text,
        tuple(Swatch(layer.label, hex_color(layer.color)) for layer in drawing.layers),
        tuple(drawing.notes))


def jpeg_address(picture: np.ndarray) -> str:
    """Return a picture (H, W, 3) uint8 RGB as a ``data:`` address."""
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, 'JPEG', quality=JPEG_QUALITY)
    return f'data:image/jpeg;base64,{base64.b64encode(stream.getvalue()).decode()}'


def render_page(template: str, **values: object) -> str:
    """Return an HTML page.

    Args:
        template: name of a file in ``templates``.
        values: what the template shows; ``title`` is needed by all.
    """
    return _environment().get_template(template).render(values)


@lru_cache
def _environment() -> Environment:
    """Return the environment of all templates."""
    found = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True,
                        undefined=StrictUndefined, trim_blocks=True,
                        lstrip_blocks=True)
    for name, file in (('style', 'page.css'), ('script', 'page.js')):
        text = (TEMPLATES / file).read_text('utf-8')
        found.globals[name] = text
        found.globals[f'{name}_hash'] = _policy_hash(text)
    found.globals['legend_colors'] = LEGEND
    return found


def _policy_hash(text: str) -> str:
    """Return how a Content-Security-Policy names a style or a script."""
    return f'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'
