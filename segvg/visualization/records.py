"""Pictures of records as an annotation file has them, before any pipeline."""
import itertools
from pathlib import Path
from typing import Iterator

import numpy as np

from segvg.structures.images import SIDEWAYS, read_header, read_image
from segvg.structures.masks import decode_segmentation
from segvg.structures.phrases import phrase_text
from segvg.visualization.colors import PHRASE_COLORS, TARGET_COLOR, Color
from segvg.visualization.drawing import Drawing, Layer


def compose_record(record: dict, *,
                   apply_orientation: bool = False) -> Iterator[Drawing]:
    """Yield the drawing of every expression of a data set's record.

    Args:
        record: what ``GroundingDataset.get_data_info`` gives.
        apply_orientation: whether to turn the image as its camera says, for boxes of
            the upright picture.

    Raises:
        BrokenImageError: the image cannot be read.
        ValueError: it has another size than the annotation says.
    """
    path = Path(record['img_path'])
    image = read_image(path, apply_orientation=apply_orientation)
    size = (record['height'], record['width'])
    if image.shape[:2] != size:
        turned = read_header(path).orientation in SIDEWAYS
        word = 'without' if apply_orientation else 'with'
        advice = ('; its camera says that it has to be turned: '
                  f'{word} --apply-orientation' if turned else '')
        raise ValueError(f'{path} is {image.shape[1]} x {image.shape[0]}, annotated as '
                         f'{size[1]} x {size[0]}{advice}')
    for expr in record['expressions']:
        layers = [layer for layer in _layers(expr, record['instances'], size)
                  if len(layer.bboxes) or layer.mask is not None]
        notes = [f'{record["dataset"]} {record["split"]}']
        if expr['no_target']:
            notes.insert(0, 'no target')
        yield Drawing(image, expr['text'], layers, notes)


def _layers(expr: dict, instances: list[dict],
            size: tuple[int, int]) -> Iterator[Layer]:
    """Yield a layer for every phrase with a box, and one for the other targets.

    A phrase about targets of the sentence has their color, others have their own.
    """
    named, others = set(), itertools.cycle(PHRASE_COLORS)
    for phrase in expr['phrases'] or ():
        text = phrase_text(expr['text'], phrase)
        targets = set(phrase['targets'])
        is_target = bool(targets) and targets <= set(expr['targets'])
        yield _layer(text, TARGET_COLOR if is_target else next(others),
                     [instances[i] for i in phrase['targets']], size)
        named |= targets
    rest = [instances[i] for i in expr['targets'] if i not in named]
    count = len(rest)
    label = 'target' if count == 1 else f'{count} targets'
    yield _layer(label, TARGET_COLOR, rest, size)


def _layer(label: str, color: Color, instances: list[dict],
           size: tuple[int, int]) -> Layer:
    bboxes = [instance['bbox'] for instance in instances if instance['bbox']]
    masks = [decode_segmentation(instance['mask'], *size) for instance in instances
             if instance['mask']]
    return Layer(label, color, np.array(bboxes).reshape(-1, 4),
                 np.logical_or.reduce(masks) if masks else None)
