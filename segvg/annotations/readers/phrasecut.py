"""PhraseCut: phrases with one mask per instance, on Visual Genome images."""
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Optional

from segvg.annotations.checks import Place, Report
from segvg.annotations.files.json_stream import iter_json_list
from segvg.annotations.official_counts import OFFICIAL_COUNTS
from segvg.annotations.readers.base import (
    Context,
    Errors,
    ReadOptions,
    SourceObject,
    SourceSet,
)
from segvg.annotations.readers.expressions import ExprCollector, FoundExpr
from segvg.annotations.readers.field_checks import (
    Fields,
    is_box,
    is_id,
    is_int,
    is_list,
    is_text,
    list_of,
    other_fields,
)
from segvg.annotations.readers.ids import InstanceIds, UniqueIds
from segvg.annotations.readers.objects import checked_object, corners
from segvg.annotations.readers.splits import (
    SPLIT_ALIASES,
    order_by_split,
    split_of_file,
)
from segvg.annotations.readers.visual_genome import VgImages

IMAGE_FILES = ('image_data_split.json', 'image_data_split3000.json')
REFER_NAME = re.compile(r'refer_(?!input_).+\.json')
TASK_REQUIRED = Fields(task_id=is_id, image_id=is_int, ann_ids=list_of(is_int),
                       instance_boxes=list_of(is_box), Polygons=is_list, phrase=is_text)


def find_phrasecut_sets(sources: list[Path], options: ReadOptions) -> list[SourceSet]:
    """One set per folder that holds ``refer_<split>.json`` and a list of images."""
    sets: list[SourceSet] = []
    for source in sources:
        images = [source / name for name in IMAGE_FILES if (source / name).is_file()]
        refers = [path for path in sorted(source.glob('refer_*.json'))
                  if REFER_NAME.fullmatch(path.name)]
        if not images or not refers:
            raise FileNotFoundError(f'{source} is expected to hold refer_<split>.json '
                                    f'and {IMAGE_FILES[0]}')
        sets.append(PhraseCutSet(refers, images[0], options.dataset))
    return sets


def _split_name(path: Path) -> str:
    return path.stem.removeprefix('refer_')


class PhraseCutSet(SourceSet):
    """The split files of one folder, and its list of images."""

    source_box = 'PhraseCut: x, y, w, h, 0-based'
    text_field = 'phrase'
    file_per_split = True

    def __init__(self, refers: list[Path], images: Path, name: Optional[str]) -> None:
        super().__init__(name or 'phrasecut', 'phrasecut', None,
                         files=[*order_by_split(refers, _split_name), images])

    def lines(self, report: Report, options: ReadOptions) -> Iterator[dict]:
        """Read the files of all splits and yield group lines."""
        *refers, images = self.files
        parser = _Parser(self, Context(report, options), images)
        known = OFFICIAL_COUNTS.get(self.name)
        for number, path in enumerate(refers):
            ctx = Context(report, options, Place(path.name))
            split = split_of_file(ctx, _split_name(path), known)
            if split is None:
                continue
            tasks = options.progress(iter_json_list(path), path.name)
            for index, task in enumerate(tasks):
                parser.read_task(ctx.at(f'[{index}]'), task, split, [number, index])
        self.image_dirs = parser.images.image_dirs
        yield from parser.collector.lines()


class _Parser:
    """State of reading one set."""

    def __init__(self, source: PhraseCutSet, ctx: Context, images: Path) -> None:
        self.source = source
        self.images = VgImages(ctx, images)
        self.collector = ExprCollector()
        self.task_ids, self.instance_ids = UniqueIds(), InstanceIds()

    def read_task(self, ctx: Context, record: object, split: str,
                  src: list[int]) -> None:
        """Check a phrase with its instances, and collect it when it is kept."""
        task, errors = ctx.fields(record, TASK_REQUIRED)
        image_id = (self.images.image_id(task['image_id']) if 'image_id' in task
                    else None)
        task_id, again = self.task_ids.take(task.get('task_id'))
        ctx = ctx.with_ids(image_id=image_id, ref_id=task_id, expr_id=task_id)
        if again and 'task_id' in task:
            for code in ('ref_id_duplicate', 'id_duplicate'):
                ctx.note(code, task['task_id'])
        self.source.read.add(split, image_id, 1, refs=1)
        image = self._find_image(task, split, errors)
        instances = self._read_instances(ctx, task, image, errors)
        expr = dict(id=task_id, ref_id=task_id, src=src)
        if 'phrase' in task:
            expr['text'] = task['phrase']
        extra = other_fields(record, TASK_REQUIRED) if isinstance(record, dict) else {}
        if extra:
            expr['extra'] = extra
        self.collector.add(FoundExpr(ctx, expr, split, image, instances, errors,
                                     scope=task_id))

    def _find_image(self, task: dict, split: str, errors: Errors) -> Optional[dict]:
        """The image of a phrase; what is wrong with it is added to ``errors``."""
        if 'image_id' not in task:
            return None
        image = self.images.get(task['image_id'])
        errors += image.errors
        if image.split is not None and split != SPLIT_ALIASES.get(
                image.split, image.split):
            errors.append(('split_mismatch', f'the image is in {image.split}'))
        return image.record

    def _read_instances(self, ctx: Context, task: dict, image: Optional[dict],
                        errors: Errors) -> list[dict]:
        """The instances of a phrase; what is wrong with them is added to ``errors``."""
        if not {'ann_ids', 'instance_boxes', 'Polygons'} <= task.keys():
            return []
        ann_ids, boxes, masks = (
            task[name] for name in ('ann_ids', 'instance_boxes', 'Polygons'))
        if not len(ann_ids) == len(boxes) == len(masks):
            errors.append(('bad_type', f'{len(ann_ids)} ann_ids, {len(boxes)} '
                                       f'instance_boxes and {len(masks)} Polygons'))
            return []
        if not ann_ids:
            errors.append(('no_target_encoding', 'no instance'))
        instances = []
        for number, ann_id in enumerate(ann_ids):
            if ann_id in ann_ids[:number]:
                ctx.at(f'.ann_ids[{number}]').note('target_duplicate', ann_id)
                continue
            where = ctx.at(f'.instance_boxes[{number}]')
            own_id = self.instance_ids.claim(where, ann_id, tuple(boxes[number]),
                                             str(ann_id))
            instance, wrong = checked_object(
                where, SourceObject(
                    own_id, corners(boxes[number]), segm=flat_polygons(masks[number]),
                    mask_place=ctx.place.child(f'.Polygons[{number}]')), image)
            errors += wrong
            instances.append(instance)
        return instances


def flat_polygons(polygons: object) -> object:
    """Polygons of points as the flat lists that other formats have.

    What is not a list of points stays as it is, for the checks of masks to refuse.
    """
    if not isinstance(polygons, list):
        return polygons
    return [[value for point in polygon for value in point] if _is_points(polygon)
            else [None] for polygon in polygons]


def _is_points(polygon: object) -> bool:
    return isinstance(polygon, list) and all(
        isinstance(point, list) and len(point) == 2 for point in polygon)
