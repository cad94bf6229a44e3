"""One image: scene, sentences, picture file and masks, from its index alone."""
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from segvg.structures.masks import encode_rle
from segvg.synthref.compound.composer import Composer, draw_plan
from segvg.synthref.compound.crowds import draw_bare_crowd, surround_crowd
from segvg.synthref.facts import forget_facts
from segvg.synthref.levels import SPLITS, Level
from segvg.synthref.render import draw_picture, visible_masks
from segvg.synthref.scene import Scene, draw_bare_scene, surround_scene
from segvg.synthref.segmentation import trace_polygons
from segvg.synthref.sentences import Sentence, SentenceWriter, draw_makers
from segvg.synthref.streams import Stream
from segvg.utils.files import naming

MIN_PIXELS = 30
POLYGON_SHARE = 0.8   # of the masks without a hole; the others are run lengths
JPEG_QUALITY = 92
_ATTEMPTS = 255


class Job(NamedTuple):
    """What determines one image, and where its file is written."""

    level: Level
    split: str
    seed: int
    index: int
    path: Path | None


@dataclass(frozen=True)
class ImageRecord:
    """An image without its pixels; boxes are half-open corners in whole pixels."""

    split: str
    scene: Scene
    sentences: list[Sentence]
    boxes: list[tuple[int, int, int, int]]
    areas: list[int]
    segmentations: list[dict | list]
    pixels: bytes  # SHA-256 of the picture before JPEG coding, empty without one


def make_image(job: Job) -> ImageRecord:
    """Make one image and, when the job has a path, write its file."""
    record = describe_image(job)
    picture = draw_picture(record.scene)
    if job.path is not None:
        with naming(job.path):
            Image.fromarray(picture).save(job.path, quality=JPEG_QUALITY, subsampling=0)
    return replace(record, pixels=hashlib.sha256(picture.tobytes()).digest())


def describe_image(job: Job) -> ImageRecord:
    """Make the record of an image without drawing its picture."""
    scene, sentences, masks = find_scene(job)
    stream = Stream(*_place(job), 'layout')
    return ImageRecord(job.split, scene, sentences, *describe_masks(masks, stream), b'')


def find_scene(job: Job) -> tuple[Scene, list[Sentence], np.ndarray]:
    """Draw scenes until one can have its sentences; return its masks (T, H0, W0) too.

    Most cannot, and backgrounds say nothing about that: only a scene that can gets one.
    """
    place = _place(job)
    draw, surround = ((draw_bare_crowd, surround_crowd) if job.level.compound else
                      (draw_bare_scene, surround_scene))
    # attempt 0 of a stage is for what does not change between attempts
    plan = _plan(job, Stream(*place, 'text'))
    for attempt in range(1, _ATTEMPTS + 1):
        drawn = job.level, job.split, job.seed, job.index, attempt
        scene = draw(*drawn)
        if scene is None:
            continue
        sentences = _describe(job, scene, plan, Stream(*place, 'text', attempt),
                              attempt)
        if sentences is None:
            continue
        masks = visible_masks(scene)
        if min(map(np.count_nonzero, masks)) >= MIN_PIXELS:
            return surround(scene, *drawn), sentences, masks
    raise RuntimeError(
        f'no scene for image {job.index} of {job.level.name} {job.split} with '
        f'{job.level.sentences} sentences; ask for fewer sentences an image')


def _place(job: Job) -> tuple[int, int, int, int]:
    """Return what the streams of an image have in common."""
    return job.seed, job.level.number, SPLITS.index(job.split), job.index


def _plan(job: Job, stream: Stream) -> list:
    if job.level.compound:
        return draw_plan(job.level, job.split, stream)
    return draw_makers(job.level, stream)


def _describe(job: Job, scene: Scene, plan: list, stream: Stream,
              attempt: int) -> list[Sentence] | None:
    """Write the sentences of a scene, None when it cannot give all."""
    if job.level.compound:
        found = Composer(scene, job.level, job.split, stream).write(plan, attempt)
    else:
        found = SentenceWriter(scene, job.level, job.split, stream).write(plan)
    forget_facts(scene)
    return found


def describe_masks(masks: np.ndarray, stream: Stream) -> tuple[list, list, list]:
    """Return boxes, areas and segmentations of (T, H0, W0) masks."""
    boxes = [tight_box(mask) for mask in masks]
    return (boxes, [int(np.count_nonzero(mask)) for mask in masks],
            _segmentations(masks, boxes, stream))


def tight_box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Return x1, y1, x2, y2 of a (H0, W0) mask, half-open."""
    rows = np.flatnonzero(mask.any(1))
    y1, y2 = int(rows[0]), int(rows[-1]) + 1
    columns = np.flatnonzero(mask[y1:y2].any(0))
    return int(columns[0]), y1, int(columns[-1]) + 1, y2


def _segmentations(masks: np.ndarray, boxes: list[tuple[int, int, int, int]],
                   stream: Stream) -> list[dict | list]:
    """Return polygons (lists) or run lengths (dicts) for (T, H0, W0) masks."""
    forms = []
    for mask, (x1, y1, x2, y2) in zip(masks, boxes):
        polygons = None
        if stream.random() < POLYGON_SHARE:
            polygons = trace_polygons(mask[y1:y2, x1:x2], (x1, y1))
        forms.append(encode_rle(mask) if polygons is None else polygons)
    return forms
