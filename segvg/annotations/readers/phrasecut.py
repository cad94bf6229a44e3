"""PhraseCut: phrases with one mask per instance, on Visual Genome images."""
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from segvg.annotations.checks import Place, Report
from segvg.annotations.files.json_stream import iter_json_list
from segvg.annotations.official_counts import OFFICIAL_COUNTS
from segvg.annotations.readers.base import ReadOptions, SourceObject, SourceSet
from segvg.annotations.readers.expressions import ExprCollector, SourceExpr
from segvg.annotations.readers.field_checks import (
    UniqueIds,
    is_box,
    is_id,
    is_int,
    is_list,
    is_text,
    other_fields,
    read_fields,
)
from segvg.annotations.readers.instance_ids import InstanceIds
from segvg.annotations.readers.objects import Errors, check_object
from segvg.annotations.readers.splits import order_by_split, split_of_name
from segvg.annotations.readers.visual_genome import VgImage, VgImages

IMAGE_FILES = ('image_data_split.json', 'image_data_split3000.json')
REFER_NAME = re.compile(r'refer_(?!input_)(.+)\.json')


def _is_ints(value: object) -> bool:
    return is_list(value) and all(map(is_int, value))


def _is_boxes(value: object) -> bool:
    return is_list(value) and all(map(is_box, value))


TASK_REQUIRED = dict(task_id=is_id, image_id=is_int, ann_ids=_is_ints,
                     instance_boxes=_is_boxes, Polygons=is_list,
                     phrase=is_text)


def find_phrasecut_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per folder that holds ``refer_<split>.json`` and a list of images."""
    sets = []
    for source in sources:
        images = [source / name for name in IMAGE_FILES if (source / name).is_file()]
        refers = [path for path in sorted(source.glob('refer_*.json'))
                  if REFER_NAME.fullmatch(path.name)]
        if not images or not refers:
            raise FileNotFoundError(f'{source} is expected to hold refer_<split>.json '
                                    f'and {IMAGE_FILES[0]}')
        sets.append(PhraseCutSet(refers, images[0], options.dataset))
    return sets


def _split_of(path: Path) -> str:
    return REFER_NAME.fullmatch(path.name)[1]


class PhraseCutSet(SourceSet):
    """The split files of one folder, and its list of images."""

    source_box = 'PhraseCut: x, y, w, h, 0-based'
    text_field = 'phrase'
    file_per_split = True

    def __init__(self, refers: list[Path], images: Path, name: Optional[str]) -> None:
        super().__init__(name or 'phrasecut', 'phrasecut', None,
                         files=[*order_by_split(refers, _split_of), images])

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files of all splits and yield group lines."""
        *refers, images = self.files
        reading = _Parser(self, VgImages(images, report=report, options=options),
                           report=report, options=options)
        known = OFFICIAL_COUNTS.get(self.name)
        for number, path in enumerate(refers):
            split = split_of_name(_split_of(path), known, report, Place(path.name))
            if split is None:
                continue
            for index, task in enumerate(options.progress(iter_json_list(path),
                                                          path.name)):
                reading.read_task(task, split, Place(path.name, f'[{index}]'),
                                  [number, index])
        self.image_dirs = reading.images.image_dirs
        yield from reading.collector.grouper.lines()


class _Parser:
    """State of reading one set."""

    def __init__(self, source: PhraseCutSet, images: VgImages, *, report: Report,
                 options: ReadOptions) -> None:
        self.source = source
        self.images = images
        self.report = report
        self.options = options
        self.collector = ExprCollector(report, options)
        self.task_ids, self.instance_ids = UniqueIds(), InstanceIds()

    def read_task(self, record: object, split: str, place: Place,
                  src: list[int]) -> None:
        """Check a phrase with its instances, and collect it when it is kept."""
        task, errors = read_fields(record, TASK_REQUIRED, {}, self.report, place)
        task_id, again = self.task_ids.take(task.get('task_id'))
        image_id = f'vg:{task["image_id"]}' if 'image_id' in task else None
        ids = dict(image_id=image_id, ref_id=task_id, expr_id=task_id)
        if again and 'task_id' in task:
            for code in ('ref_id_duplicate', 'id_duplicate'):
                self.report.add(code, place, value=task['task_id'], **ids)
        self.source.read.add(split, image_id, 1, refs=1)
        image = self._find_image(task, split, errors)
        instances = self._read_instances(task, image, errors, place, ids)
        expr = dict(id=task_id, ref_id=task_id, src=src)
        if 'phrase' in task:
            expr['text'] = task['phrase']
        extra = other_fields(record, TASK_REQUIRED) if isinstance(record, dict) else {}
        if extra:
            expr['extra'] = extra
        self.collector.add(SourceExpr(expr, split, image and image.record, instances,
                                      errors, place, task_id, ids))

    def _find_image(self, task: dict, split: str, errors: Errors) -> Optional[VgImage]:
        if 'image_id' not in task:
            return None
        image = self.images.get(task['image_id'])
        if image is None:
            errors.append(('dangling_image', task['image_id']))
            return None
        errors += image.errors
        if image.split not in (None, split):
            errors.append(('split_mismatch', f'the image is in {image.split}'))
        return image

    def _read_instances(self, task: dict, image: Optional[VgImage], errors: Errors,
                        place: Place, ids: dict) -> list[dict]:
        """The instances of a phrase; what is wrong with them is added to ``errors``."""
        if not {'ann_ids', 'instance_boxes', 'Polygons'} <= task.keys():
            return []
        ann_ids, boxes, masks = (
            task[name] for name in ('ann_ids', 'instance_boxes', 'Polygons'))
        if not len(ann_ids) == len(boxes) == len(masks):
            errors.append(('bad_type', f'{len(ann_ids)} ann_ids, {len(boxes)} instance_'
                                       f'boxes and {len(masks)} Polygons'))
            return []
        if not ann_ids:
            errors.append(('no_target_encoding', 'no instance'))
        instances = []
        for number, ann_id in enumerate(ann_ids):
            if ann_id in ann_ids[:number]:
                self.report.add('target_duplicate', place.child(f'.ann_ids[{number}]'),
                                value=ann_id, **ids)
                continue
            where = place.child(f'.instance_boxes[{number}]')
            own_id, again = self.instance_ids.take(
                ids['image_id'], ann_id, tuple(boxes[number]), str(ann_id))
            if again:
                self.report.add('id_duplicate', where, value=ann_id, **ids)
            instance, more = self._check_instance(
                own_id, boxes[number], masks[number], image and image.record, where,
                place.child(f'.Polygons[{number}]'), ids)
            errors += more
            instances.append(instance)
        return instances

    def _check_instance(self, ann_id: object, box: list, polygons: object,
                        image: Optional[dict], place: Place, mask_place: Place,
                        ids: dict) -> tuple[dict, Errors]:
        x, y, w, h = map(float, box)
        size = (image['width'], image['height']) if image else (math.inf, math.inf)
        return check_object(
            SourceObject(ann_id, [x, y, x + w, y + h], place,
                         segm=flat_polygons(polygons), mask_place=mask_place,
                         has_mask=image is not None),
            *size, self.report, self.options, **ids)


def flat_polygons(polygons: object) -> object:
    """Polygons of points as the flat lists that other formats have.

    What is no list of points stays as it is, for the checks of masks to refuse.
    """
    if not isinstance(polygons, list):
        return polygons
    return [[value for point in polygon for value in point] if _is_points(polygon)
            else [None] for polygon in polygons]


def _is_points(polygon: object) -> bool:
    return is_list(polygon) and all(
        is_list(point) and len(point) == 2 for point in polygon)
